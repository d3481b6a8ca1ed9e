"""Which signer fits a manifest of the old kind, and what is wrong with it."""

from dataclasses import replace

import pytest

from cli.legacy.migration import (
    CLIENT,
    KUBELET_CLIENT,
    LEGACY_UNKNOWN,
    SIGNERS,
    V1,
    V1BETA1,
    Asked,
    Names,
    Problem,
    fit,
    problems,
)
from core.model import APP_SERVING, KUBELET_SERVING

SERVER = ("digital signature", "key encipherment", "server auth")
USER = ("digital signature", "key encipherment", "client auth")

SERVICE = Names("web.ops.svc", (), ("web.ops.svc",), ("web.ops.svc",))
NODE = Names("system:node:n1", ("system:nodes",), ("n1",), ("n1",))
NODE_WITHOUT_NAMES = Names("system:node:n1", ("system:nodes",), (), ())
DISGUISED = replace(NODE, dns=("web.ops.svc",), sans=("web.ops.svc",))

OLD = Asked(V1BETA1, "web", usages=SERVER, names=SERVICE)
NEW = Asked(V1, "web", APP_SERVING, SERVER, names=SERVICE)


def kinds(asked: Asked) -> list[Problem]:
    return [problem for problem, _ in problems(asked)]


def test_a_v1_request_for_app_serving_has_no_problem() -> None:
    """What is right is not reported."""
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
def test_each_change_for_the_worse_is_one_problem(asked: Asked, problem: Problem) -> None:
    """The v1 request with one thing changed has that one problem."""
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
def test_a_missing_signer_is_told_as_v1beta1_defaulted_it(
    names: Names, usages: tuple[str, ...] | None, signer: str
) -> None:
    """From the subject, the names and the exact usages, as that API server did."""
    found = dict(problems(replace(OLD, names=names, usages=usages)))

    assert f"no signerName: v1beta1 made it {signer}" == found[Problem.NO_SIGNER]


def test_what_v1beta1_defaulted_is_left_open_where_the_request_is_unread() -> None:
    """A script fills it in, so that nobody can tell from the manifest."""
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
    """Kubelets' signers are for nodes' subjects; a Service in a node's clothes is a workload."""
    assert signer == fit(replace(OLD, names=names, usages=usages)).signer


@pytest.mark.parametrize("signer", [KUBELET_SERVING, "example.com/own"])
def test_a_signer_that_v1_takes_is_kept(signer: str) -> None:
    """Moving to v1 is no reason to take certificates from elsewhere."""
    fits = fit(replace(OLD, signer=signer))

    assert (signer, "the manifest names it") == (fits.signer, fits.why)


def test_own_signers_get_all_usages_that_v1_knows() -> None:
    """What a signer of one's own issues is its own affair."""
    fits = fit(replace(OLD, signer="example.com/own", usages=("any", "s/mime", "odd", "any")))

    assert ("any", "s/mime") == fits.usages


def test_client_auth_can_not_be_had_from_app_serving() -> None:
    """The server's half is kept, the client's left out and said."""
    fits = fit(replace(OLD, usages=(*SERVER, "client auth")))

    assert SERVER == fits.usages
    assert "usages left out, as this signer doesn't issue them: client auth" in fits.notes


def test_usages_that_a_signer_requires_are_added() -> None:
    """Kubernetes's signer of kubelets refuses server auth alone."""
    fits = fit(replace(OLD, names=NODE, usages=("server auth",)))

    assert ("digital signature", "server auth") == fits.usages
    assert ("usages added, as this signer requires them: digital signature",) == fits.notes


def test_absent_usages_become_what_v1beta1_made_of_them() -> None:
    """And it is asked whether the certificate is a TLS server's."""
    fits = fit(replace(OLD, usages=None))

    assert ("digital signature", "key encipherment") == fits.usages
    assert any("add server auth" in note for note in fits.notes)


@pytest.mark.parametrize(
    ("name", "expected"), [("csr-web", "web"), ("csr-", "request"), ("web-csr-1", "web-csr-1")]
)
def test_a_name_for_which_eks_issues_nothing_is_changed(name: str, expected: str) -> None:
    """Only where it begins with `csr-`."""
    fits = fit(replace(OLD, name=name))

    assert expected == fits.name
    assert (name != expected) == any(note.startswith("renamed") for note in fits.notes)


def test_other_signers_issue_for_any_name() -> None:
    """The kubelet's own requests are named so."""
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
def test_what_else_is_to_be_known_is_said(asked: Asked, words: str) -> None:
    """Each of these is one note, which the plain request hasn't."""
    assert [words] == [words for note in fit(asked).notes if words in note]
    assert () == fit(OLD).notes


@pytest.mark.parametrize(
    "words",
    ["one year", "no client certificates", "begins with `csr-`", "kubectl certificate approve"],
)
def test_app_servings_bounds_are_said(words: str) -> None:
    """Whoever moves to it learns them before it fails."""
    assert words in SIGNERS[APP_SERVING]
