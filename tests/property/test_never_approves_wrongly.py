"""From an approvable case no single change for the worse is approved; no order matters.

The fields and their changes are in `tests.property.changes`.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import timedelta
from typing import Any, cast, get_args, get_type_hints

import pytest
from hypothesis import example, given
from hypothesis import settings as tried
from hypothesis import strategies as st
from pydantic import BaseModel

from core import evidence, pkcs10
from core.acting import plan
from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.errors import (
    ClusterUnavailable,
    EvidenceUnavailable,
    MalformedRequest,
)
from core.identity import identify
from core.judging import Scene, case_of, gate, judge
from core.model import (
    KUBELET_SERVING,
    Action,
    Case,
    Csr,
    Decision,
    Entry,
    Instance,
    Judged,
    OtherName,
)
from core.offline import SavedEvidence, evaluate
from core.ports import Ports
from core.review import review
from core.settings import Mode, Policy, ReviewSettings
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    NOW,
    PROFILE,
    ROLE,
    a_case,
    a_cluster,
    a_csr,
    a_filed_csr,
    a_policy,
    a_request,
    an_extra,
    an_instance,
    names,
    settings,
)
from tests.core.fakes import FakeFleet, FakeWorld
from tests.property.changes import APPROVABLE, CHANGES, FORBIDDING, IRRELEVANT, RECORDS, Scenery

EXAMPLES = 60


def action(scenery: Scenery) -> Action | None:
    """What a review plans, with all that lies between the list and the write; None at a gate."""
    csr = scenery.csr
    allow_name = scenery.settings.allow_name_identity
    entry = Entry(csr, scenery.request, identify(csr, allow_name=allow_name))
    scene = Scene(scenery.cluster, scenery.settings, NOW, KUBELET_SERVING_CHECKS)
    gated = gate([csr], scene)
    gated.peers.add(entry)
    cases = [case_of(entry, scene, gated.peers)] if gated.passed else []
    fleet = FakeFleet((scenery.instance,), {PROFILE: scenery.role})
    identities = [case.identity for case in cases if case.identity is not None]
    answers = evidence.gather(
        identities,
        scenery.cluster.vpc_id,
        fleet,
        roles_wanted=scenery.settings.verify_node_role,
    )
    judged = judge(cases, answers, scene.checks, given=scenery.edited)
    return plan(judged[0], scenery.settings, Mode.ENFORCE) if judged else None


# --- one field at a time -------------------------------------------------------------------------


def test_the_case_to_start_from_is_approved() -> None:
    """Else nothing would be shown by what follows."""
    assert action(APPROVABLE) is Action.APPROVED


def _records_within(kind: Any, known: frozenset[type[Any]] = frozenset()) -> frozenset[type[Any]]:
    """The record and all that its fields may hold."""
    if kind in known:
        return known
    is_record = isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, BaseModel))
    if is_record:
        known |= {kind}
    for inner in get_type_hints(kind).values() if is_record else get_args(kind):
        known = _records_within(inner, known)
    return known


def test_every_record_that_a_case_may_hold_is_known_here() -> None:
    """No record can be put into another without somebody saying what its fields are for."""
    assert {*RECORDS.values(), *FORBIDDING, Policy} == _records_within(Case)


def test_every_field_is_changed_or_declared_irrelevant() -> None:
    """No field can be added without somebody saying what it is for."""
    known = {f"{name}.{one.name}" for name, kind in RECORDS.items() for one in fields(kind)}
    known |= {f"settings.{name}" for name in ReviewSettings.model_fields}

    assert set() == CHANGES.keys() & IRRELEVANT.keys()
    assert sorted(known) == sorted(CHANGES.keys() | IRRELEVANT.keys())


@pytest.mark.parametrize("field", CHANGES)
@given(data=st.data())
@tried(max_examples=EXAMPLES, deadline=None)
def test_a_change_for_the_worse_is_never_approved(field: str, data: st.DataObject) -> None:
    """Whatever single field it is, and whatever it becomes."""
    value = data.draw(CHANGES[field], label=field)

    assert action(APPROVABLE.changed(field, value)) is not Action.APPROVED


@pytest.mark.parametrize("record", FORBIDDING)
@given(data=st.data())
@tried(max_examples=EXAMPLES, deadline=None)
def test_what_cant_be_known_or_read_is_never_approved(
    record: type[Any], data: st.DataObject
) -> None:
    """Whatever its fields hold."""
    field, put = FORBIDDING[record]
    value = put(data.draw(st.builds(record)))

    assert action(APPROVABLE.changed(field, value)) is not Action.APPROVED


@pytest.mark.parametrize("field", IRRELEVANT)
def test_a_field_declared_irrelevant_is(field: str) -> None:
    """The table of them is honest."""
    assert action(APPROVABLE.changed(field, IRRELEVANT[field].value)) is Action.APPROVED


def _record(field: str) -> str:
    """The record of a field; those that lie in one another count as one."""
    record = field.partition(".")[0]
    return {
        "interface": "instance",
        "address": "instance",
        "attribute": "request",
        "dns": "request",
        "ip": "request",
        "condition": "csr",
        "identity": "case",
        "peers": "case",
    }.get(record, record)


_PAIRS = [
    (one, other)
    for one in CHANGES
    for other in CHANGES
    if _record(one) < _record(other)
    # Together they only move the whole in time.
    and (one, other) != ("case.now", "csr.created")
    # A changed requester may claim just what the other record was changed to.
    and not ("csr." in one and _record(other) in ("instance", "request", "role"))
    and (_record(one), _record(other)) != ("cluster", "instance")
]


@given(data=st.data(), pair=st.sampled_from(_PAIRS))
@tried(max_examples=600, deadline=None)
def test_two_changes_for_the_worse_dont_make_a_better(
    data: st.DataObject, pair: tuple[str, str]
) -> None:
    """No refusal takes another away."""
    changed = APPROVABLE
    for field in pair:
        changed = changed.changed(field, data.draw(CHANGES[field], label=field))

    assert action(changed) is not Action.APPROVED


# --- bytes ---------------------------------------------------------------------------------------

FILED = a_filed_csr()
PEM = cast("bytes", FILED.request)
DER = base64.b64decode(b"".join(PEM.splitlines()[1:-1]))
SAVED = SavedEvidence((an_instance(),), {PROFILE: ROLE}, a_cluster())


def decision(csr: Csr) -> Decision | None:
    [answer] = evaluate([csr], SAVED, a_policy(), NOW, decided=False)
    assert isinstance(answer, Judged)
    return None if answer.verdict is None else answer.verdict.decision


def pem(content: bytes) -> bytes:
    lines = base64.encodebytes(content)
    begin, end = PEM.splitlines(keepends=True)[0], PEM.splitlines(keepends=True)[-1]
    return begin + lines + end


def test_the_bytes_to_start_from_are_approved() -> None:
    """In the frame of the test as well."""
    assert decision(FILED) is Decision.APPROVE
    assert decision(replace(FILED, request=pem(DER))) is Decision.APPROVE


@given(at=st.integers(0, len(DER) - 1), bits=st.integers(1, 255))
@tried(max_examples=1_500, deadline=None)
def test_a_request_with_a_changed_byte_is_never_approved(at: int, bits: int) -> None:
    """Every byte is either signed, or the signature, or what frames the two."""
    changed = bytearray(DER)
    changed[at] ^= bits

    assert decision(replace(FILED, request=pem(bytes(changed)))) is not Decision.APPROVE


@given(
    at=st.integers(0, len(PEM)),
    cut=st.integers(0, 2),
    put=st.one_of(st.binary(max_size=2), st.sampled_from((b"\n", b"\r\n", b"=", b"-----BEGIN"))),
)
@example(at=0, cut=0, put=b"x")
@tried(max_examples=1_500, deadline=None)
def test_a_changed_text_is_approved_only_if_it_reads_the_same(
    at: int, cut: int, put: bytes
) -> None:
    """Line ends may move; nothing else may."""
    text = PEM[:at] + put + PEM[at + cut :]

    if decision(replace(FILED, request=text)) is Decision.APPROVE:
        assert pkcs10.read(PEM) == pkcs10.read(text)


@given(st.binary(max_size=300))
@tried(max_examples=300, deadline=None)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    """No other exception comes out of the reader, framed or not."""
    for request in (content, pem(content), pem(DER[:40] + content)):
        with pytest.raises(MalformedRequest):
            pkcs10.read(request)


# --- order ---------------------------------------------------------------------------------------


CASES = {
    "approvable": a_case(),
    "denied": a_case(request=a_request(sans=names("kubernetes.default.svc", "10.0.1.77"))),
    "left": a_case(instances=()),
    "stopped-by-gates": a_case(csr=a_csr(username="alice", age=timedelta(hours=1), usages=())),
    "other-names": a_case(request=a_request(sans=(OtherName("RFC822Name", "a@b.example"),))),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@given(order=st.permutations(KUBELET_SERVING_CHECKS))
@tried(max_examples=EXAMPLES, deadline=None)
def test_the_order_of_checks_doesnt_change_the_decision(case: Case, order: Sequence[Any]) -> None:
    """Only which refusals are told, where a gate ends the judging."""
    straight = decide(case, KUBELET_SERVING_CHECKS)
    shuffled = decide(case, tuple(order))

    assert straight.decision is shuffled.decision
    if not any(check.gate for check in order if check.run(case)):
        assert sorted(straight.refusals, key=repr) == sorted(shuffled.refusals, key=repr)


def _several() -> list[Csr]:
    """CSRs that say something of each other: superseded ones, one key twice, several nodes."""
    return [
        a_filed_csr(name="csr-old", age=timedelta(minutes=9)),
        a_filed_csr(name="csr-a"),
        a_filed_csr(name="csr-b"),
        a_filed_csr(name="csr-c", node="c", words="one key", extra=an_extra("i-0ccccccc")),
        a_filed_csr(name="csr-d", node="d", words="one key", extra=an_extra("i-0ddddddd")),
        a_filed_csr(name="csr-e", node="e", ips=("10.0.1.50",), extra=an_extra("i-0eeeeeee")),
        a_csr(name="csr-f", node="f", request=b"x", extra=an_extra("i-0fffffff")),
    ]


INSTANCES = (
    an_instance(),
    an_instance(id="i-0ccccccc", private_dns_name="c"),
    an_instance(id="i-0ddddddd", private_dns_name="d"),
    an_instance(id="i-0eeeeeee", private_dns_name="e"),
    an_instance(id="i-0eeeeeee", private_dns_name="e"),
)


def verdicts(csrs: Sequence[Csr], instances: Sequence[Instance]) -> dict[str, object]:
    saved = replace(SAVED, instances=tuple(instances))
    answers = evaluate(csrs, saved, a_policy(), NOW, decided=False)
    return {one.case.csr.name: one.verdict for one in answers if isinstance(one, Judged)}


@given(csrs=st.permutations(_several()), instances=st.permutations(INSTANCES))
@tried(max_examples=EXAMPLES, deadline=None)
def test_the_order_of_csrs_and_of_evidence_doesnt_change_verdicts(
    csrs: Sequence[Csr], instances: Sequence[Instance]
) -> None:
    """Lists and answers come in any order."""
    straight = verdicts(_several(), INSTANCES)

    assert len(straight) == 7
    assert straight == verdicts(csrs, instances)


@given(csrs=st.permutations(_several()))
@tried(max_examples=20, deadline=None)
def test_the_order_of_the_list_doesnt_change_what_is_written(csrs: Sequence[Csr]) -> None:
    """The oldest comes first, and of equal ages the first by name."""
    world = FakeWorld(*csrs, fleet=FakeFleet(INSTANCES))

    review(a_cluster(), KUBELET_SERVING, settings(mode="enforce"), world.ports)

    assert [
        ("csr-b", "Approved"),
        ("csr-c", "Denied"),
        ("csr-d", "Denied"),
        ("csr-f", "Denied"),
    ] == [(write.csr.name, write.condition) for write in world.api.written]


# --- trouble -------------------------------------------------------------------------------------


class Broken:
    """A port of which one method raises."""

    def __init__(self, port: object, method: str, error: Exception) -> None:
        self._port, self._method, self._error = port, method, error

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == self._method:
            return self._fail
        return cast("Callable[..., Any]", getattr(self._port, name))

    def _fail(self, *_: object) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("port", "method"),
    [
        ("clock", "now"),
        ("api", "list_csrs"),
        ("fleet", "by_id"),
        ("fleet", "by_private_dns_name"),
        ("fleet", "role_of_profile"),
        ("ledger", "record"),
        ("api", "write_all"),
    ],
)
@given(
    error=st.sampled_from(
        (
            RuntimeError("boom"),
            KeyError("x"),
            OSError("reset"),
            MemoryError(),
            EvidenceUnavailable("throttled"),
            ClusterUnavailable("connection", "refused"),
        )
    )
)
@tried(max_examples=12, deadline=None)
def test_an_exception_of_a_port_writes_nothing(port: str, method: str, error: Exception) -> None:
    """What can't be asked, judged or recorded isn't approved; the run ends with the exception."""
    young = a_filed_csr(name="csr-young", node="c", extra=an_extra("i-0ccccccc"), age=timedelta(0))
    by_name = a_filed_csr(name="csr-name", node="d", extra={}, words="d")
    world = FakeWorld(a_filed_csr(), young, by_name, fleet=FakeFleet(INSTANCES))
    broken = Broken(getattr(world.ports, port), method, error)
    ports: Ports = replace(world.ports, **{port: broken})

    with pytest.raises(type(error)):
        review(
            a_cluster(),
            KUBELET_SERVING,
            settings(mode="enforce", allow_name_identity=True),
            ports,
        )

    assert [] == world.api.written


@given(unavailable=st.sets(st.sampled_from((INSTANCE_ID, "i-0ccccccc", "i-0ddddddd"))))
@tried(max_examples=20, deadline=None)
def test_evidence_that_is_unavailable_is_never_decided_upon(unavailable: set[str]) -> None:
    """Neither approved nor denied, even where the request alone would be."""
    fleet = FakeFleet(INSTANCES, unavailable=unavailable)
    world = FakeWorld(*_several(), fleet=fleet)

    review(a_cluster(), KUBELET_SERVING, settings(mode="enforce"), world.ports)

    assert not unavailable & {write.csr.extra["sessionName"][0] for write in world.api.written}


def test_the_names_here_are_those_of_the_case() -> None:
    """The builders' case asks for one name and one address."""
    assert names(NODE, ADDRESS) == APPROVABLE.request.sans
