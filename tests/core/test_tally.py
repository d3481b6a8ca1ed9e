"""The sums of a run, of CSRs with a record and of those without."""

from core.model import KUBELET_SERVING, Action, Decision, Judged, Record, RunTotals, Verdict
from core.signers import SIGNERS
from core.tally import Tally
from tests.builders import a_case


def a_record(
    action: Action, asking: float = 420.0, decision: Decision = Decision.APPROVE
) -> Record:
    evaluation = Judged(a_case(), Verdict(decision))
    return Record(evaluation, action, age_seconds=420.0, asking_seconds=asking, due=decision)


def test_without_any_csr_all_sums_are_zero() -> None:
    """So that a quiet run has its metrics."""
    assert RunTotals() == Tally(SIGNERS[KUBELET_SERVING]).totals()


def test_csrs_that_were_not_judged_count_as_pending() -> None:
    """By how long their requesters have been asking."""
    tally = Tally(SIGNERS[KUBELET_SERVING])

    tally.add_not_judged(Action.WAITING, [5.0, 80.0])
    tally.add_not_judged(Action.DEFERRED, [600.0])

    totals = tally.totals()
    assert {Action.WAITING: 2, Action.DEFERRED: 1} == totals.actions == totals.not_judged
    assert (3, 600.0) == (totals.pending, totals.oldest_pending_seconds)
    assert {} == totals.due


def test_judged_ones_and_others_add_up() -> None:
    """Those that were decided are pending no more."""
    tally = Tally(SIGNERS[KUBELET_SERVING])

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


def test_what_only_the_mode_shadow_keeps_from_being_approved_is_not_pending() -> None:
    """A new stack beside healthy nodes raises no alarm; a denial that is withheld does."""
    tally = Tally(SIGNERS[KUBELET_SERVING])

    tally.add([a_record(Action.WITHHELD, 500.0), a_record(Action.WITHHELD, 400.0, Decision.DENY)])

    totals = tally.totals()
    assert (1, 1, 400.0) == (totals.would_approve, totals.pending, totals.oldest_pending_seconds)
