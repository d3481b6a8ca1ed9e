"""Count a run's totals as it goes, so that ten thousand records need not be kept."""

from collections import Counter
from collections.abc import Iterable

from core.model import Action, Bug, Decision, Evaluation, NoEvidence, Record, RoleUnknown, RunTotals
from core.settings import Mode
from core.signers import Signer

# OVERTAKEN is not among these, though another approver has decided the CSR or it was deleted: it
# counts as pending, or a CSR with a conflict in every run would never be noticed.
_DECIDED = frozenset({Action.APPROVED, Action.DENIED})

# States of an instance that no kubelet runs on any more.
# From: EC2 API reference, InstanceState.
_ENDED = frozenset({"shutting-down", "terminated", "stopping", "stopped"})


class Tally:
    """The totals so far."""

    def __init__(self, signer: Signer, mode: Mode) -> None:
        """Begin with zero.

        `mode`: the stack's own. What a cluster's tag keeps from being approved stays pending, or
        anyone who may tag clusters could end a cluster's approvals without an alarm.
        """
        self._signer = signer
        self._mode = mode
        self._actions: Counter[Action] = Counter()
        self._not_judged: Counter[Action] = Counter()
        self._due: Counter[Decision] = Counter()
        self._pending = 0
        self._would_approve = 0
        self._moved_addresses = 0
        self._oldest = 0.0
        self._bugs = 0
        self._without_evidence = 0

    def add(self, records: Iterable[Record]) -> None:
        """Count the CSRs of these records, with or without a verdict."""
        for record in records:
            self._actions[record.action] += 1
            if record.is_moved_address:
                self._moved_addresses += 1
            elif record.due is not None:
                self._due[record.due] += 1
            self._bugs += isinstance(record.evaluation, Bug)
            self._without_evidence += _is_without_evidence(record.evaluation)
            self._would_approve += self._is_only_shadowed(record)
            if self._is_pending(record):
                self._pending += 1
                if not _is_never_the_oldest(record):
                    self._oldest = max(self._oldest, record.asking_seconds)

    def add_not_judged(self, action: Action, asking_seconds: Iterable[float]) -> None:
        """Count pending CSRs that this run didn't judge.

        `action`: what happened to them. WAITING means that no decision can be due yet, so none of
        them counts as the oldest.
        `asking_seconds`: for each of them, how long its requester has been asking.
        """
        for seconds in asking_seconds:
            self._actions[action] += 1
            self._not_judged[action] += 1
            self._pending += 1
            if action is not Action.WAITING:
                self._oldest = max(self._oldest, seconds)

    def totals(self) -> RunTotals:
        """Return the totals."""
        return RunTotals(
            actions=self._actions,
            not_judged=self._not_judged,
            due=self._due,
            pending=self._pending,
            would_approve=self._would_approve,
            moved_addresses=self._moved_addresses,
            oldest_pending_seconds=self._oldest,
            bugs=self._bugs,
            without_evidence=self._without_evidence,
        )

    def _is_pending(self, record: Record) -> bool:
        """Return True when the CSR still waits for us after the run.

        The action alone doesn't show it: a CSR without a verdict may have been decided long ago.
        """
        if record.action is Action.LEFT and self._signer.left_to_people:
            return False
        if self._is_only_shadowed(record):
            return False
        return record.action not in _DECIDED and record.evaluation.case.csr.is_pending

    def _is_only_shadowed(self, record: Record) -> bool:
        """Return True when only the stack's mode kept a pending CSR from being approved.

        It doesn't count as pending, so that a stack in the mode shadow raises no alarm.
        """
        verdict = record.evaluation.verdict
        is_approval = verdict is not None and verdict.decision is Decision.APPROVE
        is_withheld = record.action is Action.WITHHELD and self._mode is Mode.SHADOW
        return is_approval and is_withheld and record.evaluation.case.csr.is_pending


def _is_never_the_oldest(record: Record) -> bool:
    """Return True when a pending CSR doesn't count as the oldest, whatever its age.

    Another metric counts its problem, which must not fire two alarms: a denial is due, EC2 or IAM
    gave no answer, a write failed, or there is a bug. Or its instance has ended, and no kubelet
    waits for it. A request for a public address that has moved is replaced within 15 minutes; if
    it isn't, it counts as denied.
    """
    instance = record.evaluation.case.single_instance
    has_ended = instance is not None and instance.state in _ENDED
    is_error = record.action is Action.NOT_WRITTEN or isinstance(record.evaluation, Bug)
    is_counted = record.due is Decision.DENY or is_error
    return is_counted or has_ended or _is_without_evidence(record.evaluation)


def _is_without_evidence(evaluation: Evaluation) -> bool:
    role = evaluation.case.role
    is_role_missing = isinstance(role, RoleUnknown) and role.fault
    return isinstance(evaluation, NoEvidence) or is_role_missing
