"""The totals of a run: CSRs with a record and CSRs without."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from core.model import (
    APP_SERVING,
    KUBELET_SERVING,
    Action,
    Bug,
    Case,
    Decision,
    Deferred,
    Evaluation,
    Judged,
    NoEvidence,
    Record,
    RoleUnknown,
    RunTotals,
    Verdict,
)
from core.review import review
from core.settings import Mode
from core.signers import SIGNERS
from core.tally import Tally
from tests.builders import (
    a_case,
    a_cluster,
    a_csr,
    a_filed_csr,
    an_instance,
    approved,
    settings,
)
from tests.core.fakes import FakeWorld

IAM_FAILED = a_case(role=RoleUnknown("AccessDenied", fault=True))


def a_record(
    action: Action, asking: float = 420.0, decision: Decision = Decision.APPROVE
) -> Record:
    return record_of(Judged(a_case(), Verdict(decision)), action, asking, decision)


def record_of(
    evaluation: Evaluation, action: Action, asking: float = 420.0, due: Decision | None = None
) -> Record:
    return Record(evaluation, action, 420.0, asking, due, mode=Mode.ENFORCE)


def totals_of(*records: Record, signer: str = KUBELET_SERVING) -> RunTotals:
    tally = Tally(SIGNERS[signer], Mode.ENFORCE)
    tally.add(records)
    return tally.totals()


def test_without_any_csr_all_totals_are_zero() -> None:
    """A run without CSRs emits metrics too."""
    assert RunTotals() == Tally(SIGNERS[KUBELET_SERVING], Mode.SHADOW).totals()


def test_csrs_that_were_not_judged_count_as_pending() -> None:
    """The oldest may be due for a decision; its age counts from its requester's first request."""
    tally = Tally(SIGNERS[KUBELET_SERVING], Mode.SHADOW)

    tally.add_not_judged(Action.WAITING, [5.0, 800.0])
    tally.add_not_judged(Action.DEFERRED, [600.0])

    totals = tally.totals()
    assert {Action.WAITING: 2, Action.DEFERRED: 1} == totals.actions == totals.not_judged
    assert (3, 600.0) == (totals.pending, totals.oldest_pending_seconds)
    assert {} == totals.due


def test_csrs_for_which_no_decision_can_be_due_yet_have_no_oldest() -> None:
    """A requester may have been asking for long, by requests that are no longer pending."""
    tally = Tally(SIGNERS[KUBELET_SERVING], Mode.SHADOW)

    tally.add_not_judged(Action.WAITING, [5.0])

    assert (1, 0.0) == (tally.totals().pending, tally.totals().oldest_pending_seconds)


@pytest.mark.parametrize("moved", [False, True], ids=["denied", "public address moved"])
def test_a_csr_whose_denial_is_due_is_pending_but_not_the_oldest(*, moved: bool) -> None:
    """It is counted as denied, or as moved, and has an alarm of its own."""
    denied = a_record(Action.WITHHELD, 800.0, Decision.DENY)

    totals = totals_of(replace(denied, is_moved_address=moved), a_record(Action.LEFT, 300.0))

    assert (2, 300.0) == (totals.pending, totals.oldest_pending_seconds)


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(lambda: a_record(Action.NOT_WRITTEN, 800.0), id="not written"),
        pytest.param(lambda: record_of(Bug(a_case(), "boom"), Action.UNDECIDED, 800.0), id="a bug"),
        pytest.param(
            lambda: record_of(NoEvidence(a_case(), "throttled"), Action.UNDECIDED, 800.0),
            id="without evidence from EC2",
        ),
        pytest.param(
            lambda: record_of(Judged(IAM_FAILED, Verdict(Decision.LEAVE)), Action.LEFT, 800.0),
            id="without evidence from IAM",
        ),
    ],
)
def test_a_csr_whose_trouble_another_metric_counts_is_not_the_oldest(
    record: Callable[[], Record],
) -> None:
    """One problem fires one alarm: without IAM for an hour, each cluster would fire its own."""
    totals = totals_of(record())

    assert (1, 0.0) == (totals.pending, totals.oldest_pending_seconds)


@pytest.mark.parametrize("state", ["shutting-down", "terminated", "stopping", "stopped"])
def test_a_csr_of_an_instance_that_has_ended_is_not_the_oldest(state: str) -> None:
    """No kubelet waits for its certificate: a node may end at any time."""
    case = a_case(instance=an_instance(state=state))
    left = Judged(case, Verdict(Decision.LEAVE))

    totals = totals_of(record_of(left, Action.LEFT, 800.0))

    assert (1, 0.0) == (totals.pending, totals.oldest_pending_seconds)


def test_judged_and_other_csrs_add_up() -> None:
    """Decided CSRs are no longer pending."""
    tally = Tally(SIGNERS[KUBELET_SERVING], Mode.SHADOW)

    tally.add([a_record(Action.APPROVED, 800.0), a_record(Action.OVERTAKEN, 500.0)])
    tally.add_not_judged(Action.WAITING, [30.0])

    totals = tally.totals()
    assert {Action.APPROVED: 1, Action.OVERTAKEN: 1, Action.WAITING: 1} == totals.actions
    assert {Action.WAITING: 1} == totals.not_judged
    assert (2, 500.0, {Decision.APPROVE: 2}) == (
        totals.pending,
        totals.oldest_pending_seconds,
        totals.due,
    )


def test_an_approval_withheld_by_shadow_mode_is_not_pending() -> None:
    """A new stack in shadow mode makes no alarm fire; a withheld denial does."""
    tally = Tally(SIGNERS[KUBELET_SERVING], Mode.SHADOW)

    approval, denial = a_record(Action.WITHHELD), a_record(Action.WITHHELD, decision=Decision.DENY)
    tally.add([approval, approval, denial])

    totals = tally.totals()
    assert (2, 1, 1) == (totals.would_approve, totals.pending, totals.due[Decision.DENY])


# --- each kind of record -------------------------------------------------------------------------

LEFT = Judged(a_case(), Verdict(Decision.LEAVE))
NO_PROFILE = a_case(role=RoleUnknown("the instance has no instance profile"))


@pytest.mark.parametrize(
    ("evaluation", "bugs", "without_evidence"),
    [
        pytest.param(LEFT, 0, 0, id="left"),
        pytest.param(Bug(a_case(), "x"), 1, 0, id="a-bug"),
        pytest.param(NoEvidence(a_case(), "throttled"), 0, 1, id="no-evidence"),
        pytest.param(Deferred.in_this_run(a_case()), 0, 0, id="no-time"),
        pytest.param(Judged(IAM_FAILED, Verdict(Decision.LEAVE)), 0, 1, id="IAM-failed"),
        pytest.param(Judged(NO_PROFILE, Verdict(Decision.LEAVE)), 0, 0, id="no-profile"),
    ],
)
def test_bugs_and_csrs_without_evidence_are_counted(
    evaluation: Evaluation, bugs: int, without_evidence: int
) -> None:
    """A service that gave no answer counts, an answer that shows nothing doesn't."""
    once = totals_of(record_of(evaluation, Action.LEFT))
    twice = totals_of(*[record_of(evaluation, Action.LEFT)] * 2)

    assert (bugs, without_evidence) == (once.bugs, once.without_evidence)
    assert (2 * bugs, 2 * without_evidence) == (twice.bugs, twice.without_evidence)


def test_a_csr_for_which_nothing_is_due_counts_for_no_decision() -> None:
    """The CSR's action is counted."""
    totals = totals_of(record_of(LEFT, Action.LEFT))

    assert ({}, {Action.LEFT: 1}) == (totals.due, totals.actions)


def a_case_of(kind: str) -> Case:
    return a_case(csr=a_csr(conditions=() if kind == "pending" else (approved("AutoApproved"),)))


@pytest.mark.parametrize(
    ("action", "kind", "of_nodes", "of_services"),
    [
        (Action.APPROVED, "pending", 0, 0),
        (Action.DENIED, "pending", 0, 0),
        (Action.REAPPROVED, "decided", 0, 0),
        (Action.LEFT, "pending", 1, 0),
        (Action.LEFT, "decided", 0, 0),
        (Action.WAITING, "pending", 1, 1),
        (Action.WITHHELD, "pending", 1, 1),
        (Action.OVERTAKEN, "pending", 1, 1),
        (Action.NOT_WRITTEN, "pending", 1, 1),
        (Action.DEFERRED, "pending", 1, 1),
        (Action.UNDECIDED, "pending", 1, 1),
        (Action.UNDECIDED, "decided", 0, 0),
    ],
)
def test_a_csr_is_pending_until_it_is_decided_or_left_to_people(
    action: Action, kind: str, of_nodes: int, of_services: int
) -> None:
    """A Service's request that is left waits for a person; a node's is pending."""
    record = record_of(Judged(a_case_of(kind), Verdict(Decision.LEAVE)), action)

    assert [of_nodes, of_services] == [
        totals_of(record, signer=signer).pending for signer in (KUBELET_SERVING, APP_SERVING)
    ]


def test_a_run_counts_each_action_and_decision_and_none_as_zero() -> None:
    """Metrics are numbers."""
    done = review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(), FakeWorld(a_filed_csr()).ports)

    assert (1, 0) == (done.count(Action.APPROVED), done.count(Action.DENIED))
    assert (1, 0) == (done.due(Decision.APPROVE), done.due(Decision.DENY))
