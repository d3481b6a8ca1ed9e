"""The signer that fits a v1beta1 manifest, and the manifest's problems."""

from dataclasses import replace

import pytest

from cli.legacy.asked import Asked, Names
from cli.legacy.fit import fit
from cli.legacy.problems import Problem, problems
from cli.legacy.signers import CLIENT, KUBELET_CLIENT, LEGACY_UNKNOWN, SIGNERS, V1, V1BETA1
from core.model import APP_SERVING, KUBELET_SERVING

SERVER = ("digital signature", "key encipherment", "server auth")
USER = ("digital signature", "key encipherment", "client auth")

SERVICE = Names("web.ops.svc", (), ("web.ops.svc",), ("web.ops.svc",))
NODE = Names("system:node:n1", ("system:nodes",), ("n1",), ("n1",))
NODE_WITHOUT_NAMES = Names("system:node:n1", ("system:nodes",), (), ())
DISGUISED = replace(NODE, dns=("web.ops.svc",), sans=("web.ops.svc",))

WITHOUT_SAN = Names("system:node:web.ops.svc", ("system:nodes",), (), ())

OLD = Asked(V1BETA1, "web", usages=SERVER, names=SERVICE)
NEW = Asked(V1, "web", APP_SERVING, SERVER, names=SERVICE)


def kinds(asked: Asked) -> list[Problem]:
    return [problem for problem, _ in problems(asked)]


def test_unknown_and_repeated_usages_are_named() -> None:
    """The requester chose them, so they may contain anything."""
    unknown = dict(problems(replace(NEW, usages=("x", "server auth", "y"))))
    repeated = dict(problems(replace(NEW, usages=("server auth", "server auth"))))

    refused = "certificates.k8s.io/v1 refuses them"
    assert f"unknown usages: x, y; {refused}" == unknown[Problem.BAD_USAGES]
    assert f"repeated usages; {refused}" == repeated[Problem.BAD_USAGES]


def test_a_v1_request_for_app_serving_has_no_problem() -> None:
    """A correct request gets no report."""
    assert [] == kinds(NEW)


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (replace(NEW, api_version=V1BETA1), Problem.V1BETA1),
        (replace(NEW, signer=LEGACY_UNKNOWN), Problem.LEGACY_SIGNER),
        (replace(NEW, signer=None), Problem.NO_SIGNER),
        (replace(NEW, usages=None), Problem.NO_USAGES),
        (replace(NEW, usages=()), Problem.NO_USAGES),
        (replace(NEW, usages=("server auth", "server auth")), Problem.BAD_USAGES),
        (replace(NEW, usages=("server auth", "serving")), Problem.BAD_USAGES),
        (replace(NEW, name="csr-web"), Problem.NAME_NOT_ISSUED),
        (replace(NEW, usages=(*SERVER, "client auth")), Problem.USAGES_NOT_ISSUED),
    ],
)
def test_each_defect_is_one_problem(asked: Asked, problem: Problem) -> None:
    """The v1 request with one change has exactly that problem."""
    assert [problem] == kinds(asked)


@pytest.mark.parametrize(
    ("names", "usages", "signer"),
    [
        (SERVICE, SERVER, LEGACY_UNKNOWN),
        (NODE, SERVER, KUBELET_SERVING),
        (NODE, (*SERVER, "client auth"), LEGACY_UNKNOWN),
        (NODE, USER, LEGACY_UNKNOWN),
        (NODE_WITHOUT_NAMES, USER, KUBELET_CLIENT),
        (NODE_WITHOUT_NAMES, SERVER, LEGACY_UNKNOWN),
        (NODE_WITHOUT_NAMES, None, LEGACY_UNKNOWN),
    ],
)
def test_a_missing_signer_is_reported_with_the_default_of_v1beta1(
    names: Names, usages: tuple[str, ...] | None, signer: str
) -> None:
    """The default follows from the subject, the names and the exact usages."""
    found = dict(problems(replace(OLD, names=names, usages=usages)))

    assert f"no signerName: v1beta1 set {signer}" == found[Problem.NO_SIGNER]


def test_without_a_readable_request_the_defaulted_signer_is_left_open() -> None:
    """A script fills it in, so the manifest doesn't show it."""
    found = dict(problems(replace(OLD, names=None)))

    assert found[Problem.NO_SIGNER].endswith("unless it was a kubelet's")


@pytest.mark.parametrize(
    ("names", "usages", "signer"),
    [
        (SERVICE, SERVER, APP_SERVING),
        (None, SERVER, APP_SERVING),
        (DISGUISED, SERVER, APP_SERVING),
        (NODE, SERVER, KUBELET_SERVING),
        (NODE_WITHOUT_NAMES, USER, KUBELET_CLIENT),
        (NODE, USER, CLIENT),
        (SERVICE, USER, CLIENT),
        (None, ("client auth",), CLIENT),
        (SERVICE, (*SERVER, "client auth"), APP_SERVING),
        (NODE, (*SERVER, "client auth"), APP_SERVING),
        (SERVICE, None, APP_SERVING),
        (SERVICE, ("code signing",), None),
        (SERVICE, ("any",), None),
    ],
)
def test_the_signer_follows_from_usages_and_subject(
    names: Names | None, usages: tuple[str, ...] | None, signer: str | None
) -> None:
    """Kubelet signers are for node subjects; a Service with a node's subject is a workload."""
    assert signer == fit(replace(OLD, names=names, usages=usages)).signer


@pytest.mark.parametrize(
    ("signer", "names"),
    [
        (KUBELET_SERVING, SERVICE),
        (KUBELET_SERVING, DISGUISED),
        (KUBELET_SERVING, WITHOUT_SAN),
        (KUBELET_SERVING, None),
        (KUBELET_CLIENT, SERVICE),
        (CLIENT, SERVICE),
        (CLIENT, None),
    ],
)
def test_a_workload_on_a_signer_that_never_issues_for_it_is_moved_to_app_serving(
    signer: str, names: Names | None
) -> None:
    """Kubelets' signers are for kubelets, and a signer of client certificates for no server."""
    asked = replace(NEW, signer=signer, names=names)
    [(problem, detail)] = problems(asked)

    assert Problem.SIGNER_NOT_ISSUED == problem
    assert detail.endswith(f": for a workload use {APP_SERVING}")
    assert (APP_SERVING, True) == (fit(asked).signer, fit(asked).is_issued)


@pytest.mark.parametrize(
    ("signer", "names", "usages"),
    [
        (KUBELET_SERVING, NODE, SERVER),
        (KUBELET_CLIENT, NODE_WITHOUT_NAMES, USER),
        (CLIENT, replace(SERVICE, common_name="jane", dns=(), sans=()), USER),
        (CLIENT, None, USER),
    ],
)
def test_a_kubelets_and_a_persons_own_request_is_no_workloads(
    signer: str, names: Names | None, usages: tuple[str, ...]
) -> None:
    """Lists of a cluster's requests are full of kubelets' own."""
    assert [] == kinds(replace(NEW, signer=signer, names=names, usages=usages))


@pytest.mark.parametrize(
    ("names", "usages"), [(NODE, SERVER), (NODE_WITHOUT_NAMES, USER), (SERVICE, USER)]
)
def test_a_signer_that_issues_nothing_for_a_manifest_gives_no_v1_form(
    names: Names, usages: tuple[str, ...]
) -> None:
    """The notes say why."""
    fits = fit(replace(OLD, names=names, usages=usages))

    assert not fits.is_issued
    assert any(note.startswith("no v1 form: ") for note in fits.notes)


@pytest.mark.parametrize("signer", [APP_SERVING, "example.com/own"])
def test_a_signer_that_v1_accepts_is_kept(signer: str) -> None:
    """The move to v1 doesn't change the signer."""
    fits = fit(replace(OLD, signer=signer))

    assert (signer, "the manifest names it") == (fits.signer, fits.why)


def test_a_private_signer_keeps_all_usages_that_v1_knows() -> None:
    """The tool can't know what a private signer issues."""
    fits = fit(replace(OLD, signer="example.com/own", usages=("any", "s/mime", "unknown", "any")))

    assert ("any", "s/mime") == fits.usages


def test_client_auth_is_removed_for_app_serving() -> None:
    """The server usages are kept; client auth is removed, with a note."""
    fits = fit(replace(OLD, usages=(*SERVER, "client auth")))

    assert SERVER == fits.usages
    assert "usages removed, as this signer doesn't issue them: client auth" in fits.notes


def test_usages_that_a_signer_requires_are_added() -> None:
    """Kubernetes's signer for kubelets refuses server auth without digital signature."""
    fits = fit(replace(OLD, names=NODE, usages=("server auth",)))

    assert ("digital signature", "server auth") == fits.usages
    assert "usages added, as this signer requires them: digital signature" in fits.notes


def test_absent_usages_become_the_defaults_of_v1beta1() -> None:
    """A note asks whether the certificate is for a TLS server."""
    fits = fit(replace(OLD, usages=None))

    assert ("digital signature", "key encipherment") == fits.usages
    assert any("add server auth" in note for note in fits.notes)


@pytest.mark.parametrize(
    ("name", "expected"), [("csr-web", "web"), ("csr-", "request"), ("web-csr-1", "web-csr-1")]
)
def test_a_name_for_which_eks_issues_nothing_is_changed(name: str, expected: str) -> None:
    """Only a name that begins with `csr-` is changed."""
    fits = fit(replace(OLD, name=name))

    assert expected == fits.name
    assert (name != expected) == any(note.startswith("renamed") for note in fits.notes)


def test_other_signers_issue_for_any_name() -> None:
    """Kubelets name their own requests so."""
    assert "csr-n1" == fit(replace(OLD, name="csr-n1", names=NODE)).name


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (replace(OLD, names=replace(SERVICE, dns=(), sans=())), "no subjectAltName"),
        (replace(OLD, names=DISGUISED), "a node's subject is no longer needed"),
        (replace(OLD, expiration_seconds=31_536_001), "last one year at most"),
        (replace(OLD, expiration_seconds=599), "fewer than 600 are refused"),
        (
            replace(OLD, usages=USER, names=replace(SERVICE, organizations=("system:masters",))),
            "O=system:masters is refused",
        ),
    ],
)
def test_other_notes_are_shown(asked: Asked, words: str) -> None:
    """Each case has one note, which the plain request doesn't have."""
    assert [words] == [words for note in fit(asked).notes if words in note]
    assert () == fit(OLD).notes


@pytest.mark.parametrize(
    "words",
    ["one year", "no client certificates", "begins with `csr-`", "kubectl certificate approve"],
)
def test_the_limits_of_app_serving_are_shown(words: str) -> None:
    """A person reads them before the first request fails."""
    assert words in SIGNERS[APP_SERVING]
