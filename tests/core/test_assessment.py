"""The pipeline: gates before reading, verdicts by evidence, and one bad CSR stops no other."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from core.assessment import Assessment, Plan, assess, judge
from core.budget import Budget
from core.checks import KUBELET_SERVING_CHECKS
from core.context import ReviewContext
from core.errors import EvidenceUnavailable, OutOfTime
from core.evidence import NO_EVIDENCE, Evidence
from core.model import (
    Bug,
    Case,
    Csr,
    Decision,
    Deferred,
    Effect,
    Identity,
    IdentityKind,
    Judged,
    NoEvidence,
    OversizedRequest,
    Refusal,
    UnreadableRequest,
)
from core.peers import PeerIndex
from core.settings import Policy
from tests.builders import (
    INSTANCE_ID,
    NODE,
    ROLE,
    a_case,
    a_context,
    a_csr,
    a_filed_csr,
    a_parsed_csr,
    an_extra,
    an_instance,
    approved,
)
from tests.core.fakes import Exploding, FakeClock

BY_SESSION = Identity(IdentityKind.SESSION, INSTANCE_ID, NODE)
FOUND = {BY_SESSION: Evidence((an_instance(),), ROLE)}
_CHECKS = KUBELET_SERVING_CHECKS


def everything(cases: Sequence[Case], _peers: PeerIndex) -> Sequence[Case]:
    return cases


def assessed(*csrs: Csr, context: ReviewContext | None = None) -> Assessment:
    """These CSRs, gated and read; all that pass the gates are due."""
    context = context or a_context()
    budget = Budget(FakeClock(), context.signer.seconds)
    return assess(csrs, context, Plan(everything), lambda _: FOUND, budget)


def with_first_check(run: Callable[[Case], Refusal | None]) -> ReviewContext:
    """A context whose signer has the one gate, with this rule."""
    context = a_context()
    checks = (replace(_CHECKS[0], run=run), _CHECKS[4])
    return replace(context, signer=replace(context.signer, checks=checks))


# --- gates ---------------------------------------------------------------------------------------


def test_a_csr_that_breaks_a_gate_stops_no_other() -> None:
    """It is a bug, and isn't read."""
    bad = replace(a_csr(name="csr-bad"), extra=Exploding())

    found = assessed(bad, a_filed_csr())

    assert ["csr-7znmf"] == [case.csr.name for case in found.gated.passed]
    assert [Bug(a_context().case_of(bad), "this is a bug: RuntimeError: boom")] == found.bugs


def test_a_csr_of_the_future_that_breaks_our_code_stops_no_other() -> None:
    """It isn't indexed, so that the first question about it comes at the gates."""
    bad = replace(a_csr(name="csr-bad", age=timedelta(minutes=-1)), extra=Exploding())

    found = assessed(bad, a_filed_csr())

    assert ["csr-7znmf"] == [case.csr.name for case in found.gated.passed]
    assert ["csr-bad"] == [one.case.csr.name for one in found.bugs]


def test_a_gate_that_breaks_on_one_csr_stops_no_other() -> None:
    """Whatever breaks, the others are sorted out."""
    bad, good = a_csr(name="csr-bad", node="bad"), a_csr(name="csr-good")

    def explodes_on_one(case: Case) -> Refusal | None:
        if case.csr.name == "csr-bad":
            raise RuntimeError("boom")
        return None

    found = assessed(bad, good, context=with_first_check(explodes_on_one))

    assert ["csr-good"] == [case.csr.name for case in found.gated.passed]
    assert ["this is a bug: RuntimeError: boom"] == [one.problem for one in found.bugs]


def test_the_gates_run_once() -> None:
    """Those that pass them aren't asked again when they are judged."""
    asked: list[str] = []

    def counts(case: Case) -> Refusal | None:
        asked.append(case.csr.name)
        return None

    found = assessed(a_filed_csr(), context=with_first_check(counts))
    [[one]] = found.slices()

    assert ["csr-7znmf"] == asked
    assert isinstance(one, Judged)


def gated(*csrs: Csr, policy: Policy | None = None) -> tuple[list[str], dict[str, int]]:
    found = assessed(*csrs, context=a_context(policy=policy)).gated
    return [case.csr.name for case in found.passed], dict(found.stopped)


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


def test_an_evaluated_case_has_its_list_its_peers_and_its_evidence() -> None:
    """One case, which every stage completes."""
    context = a_context()

    [[one]] = assessed(a_filed_csr(), context=context).slices()

    assert (context.cluster, context.policy, context.now) == (
        one.case.cluster,
        one.case.policy,
        one.case.now,
    )
    assert a_case().peers == one.case.peers
    assert an_instance() == one.case.instance


# --- verdicts ------------------------------------------------------------------------------------


def test_a_case_is_judged_with_its_evidence() -> None:
    """And keeps it, for the ledger."""
    case = a_case(instances=(), role=ROLE)

    [got] = judge([case], FOUND, KUBELET_SERVING_CHECKS)

    assert isinstance(got, Judged)
    assert got.verdict.decision is Decision.APPROVE
    assert ((an_instance(),), ROLE) == (got.case.instances, got.case.role)


def test_an_oversized_request_is_denied_unread() -> None:
    """By its form, whatever it may hold; all other checks are run nevertheless."""
    case = a_parsed_csr(a_csr(request=OversizedRequest(2**30))).case

    [got] = judge([case], FOUND, _CHECKS)

    assert isinstance(got, Judged)
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

    assert isinstance(got, Judged)
    assert got.verdict.decision is Decision.LEAVE
    assert (NO_EVIDENCE.instances, NO_EVIDENCE.role) == (got.case.instances, got.case.role)


@pytest.mark.parametrize(
    ("error", "kind"), [(EvidenceUnavailable("throttled"), NoEvidence), (OutOfTime("x"), Deferred)]
)
def test_evidence_that_couldnt_be_had_gives_no_verdict(
    error: EvidenceUnavailable, kind: type[NoEvidence | Deferred]
) -> None:
    """Not even where the request alone would be denied."""
    case = a_case(request=UnreadableRequest("x"), instances=())

    assert [kind(case, f"evidence unavailable: {error}")] == judge(
        [case], {BY_SESSION: error}, _CHECKS
    )


def test_a_check_that_breaks_on_one_case_stops_no_other() -> None:
    """The bug is reported, and is no verdict."""
    bad = a_case(csr=a_csr(name="csr-bad"))

    def explodes_on_one(case: Case) -> Refusal | None:
        if case.csr.name == "csr-bad":
            raise RuntimeError("boom")
        return None

    checks = (replace(_CHECKS[0], run=explodes_on_one),)

    first, second = judge([bad, a_case()], FOUND, checks)

    assert isinstance(first, Bug)
    assert first.problem == "this is a bug: RuntimeError: boom"
    assert isinstance(second, Judged)


def test_without_time_left_the_rest_is_deferred() -> None:
    """And is no bug."""
    times = iter([True, False])

    first, second = judge([a_case(), a_case()], FOUND, _CHECKS, lambda: next(times))

    assert isinstance(first, Judged)
    assert isinstance(second, Deferred)
