"""The pipeline: gates before reading, verdicts by evidence, and one bad CSR stops no other."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.assessment import Assessment, Plan, assess, judge
from core.budget import Budget
from core.checks import KUBELET_SERVING_CHECKS
from core.context import ReviewContext
from core.errors import EvidenceUnavailable, OutOfTime
from core.evidence import NO_EVIDENCE, Answers, Evidence
from core.memo import weight_of
from core.model import (
    APP_SERVING,
    KUBELET_SERVING,
    Bug,
    Case,
    Csr,
    Decision,
    Deferred,
    Identity,
    IdentityKind,
    Judged,
    NoEvidence,
    Refusal,
    ServiceClaim,
    UnreadableRequest,
)
from core.peers import PeerIndex
from core.settings import Policy
from core.signers import SIGNERS, Request
from core.slices import SLICE
from tests.builders import (
    INSTANCE_ID,
    NODE,
    NOW,
    ROLE,
    a_case,
    a_context,
    a_csr,
    a_filed_csr,
    an_extra,
    an_instance,
    approved,
)
from tests.core.fakes import DwindlingClock, Exploding, FakeClock
from tests.service_builders import a_service_csr, an_account

BY_SESSION = Identity(IdentityKind.SESSION, INSTANCE_ID, NODE)
EVIDENCE = {BY_SESSION: Evidence((an_instance(),), ROLE)}
_CHECKS = KUBELET_SERVING_CHECKS


def everything(cases: Sequence[Case], _peers: PeerIndex) -> Sequence[Case]:
    return cases


def assessed(*csrs: Csr, context: ReviewContext | None = None) -> Assessment:
    """Return the assessment of these CSRs; all that pass the gates are due."""
    context = context or a_context()
    budget = Budget(FakeClock(), context.signer.seconds)
    return assess(csrs, context, Plan(everything), lambda _: EVIDENCE, budget)


def with_first_check(run: Callable[[Case], Refusal | None]) -> ReviewContext:
    """Return a context whose signer has one gate, with this rule, and one other check."""
    context = a_context()
    checks = (replace(_CHECKS[0], run=run), _CHECKS[4])
    return replace(context, signer=replace(context.signer, checks=checks))


# --- gates ---------------------------------------------------------------------------------------


def test_a_bug_in_indexing_one_csr_stops_no_other() -> None:
    """The CSR is reported as a bug, and isn't read."""
    bad = replace(a_csr(name="csr-bad"), extra=Exploding())

    found = assessed(bad, a_filed_csr())

    assert ["csr-7znmf"] == [case.csr.name for case in found.gated.passed]
    assert [Bug(a_context().case_of(bad), "this is a bug: RuntimeError: boom")] == found.bugs


def test_a_bug_with_a_csr_from_the_future_stops_no_other() -> None:
    """A CSR from the future isn't indexed, so the gates are the first to read it."""
    bad = replace(a_csr(name="csr-bad", age=timedelta(minutes=-1)), extra=Exploding())

    found = assessed(bad, a_filed_csr())

    assert ["csr-7znmf"] == [case.csr.name for case in found.gated.passed]
    assert ["csr-bad"] == [bug.case.csr.name for bug in found.bugs]


def test_a_bug_in_a_gate_stops_no_other() -> None:
    """The other CSRs pass or stop at the gate."""
    bad, good = a_csr(name="csr-bad", node="bad"), a_csr(name="csr-good")

    def raises_on_one(case: Case) -> Refusal | None:
        if case.csr.name == "csr-bad":
            raise RuntimeError("boom")
        return None

    found = assessed(bad, good, context=with_first_check(raises_on_one))

    assert ["csr-good"] == [case.csr.name for case in found.gated.passed]
    assert ["this is a bug: RuntimeError: boom"] == [bug.problem for bug in found.bugs]


def test_the_gates_run_once() -> None:
    """A gate that passed isn't run again when the CSR is judged."""
    gated_names: list[str] = []

    def counts(case: Case) -> Refusal | None:
        gated_names.append(case.csr.name)
        return None

    found = assessed(a_filed_csr(), context=with_first_check(counts))
    [[evaluation]] = found.slices()

    assert ["csr-7znmf"] == gated_names
    assert isinstance(evaluation, Judged)


@pytest.mark.parametrize(
    ("signer", "requester"),
    [
        pytest.param(KUBELET_SERVING, lambda n: {"node": f"node-{n}"}, id="nodes"),
        pytest.param(APP_SERVING, lambda n: an_account(f"shop-{n}"), id="services"),
    ],
)
def test_a_gate_that_changes_with_time_is_run_again_for_each_slice(
    signer: str, requester: Callable[[int], dict[str, Any]]
) -> None:
    """A CSR that is abandoned by the time its slice is judged isn't approved."""
    csrs = [
        a_csr(name=f"of-{n:03}", **requester(n), age=timedelta(seconds=880))
        for n in range(SLICE + 1)
    ]
    clock = FakeClock([NOW + timedelta(seconds=seconds) for seconds in (20, 21)])
    context = replace(a_context(), signer=SIGNERS[signer])

    found = assess(
        csrs,
        context,
        Plan(everything),
        lambda cases: dict.fromkeys([case.claim or case.identity for case in cases], NO_EVIDENCE),
        Budget(clock, context.signer.seconds),
    )

    assert [set(), {"abandoned"}] == [
        {
            refusal.reason
            for evaluation in evaluations
            if evaluation.verdict is not None
            for refusal in evaluation.verdict.refusals
            if refusal.check == "fresh"
        }
        for evaluations in found.slices()
    ]


def test_without_gates_first_all_cases_can_be_chosen_and_gates_are_checks() -> None:
    """`diagnose` and `evaluate` show why a CSR stops at a gate, and judge decided CSRs too."""
    stops = a_filed_csr(name="csr-stops", age=timedelta(hours=1))
    decided = a_filed_csr(name="csr-decided", conditions=(approved(),))
    context = a_context()
    plan = Plan(everything, gates_first=False)

    found = assess(
        [stops, decided],
        context,
        plan,
        lambda _: EVIDENCE,
        Budget(FakeClock(), context.signer.seconds),
    )
    [[first, second]] = found.slices()

    assert ([], {}) == (found.gated.passed, found.gated.stopped)
    assert first.verdict is not None
    assert second.verdict is not None
    assert ["fresh"] == [refusal.check for refusal in first.verdict.refusals]
    assert second.verdict.decision is Decision.APPROVE


def gated(*csrs: Csr, policy: Policy | None = None) -> tuple[list[str], dict[str, int]]:
    """Return the names of the CSRs that can be chosen, and how many stopped, by reason."""
    found = assessed(*csrs, context=a_context(policy=policy))
    return [case.csr.name for case in found.due], dict(found.gated.stopped)


def test_pending_csrs_past_the_gates_come_oldest_first() -> None:
    """A kubelet waits 15 minutes at most. CSRs of the same age are sorted by name."""
    csrs = [
        a_csr(name=name, node=name, extra=an_extra(), age=timedelta(minutes=age))
        for name, age in (("csr-d", 1), ("csr-c", 5), ("csr-b", 5), ("csr-a", 9))
    ]

    assert (["csr-a", "csr-b", "csr-c", "csr-d"], {}) == gated(*csrs)


def test_csrs_that_stop_at_a_gate_are_counted_by_reason() -> None:
    """CSRs that stop at a gate need no evidence, and are counted by reason."""
    csrs = [
        a_csr(name="csr-1", username="alice"),
        a_csr(name="csr-2", username="bob"),
        a_csr(name="csr-3", age=timedelta(minutes=8)),
        a_csr(name="csr-4"),
    ]

    assert (["csr-4"], {"not a node": 2, "superseded": 1}) == gated(*csrs)


def test_only_a_case_with_an_instances_session_may_pass_a_gate_by_evidence() -> None:
    """Evidence about others would take its time."""
    found = assessed(
        a_csr(name="csr-1", username="alice", extra={}), a_csr(name="csr-2", username="ops")
    )

    assert ["csr-2"] == [case.csr.name for case, _ in found.gated.open]


def test_service_requests_stop_at_gates_of_their_own() -> None:
    """No request is read for a requester that can't be served, or a name that EKS ignores."""
    csrs = [
        a_service_csr(name="web-1", username="alice"),
        a_service_csr(name="csr-1"),
        a_service_csr(name="web-2", age=timedelta(hours=1)),
        a_service_csr(name="web-3"),
    ]
    context = replace(a_context(), signer=SIGNERS[APP_SERVING])

    found = assessed(*csrs, context=context)

    assert ["web-3"] == [case.csr.name for case in found.due]
    assert {
        "not a ServiceAccount": 1,
        "EKS never issues this name": 1,
        "abandoned": 1,
    } == found.gated.stopped


@pytest.mark.parametrize("kind", ["Approved", "Denied", "Failed"])
def test_a_decided_csr_is_neither_judged_nor_counted(kind: str) -> None:
    """A decided CSR needs no decision."""
    assert ([], {}) == gated(a_csr(conditions=(replace(approved(), type=kind),)))


def test_an_issued_csr_is_neither_judged_nor_counted() -> None:
    """A CSR with a certificate needs no decision, whatever its conditions are."""
    assert ([], {}) == gated(a_csr(certificate=b"x"))


def test_a_condition_of_another_type_decides_nothing() -> None:
    """Other controllers may add conditions to a CSR."""
    assert (["csr-7znmf"], {}) == gated(a_csr(conditions=(replace(approved(), type="Seen"),)))


def test_an_evaluated_case_has_its_cluster_its_peers_and_its_evidence() -> None:
    """Every stage of the pipeline completes the same case."""
    context = a_context()

    [[evaluation]] = assessed(a_filed_csr(), context=context).slices()

    assert (context.cluster, context.policy, context.now) == (
        evaluation.case.cluster,
        evaluation.case.policy,
        evaluation.case.now,
    )
    assert a_case().peers == evaluation.case.peers
    assert an_instance() == evaluation.case.instance


def test_a_bug_in_reading_one_csr_is_reported() -> None:
    """The other CSRs are read."""
    context = a_context()

    def raises_on_one(csr: Csr, request: Request, policy: Policy) -> Identity | ServiceClaim | None:
        if csr.name == "csr-bad":
            raise RuntimeError("boom")
        return context.signer.claim(csr, request, policy)

    signer = replace(context.signer, claim=raises_on_one)

    found = assessed(
        a_filed_csr(name="csr-bad", node="bad"),
        a_filed_csr(),
        context=replace(context, signer=signer),
    )

    assert ["csr-bad"] == [bug.case.csr.name for bug in found.bugs]
    assert ["csr-7znmf"] == [parsed.csr.name for parsed in found.parsed]


def test_requests_are_kept_within_the_plans_bound() -> None:
    """Requests that are dropped are judged in a later run."""
    context = a_context()
    csrs = [a_csr(name="csr-a", node="a"), a_csr(name="csr-b", node="b")]
    plan = Plan(everything, max_bytes=weight_of(b""))

    found = assess(
        csrs, context, plan, lambda _: EVIDENCE, Budget(FakeClock(), context.signer.seconds)
    )

    assert (2, ["csr-a"]) == (len(found.due), [parsed.csr.name for parsed in found.parsed])


def test_requests_that_are_judged_after_all_others_are_kept_within_the_plans_bound() -> None:
    """Anyone who may file under many sessions could otherwise fill the function's memory."""
    context, asked = a_context(), list[str]()
    csrs = [
        a_csr(name=f"csr-{number}", username="ops", extra=an_extra(f"i-{number:017x}"))
        for number in range(3)
    ]
    plan = Plan(everything, max_bytes=2 * weight_of(b""))

    def source(cases: Sequence[Case]) -> Answers:
        asked.extend(case.csr.name for case in cases)
        return {case.identity: NO_EVIDENCE for case in cases}

    found = assess(csrs, context, plan, source, Budget(FakeClock(), context.signer.seconds))

    assert ([], 2) == (list(found.reconsidered(lambda _: True)), len(asked))
    assert {"not a node": 3} == found.gated.stopped


def test_a_case_that_is_to_be_judged_again_and_has_no_time_stays_counted() -> None:
    """The run knows no more about it than that it stopped at the gate."""
    context, clock = a_context(), DwindlingClock()
    budget = Budget(clock, context.signer.seconds)
    asked = {Identity(IdentityKind.SESSION, INSTANCE_ID, ""): NO_EVIDENCE}
    found = assess([a_csr(username="ops")], context, Plan(everything), lambda _: asked, budget)

    # Enough to read it and to begin its slice, but judging may take half of what is left then.
    clock.left, clock.step = 40.0, 10.0

    assert [] == list(found.reconsidered(lambda _: True))
    assert {"not a node": 1} == found.gated.stopped


def test_of_the_other_csrs_the_decided_ones_are_inspected_first_and_each_group_newest_first() -> (
    None
):
    """A requester can't multiply decided ones, and the newest matter most."""
    listed = [
        ("csr-c", 2, ()),
        ("csr-b", 5, (approved(),)),
        ("csr-d", 9, ()),
        ("csr-a", 1, (approved(),)),
        ("csr-e", 2, ()),
    ]
    csrs = [
        a_csr(name=name, node=name, age=timedelta(minutes=age), conditions=conditions)
        for name, age, conditions in listed
    ]
    context, inspected = a_context(), []
    plan = Plan(lambda *_: [], inspect=lambda parsed: inspected.append(parsed.csr.name))

    assess(csrs, context, plan, lambda _: EVIDENCE, Budget(FakeClock(), context.signer.seconds))

    assert ["csr-a", "csr-b", "csr-e", "csr-c", "csr-d"] == inspected


def test_without_time_for_its_evidence_no_slice_begins() -> None:
    """Its CSRs have no evaluation; the next run judges them."""
    clock, context = FakeClock(), a_context()
    budget = Budget(clock, context.signer.seconds)
    found = assess([a_filed_csr()], context, Plan(everything), lambda _: EVIDENCE, budget)

    clock.left = context.signer.seconds.to_begin

    assert 1 == len(found.parsed)
    assert [] == list(found.slices())


# --- verdicts ------------------------------------------------------------------------------------


def test_a_case_is_judged_with_its_evidence() -> None:
    """The case keeps it for the ledger."""
    case = a_case(instances=(), role=ROLE)

    [got] = judge([case], EVIDENCE, KUBELET_SERVING_CHECKS)

    assert isinstance(got, Judged)
    assert got.verdict.decision is Decision.APPROVE
    assert ((an_instance(),), ROLE) == (got.case.instances, got.case.role)


def test_without_an_identity_there_is_no_evidence() -> None:
    """The case is still judged: it is left."""
    case = a_case(csr=a_csr(extra={}), identity=None, instances=())

    [got] = judge([case], {}, KUBELET_SERVING_CHECKS)

    assert isinstance(got, Judged)
    assert got.verdict.decision is Decision.LEAVE
    assert (NO_EVIDENCE.instances, NO_EVIDENCE.role) == (got.case.instances, got.case.role)


@pytest.mark.parametrize(
    ("error", "kind"), [(EvidenceUnavailable("throttled"), NoEvidence), (OutOfTime("x"), Deferred)]
)
def test_unavailable_evidence_gives_no_verdict(
    error: EvidenceUnavailable, kind: type[NoEvidence | Deferred]
) -> None:
    """A CSR gets no verdict even if its request alone would be denied."""
    case = a_case(request=UnreadableRequest("x"), instances=())

    assert [kind(case, f"evidence unavailable: {error}")] == judge(
        [case], {BY_SESSION: error}, _CHECKS
    )


def test_a_case_that_the_evidence_leaves_out_is_a_bug_and_stops_no_other() -> None:
    """No answer isn't the answer that there is no instance."""
    left_out = a_case(identity=Identity(IdentityKind.SESSION, "i-0bbbbbbbbbbbbbbbb", "b"))

    first, second = judge([left_out, a_case()], EVIDENCE, _CHECKS)

    assert isinstance(first, Bug)
    assert isinstance(second, Judged)


def test_a_bug_in_a_check_stops_no_other_case() -> None:
    """The bug is reported and is no verdict."""
    bad = a_case(csr=a_csr(name="csr-bad"))

    def raises_on_one(case: Case) -> Refusal | None:
        if case.csr.name == "csr-bad":
            raise RuntimeError("boom")
        return None

    checks = (replace(_CHECKS[0], run=raises_on_one),)

    first, second = judge([bad, a_case()], EVIDENCE, checks)

    assert isinstance(first, Bug)
    assert first.problem == "this is a bug: RuntimeError: boom"
    assert isinstance(second, Judged)


def test_without_time_left_the_rest_is_deferred() -> None:
    """A deferred case is no bug."""
    times = iter([True, False])

    first, second = judge([a_case(), a_case()], EVIDENCE, _CHECKS, lambda: next(times))

    assert isinstance(first, Judged)
    assert isinstance(second, Deferred)
