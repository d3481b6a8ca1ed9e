"""The totals of a run: CSRs with a record and CSRs without."""

from core.model import KUBELET_SERVING, Action, Decision, Judged, Record, RunTotals, Verdict
from core.settings import Mode
from core.signers import SIGNERS
from core.tally import Tally
from tests.builders import a_case


def a_record(
    action: Action, asking: float = 420.0, decision: Decision = Decision.APPROVE
) -> Record:
    evaluation = Judged(a_case(), Verdict(decision))
    return Record(evaluation, action, age_seconds=420.0, asking_seconds=asking, due=decision)


def test_without_any_csr_all_totals_are_zero() -> None:
    """A run without CSRs emits metrics too."""
    assert RunTotals() == Tally(SIGNERS[KUBELET_SERVING], Mode.SHADOW).totals()


def test_csrs_that_were_not_judged_count_as_pending() -> None:
    """Their age is the time since their requester's first request."""
    tally = Tally(SIGNERS[KUBELET_SERVING], Mode.SHADOW)

    tally.add_not_judged(Action.WAITING, [5.0, 80.0])
    tally.add_not_judged(Action.DEFERRED, [600.0])

    totals = tally.totals()
    assert {Action.WAITING: 2, Action.DEFERRED: 1} == totals.actions == totals.not_judged
    assert (3, 600.0) == (totals.pending, totals.oldest_pending_seconds)
    assert {} == totals.due


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

    tally.add([a_record(Action.WITHHELD, 500.0), a_record(Action.WITHHELD, 400.0, Decision.DENY)])

    totals = tally.totals()
    assert (1, 1, 400.0) == (totals.would_approve, totals.pending, totals.oldest_pending_seconds)
