"""Reading the list, the gates, and the verdicts: one bad CSR stops no other."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.checks import KUBELET_SERVING_CHECKS
from core.errors import EvidenceUnavailable
from core.evidence import NO_EVIDENCE, Evidence
from core.judging import case_of, gate, judge
from core.model import (
    Case,
    Csr,
    Decision,
    Effect,
    Identity,
    IdentityKind,
    Judged,
    OversizedRequest,
    ParsedCsr,
    Pkcs10,
    Refusal,
    UnreadableRequest,
)
from core.peers import PeerIndex
from core.reading import read, read_all
from core.settings import Policy
from tests.builders import (
    INSTANCE_ID,
    NODE,
    NOW,
    ROLE,
    a_case,
    a_certificate,
    a_cluster,
    a_csr,
    a_filed_csr,
    a_policy,
    a_scene,
    an_extra,
    an_instance,
    approved,
)
from tests.core.fakes import Exploding

BY_SESSION = Identity(IdentityKind.SESSION, INSTANCE_ID, NODE)
FOUND = {BY_SESSION: Evidence((an_instance(),), ROLE)}


# --- reading -------------------------------------------------------------------------------------


def test_a_csr_is_read_with_what_follows_from_it_alone() -> None:
    """Its request, its identity, and that its key counts."""
    csr = a_filed_csr()

    entry = read(csr, a_scene())

    assert isinstance(entry.request, Pkcs10)
    assert (csr, BY_SESSION, True, False) == (
        entry.csr,
        entry.identity,
        entry.key_is_proven,
        entry.mismatched,
    )


@pytest.mark.parametrize(("allowed", "kind"), [(True, IdentityKind.NAME), (False, None)])
def test_the_policy_tells_whether_a_name_is_an_identity(
    allowed: bool,  # noqa: FBT001  a case
    kind: IdentityKind | None,
) -> None:
    """It is none by default."""
    context = a_scene(policy=a_policy(allow_name_identity=allowed))

    identity = read(a_csr(extra={}), context).identity

    assert kind == (identity and identity.kind)


def test_what_the_strict_reader_refuses_is_kept_in_its_words() -> None:
    """It is a check's to say what follows."""
    entry = read(a_csr(request=b"x"), a_scene())

    assert (
        UnreadableRequest("not exactly one CERTIFICATE REQUEST block, first byte to last")
        == entry.request
    )
    assert not entry.key_is_proven


def test_an_oversized_request_is_refused_by_its_size_alone() -> None:
    """There is nothing of it to be read."""
    entry = read(a_csr(request=OversizedRequest(70_000)), a_scene())

    assert UnreadableRequest("got 70000 bytes, expected at most 65536") == entry.request


def test_a_certificate_that_isnt_what_was_asked_for_marks_its_entry() -> None:
    """The requester's later CSRs are left for it."""
    csr = a_filed_csr(conditions=(approved(),))
    wrong = replace(csr, certificate=a_certificate(csr, sans=()))
    other = replace(csr, certificate=a_certificate(csr, node="other"))

    assert [False, True] == [read(one, a_scene()).mismatched for one in (wrong, other)]


def test_a_csr_that_breaks_our_code_stops_no_other() -> None:
    """It comes back without a verdict, with its cluster, and the words for the bug."""
    bad, good = replace(a_csr(name="csr-bad"), extra=Exploding()), a_filed_csr()

    broken, entry = read_all([bad, good], a_scene())

    assert isinstance(entry, ParsedCsr)
    assert good == entry.csr
    assert a_bug_on(bad) == broken


def test_a_csr_that_breaks_a_gate_stops_no_other() -> None:
    """It comes back likewise, and isn't read."""
    bad = replace(a_csr(name="csr-bad"), extra=Exploding())

    found = gate([bad, a_filed_csr()], a_scene())

    assert ["csr-7znmf"] == [csr.name for csr in found.passed]
    assert [a_bug_on(bad)] == found.broken


def test_a_gate_that_breaks_on_one_csr_stops_no_other() -> None:
    """Whatever breaks, the others are sorted out."""
    bad, good = a_csr(name="csr-bad", node="bad"), a_csr(name="csr-good")

    def explodes_on_one(case: Case) -> Refusal | None:
        if case.csr.name == "csr-bad":
            raise RuntimeError("boom")
        return None

    context = replace(a_scene(), checks=(replace(_CHECKS[0], run=explodes_on_one),))
    found = gate([bad, good], context)

    assert ["csr-good"] == [csr.name for csr in found.passed]
    assert ["this is a bug: RuntimeError: boom"] == [one.problem for one in found.broken]


def test_without_time_left_the_rest_is_deferred_unread() -> None:
    """It comes back without a verdict, and is no bug."""
    times = iter([True, False])

    first, second = read_all([a_csr(), a_csr(name="csr-b")], a_scene(), lambda: next(times))

    assert isinstance(first, ParsedCsr)
    assert isinstance(second, Judged)
    assert (None, True) == (second.verdict, second.deferred)


def a_bug_on(csr: Csr) -> Judged:
    case = Case(
        csr, UnreadableRequest("not read"), None, NOW, a_scene().policy, cluster=a_cluster()
    )
    return Judged(case, None, "this is a bug: RuntimeError: boom")


# --- gates ---------------------------------------------------------------------------------------


def gated(*csrs: Csr, policy: Policy | None = None) -> tuple[list[str], dict[str, int]]:
    found = gate(csrs, a_scene(policy=policy))
    return [csr.name for csr in found.passed], dict(found.stopped)


def test_pending_csrs_past_the_gates_come_oldest_first() -> None:
    """A kubelet waits no longer than fifteen minutes. Of equal ages the name decides."""
    csrs = [
        a_csr(name=name, node=name, extra=an_extra(), age=timedelta(minutes=age))
        for name, age in (("csr-d", 1), ("csr-b", 5), ("csr-c", 5), ("csr-a", 9))
    ]

    assert (["csr-a", "csr-b", "csr-c", "csr-d"], {}) == gated(*csrs)


def test_those_that_stop_at_a_gate_are_counted_by_its_reason() -> None:
    """Nobody is asked about them."""
    csrs = [
        a_csr(name="csr-1", username="alice"),
        a_csr(name="csr-2", username="bob"),
        a_csr(name="csr-3", node="a", groups=("system:nodes",)),
        a_csr(name="csr-4", node="fargate-b"),
        a_csr(name="csr-5", node="c", extra=an_extra("alice")),
        a_csr(name="csr-6", node="d", age=timedelta(hours=1)),
        a_csr(name="csr-7", node="e", age=timedelta(minutes=-1)),
        a_csr(name="csr-8", node="f", age=timedelta(minutes=8)),
        a_csr(name="csr-9", node="f"),
    ]

    assert (
        ["csr-9"],
        {
            "not a node": 2,
            "not in the nodes' groups": 1,
            "not an EC2 node": 1,
            "not an EC2 session": 1,
            "abandoned": 1,
            "created in the future": 1,
            "superseded": 1,
        },
    ) == gated(*csrs)


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_a_decided_csr_is_neither_judged_nor_counted(kind: str) -> None:
    """It is done with."""
    assert ([], {}) == gated(a_csr(conditions=(replace(approved(), type=kind),)))


def test_an_issued_csr_is_neither_judged_nor_counted() -> None:
    """Whatever its conditions say."""
    assert ([], {}) == gated(a_csr(certificate=b"x"))


def test_a_condition_of_another_type_decides_nothing() -> None:
    """Others may note something on a CSR."""
    assert (["csr-7znmf"], {}) == gated(a_csr(conditions=(replace(approved(), type="Seen"),)))


def test_a_case_past_the_gates_has_its_peers_and_no_evidence_yet() -> None:
    """Evidence costs calls."""
    context = a_scene()
    [entry] = read_all([a_filed_csr()], context)
    assert isinstance(entry, ParsedCsr)

    case = case_of(entry, context, PeerIndex(context.now, context.max_age))

    assert (context.cluster, context.policy, context.now) == (case.cluster, case.policy, case.now)
    assert a_case().peers == case.peers
    assert case.instance is None


# --- verdicts ------------------------------------------------------------------------------------


def test_a_case_is_judged_with_its_evidence() -> None:
    """And keeps it, for the ledger."""
    case = a_case(instances=(), role=ROLE)

    [got] = judge([case], FOUND, KUBELET_SERVING_CHECKS)

    assert got.verdict is not None
    assert got.verdict.decision is Decision.APPROVE
    assert ((an_instance(),), ROLE) == (got.case.instances, got.case.role)


def test_an_oversized_request_is_denied_unread() -> None:
    """By its form, whatever it may hold; all other checks are run nevertheless."""
    context = a_scene()
    entry = read(a_csr(request=OversizedRequest(2**30)), context)
    case = case_of(entry, context, PeerIndex(context.now, context.max_age))

    [got] = judge([case], FOUND, context.checks)

    assert got.verdict is not None
    assert got.verdict.decision is Decision.DENY
    assert [
        Refusal(
            Effect.DENY,
            "request not well-formed",
            "got 1073741824 bytes, expected at most 65536",
            "request-well-formed",
        )
    ] == list(got.verdict.refusals)


def test_without_an_identity_there_is_no_evidence() -> None:
    """The case is judged all the same: it is left."""
    case = a_case(csr=a_csr(extra={}), identity=None, instances=())

    [got] = judge([case], {}, KUBELET_SERVING_CHECKS)

    assert got.verdict is not None
    assert got.verdict.decision is Decision.LEAVE
    assert (NO_EVIDENCE.instances, NO_EVIDENCE.role) == (got.case.instances, got.case.role)


def test_evidence_that_couldnt_be_had_gives_no_verdict() -> None:
    """Not even where the request alone would be denied."""
    case = a_case(request=UnreadableRequest("x"), instances=())

    assert [
        Judged(case, None, "evidence unavailable: throttled", evidence_unavailable=True)
    ] == judge([replace(case)], {BY_SESSION: EvidenceUnavailable("throttled")}, _CHECKS)


_CHECKS = KUBELET_SERVING_CHECKS


def test_a_check_that_breaks_on_one_case_stops_no_other() -> None:
    """The bug is told, and is no verdict."""
    bad = a_case(csr=a_csr(name="csr-bad"))

    def explodes_on_one(case: Case) -> Refusal | None:
        if case.csr.name == "csr-bad":
            raise RuntimeError("boom")
        return None

    checks = (replace(_CHECKS[0], run=explodes_on_one),)

    first, second = judge([bad, a_case()], FOUND, checks)

    assert (None, "this is a bug: RuntimeError: boom") == (first.verdict, first.problem)
    assert not first.evidence_unavailable
    assert second.verdict is not None
