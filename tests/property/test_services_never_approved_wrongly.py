"""The second signer: an approvable case isn't approved after any single change for the worse.

The fields and their changes are in `tests.property.service_changes`.
"""

import base64
from collections.abc import Sequence
from dataclasses import fields, replace
from ipaddress import IPv4Address
from typing import Any, cast

import pytest
from hypothesis import assume, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from cli.evaluate.saved_evidence import SavedEvidence, evaluate
from core import pkcs10
from core.acting import plan
from core.checks import APP_SERVING_CHECKS
from core.context import ReviewContext
from core.decision import decide
from core.errors import MalformedRequest
from core.evidence import NO_EVIDENCE
from core.model import (
    APP_SERVING,
    Action,
    Case,
    Cluster,
    Csr,
    Decision,
    Judged,
    OtherName,
    Peers,
    Pkcs10,
    PublicKey,
    Service,
    SubjectAttribute,
)
from core.settings import Mode, ReviewSettings
from core.signers import SIGNERS
from sandbox.csr_builder import ATTACKS, CatalogueEntry, CsrBuilder, Names, der, keys
from sandbox.csr_builder import request as csr_builder
from tests.builders import NOW, a_cluster, a_policy, names
from tests.core.fakes import FakeFleet, FakeServices
from tests.property.assessed import assessed
from tests.property.service_changes import APPROVABLE, CHANGES, IRRELEVANT, Scenery
from tests.real.gocsr import GoReader
from tests.service_builders import (
    CLUSTER_IP,
    DNS,
    a_filed_service_csr,
    a_service,
    a_service_case,
    a_service_csr,
    a_service_request,
)

RECORDS: dict[str, type[Any]] = {
    "csr": Csr,
    "request": Pkcs10,
    "key": PublicKey,
    "attribute": SubjectAttribute,
    "service": Service,
    "cluster": Cluster,
}

#: As in `test_never_approves_wrongly.py`.
EXAMPLES = 60


def action(scenery: Scenery) -> Action | None:
    """Return a review's planned action, by all code from list to write; None at a gate."""
    signer = SIGNERS[APP_SERVING]
    context = ReviewContext(scenery.cluster, scenery.settings, NOW, signer)
    services = FakeServices((scenery.service,))
    evaluation = assessed(
        scenery.csr,
        scenery.request,
        context,
        lambda cases: {None: NO_EVIDENCE, **signer.gather(cases, FakeFleet(), services)},
    )
    return None if evaluation is None else plan(evaluation, scenery.settings, Mode.ENFORCE)


# --- one field at a time -------------------------------------------------------------------------


def test_the_case_to_start_from_is_approved() -> None:
    """The unchanged case is approved, so that the changes make the difference."""
    assert action(APPROVABLE) is Action.APPROVED


def test_every_field_is_changed_or_declared_irrelevant() -> None:
    """A new field must be listed here with its purpose."""
    known = {f"{name}.{field.name}" for name, kind in RECORDS.items() for field in fields(kind)}
    known |= {f"settings.{name}" for name in ReviewSettings.model_fields}

    assert set() == CHANGES.keys() & IRRELEVANT.keys()
    assert sorted(known) == sorted(CHANGES.keys() | IRRELEVANT.keys())


@pytest.mark.parametrize("field", CHANGES)
@given(data=st.data())
@tried(max_examples=EXAMPLES, deadline=None)
def test_a_change_for_the_worse_is_never_approved(field: str, data: st.DataObject) -> None:
    """No value of any single field's changes is approved."""
    value = data.draw(CHANGES[field], label=field)

    assert action(APPROVABLE.changed(field, value)) is not Action.APPROVED


@pytest.mark.parametrize("field", IRRELEVANT)
def test_a_field_declared_irrelevant_is_irrelevant(field: str) -> None:
    """Each field in the table can change without changing the verdict."""
    assert action(APPROVABLE.changed(field, IRRELEVANT[field].value)) is Action.APPROVED


_PAIRS = [
    (change, other)
    for change in CHANGES
    for other in CHANGES
    if change.partition(".")[0] < other.partition(".")[0]
    # A changed requester, request or spec may claim exactly the other's changed value.
    and (change.partition(".")[0], other.partition(".")[0])
    not in (
        ("csr", "request"),
        ("csr", "service"),
        ("request", "service"),
        ("attribute", "request"),
        ("attribute", "csr"),
    )
]


@given(data=st.data(), pair=st.sampled_from(_PAIRS))
@tried(max_examples=400, deadline=None)
def test_two_changes_for_the_worse_are_never_approved(
    data: st.DataObject, pair: tuple[str, str]
) -> None:
    """No refusal cancels another."""
    changed = APPROVABLE
    for field in pair:
        changed = changed.changed(field, data.draw(CHANGES[field], label=field))

    assert action(changed) is not Action.APPROVED


CASES = {
    "approvable": a_service_case(),
    "denied": a_service_case(request=a_service_request(sans=names("web.other.svc", "10.9.9.9"))),
    "left": a_service_case(services=()),
    "stopped-by-gates": a_service_case(
        csr=a_service_csr(name="csr-x"), peers=Peers(newer_in_namespace=99)
    ),
    "other-names": a_service_case(
        request=a_service_request(sans=(OtherName("RFC822Name", "a@b.example"),))
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@given(order=st.permutations(APP_SERVING_CHECKS))
@tried(max_examples=EXAMPLES, deadline=None)
def test_the_order_of_checks_doesnt_change_the_decision(case: Case, order: Sequence[Any]) -> None:
    """The order changes only which refusals are listed when a gate ends the judging."""
    assert decide(case, APP_SERVING_CHECKS).decision is decide(case, tuple(order)).decision


# --- bytes ---------------------------------------------------------------------------------------

FILED = a_filed_service_csr()
PEM = cast("bytes", FILED.request)
DER = base64.b64decode(b"".join(PEM.splitlines()[1:-1]))
SAVED = SavedEvidence(services=(a_service(),), cluster=a_cluster())


def decision(csr: Csr) -> Decision | None:
    [answer] = evaluate([csr], SAVED, a_policy(), NOW, decided=False)
    assert isinstance(answer, Judged)
    return None if answer.verdict is None else answer.verdict.decision


def test_the_bytes_to_start_from_are_approved() -> None:
    """The original is approved, also in this test's PEM frame."""
    assert decision(FILED) is Decision.APPROVE
    assert decision(replace(FILED, request=csr_builder.pem(DER))) is Decision.APPROVE


@given(at=st.integers(0, len(DER) - 1), bits=st.integers(1, 255))
@tried(max_examples=1_000, deadline=None)
def test_a_request_with_a_changed_byte_is_never_approved(at: int, bits: int) -> None:
    """Each byte is signed, or part of the signature, or of the frame of the two."""
    changed = bytearray(DER)
    changed[at] ^= bits

    assert decision(replace(FILED, request=csr_builder.pem(bytes(changed)))) is not Decision.APPROVE


# With a hyphen and a digit, because some attacks change those.
OWN = Names("web", ("ip-1.shop.svc", "ip-1.shop.svc.cluster.local"), (CLUSTER_IP,))
OWN_SERVICE = a_service("ip-1")
THEIRS = Names("db", ("db.other.svc",), ("10.100.9.9",))
_WHATEVER_THE_SUBJECT = tuple(
    app_serving_check
    for app_serving_check in APP_SERVING_CHECKS
    if app_serving_check.id != "service-subject"
)
#: Attacks by the subject alone, or by extensions that this signer allows.
_OF_NODES_ONLY = ("subject", "extensions")
#: Valid for this signer, which takes names from the extension and needs no subject.
_HONEST_HERE = "subject/empty"


def test_the_forged_ones_would_be_approved_unforged() -> None:
    """The unforged request is approved, so that the forgery makes the difference."""
    unforged = CsrBuilder(keys.ecdsa("unforged")).sans(*OWN.sans)

    assert judged(replace(a_service_csr(), request=unforged.pem())) is Decision.APPROVE


def judged(csr: Csr) -> Decision | None:
    saved = replace(SAVED, services=(OWN_SERVICE,))
    [answer] = evaluate([csr], saved, a_policy(), NOW, decided=False)
    assert isinstance(answer, Judged)
    return None if answer.verdict is None else answer.verdict.decision


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.id)
def test_no_forged_request_is_approved(attack: CatalogueEntry) -> None:
    """The good names are the requester's Service's, the evil ones another namespace's."""
    filed = replace(a_service_csr(), request=attack.build(OWN, THEIRS))

    assert (judged(filed) is Decision.APPROVE) is (attack.id == _HONEST_HERE)


@pytest.mark.parametrize(
    "attack",
    [entry for entry in ATTACKS if entry.refused_by not in _OF_NODES_ONLY],
    ids=lambda attack: attack.id,
)
def test_no_forged_request_would_be_approved_for_its_subject(attack: CatalogueEntry) -> None:
    """A forged request is refused even without the check of the subject."""
    try:
        request = pkcs10.read(attack.build(OWN, THEIRS), bare=True)
    except MalformedRequest:
        return
    case = a_service_case(request=request, services=(OWN_SERVICE,))

    assert decide(case, _WHATEVER_THE_SUBJECT).decision is not Decision.APPROVE


# --- what people and operators ask for ------------------------------------------------------------

_label = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
_asked_for = st.one_of(
    st.builds(
        "{}.{}.svc".format, _label, _label.filter(lambda label: label not in ("shop", "svc"))
    ),
    st.sampled_from(("localhost", "web-0.localhost", "127.0.0.1", "::1")),
    st.integers(0, 2**24 - 1).map(lambda number: str(IPv4Address((127 << 24) + number))),
)


@given(asked=st.lists(_asked_for, min_size=1, max_size=4))
@tried(max_examples=EXAMPLES, deadline=None)
def test_other_namespaces_services_and_loopback_names_are_left_with_a_warning(
    asked: list[str],
) -> None:
    """Such names are never approved; only the API server's own prove that a request is wrong."""
    assume(not any(".default.svc" in name and name.startswith("kubernetes.") for name in asked))
    case = a_service_case(request=a_service_request(sans=names(DNS, *asked)))

    verdict = decide(case, APP_SERVING_CHECKS)

    assert verdict.decision is Decision.LEAVE
    assert any(refusal.warns for refusal in verdict.refusals)


# --- requests without any attribute --------------------------------------------------------------


@given(at=st.integers(0, 500), bits=st.integers(0, 255), name=st.text(max_size=20))
@tried(max_examples=300, deadline=None)
def test_go_sees_no_names_either_in_what_only_this_signer_reads(
    go: GoReader, at: int, bits: int, name: str
) -> None:
    """A request without attributes that only this signer accepts has no names, usages or CA."""
    subject = csr_builder.rdn(csr_builder.COMMON_NAME, der.utf8(name))
    content = bytearray(CsrBuilder(keys.ecdsa("bare")).subject(subject).der())
    content[at % len(content)] ^= bits
    text = csr_builder.pem(bytes(content))
    with pytest.raises(MalformedRequest):
        pkcs10.read(text)

    try:
        ours = pkcs10.read(text, bare=True)
    except MalformedRequest:
        return

    assert ((), (), frozenset(), False) == (ours.sans, ours.extensions, ours.usages, ours.asks_ca)
    theirs = go.read(text)
    if theirs.accepted:
        assert ((), (), ()) == (theirs.dns_names, theirs.ip_addresses, theirs.extensions)
