"""The sums of a run, counted as it goes, so that no record of ten thousand CSRs is kept."""

from collections import Counter
from collections.abc import Iterable

from core.model import APP_SERVING, Action, Decision, Judged, Record, RoleUnknown, RunTotals

# An overtaken CSR isn't in here, though others have decided or deleted it: it counts as pending, or
# one that meets a conflict in every run would never be noticed.
_DECIDED = frozenset({Action.APPROVED, Action.DENIED})


class Tally:
    """The sums so far."""

    def __init__(self) -> None:
        """Begin with zero."""
        self._actions: Counter[Action] = Counter()
        self._not_judged: Counter[Action] = Counter()
        self._due: Counter[Decision] = Counter()
        self._pending = 0
        self._oldest = 0.0
        self._bugs = 0
        self._without_evidence = 0

    def add(self, records: Iterable[Record]) -> None:
        """Count CSRs that were judged, or that could not be judged."""
        for record in records:
            self._actions[record.action] += 1
            if record.due is not None:
                self._due[record.due] += 1
            self._bugs += is_bug(record.judged)
            self._without_evidence += _is_without_evidence(record.judged)
            if _is_pending(record):
                self._wait(record.asking_seconds)

    def add_not_judged(self, action: Action, asking_seconds: Iterable[float]) -> None:
        """Count pending CSRs that this run didn't judge.

        `asking_seconds`: for each of them, how long its requester has been asking.
        """
        for seconds in asking_seconds:
            self._actions[action] += 1
            self._not_judged[action] += 1
            self._wait(seconds)

    def totals(self) -> RunTotals:
        """Return what was counted."""
        return RunTotals(
            actions=self._actions,
            not_judged=self._not_judged,
            due=self._due,
            pending=self._pending,
            oldest_pending_seconds=self._oldest,
            bugs=self._bugs,
            without_evidence=self._without_evidence,
        )

    def _wait(self, asking_seconds: float) -> None:
        self._pending += 1
        self._oldest = max(self._oldest, asking_seconds)


def is_bug(judged: Judged) -> bool:
    """Return True when our own code failed: there is no verdict for any other reason."""
    return judged.verdict is None and not (judged.evidence_unavailable or judged.deferred)


def _is_pending(record: Record) -> bool:
    """Return True when the CSR still waits for us after the run.

    The action alone doesn't say so: a CSR that couldn't be read may have been decided long ago.
    A ServiceAccount's request that is left is for a person to approve. It doesn't wait for us, and
    nothing here could end an alarm about it.
    """
    csr = record.judged.case.csr
    is_peoples = csr.signer == APP_SERVING and record.action is Action.LEFT
    return record.action not in _DECIDED and csr.is_pending and not is_peoples


def _is_without_evidence(judged: Judged) -> bool:
    role = judged.case.role
    return judged.evidence_unavailable or (isinstance(role, RoleUnknown) and role.fault)
