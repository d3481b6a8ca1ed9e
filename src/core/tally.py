"""The sums of a run, counted as it goes: of ten thousand CSRs no record is kept."""

from collections import Counter
from collections.abc import Iterable

from core.model import APP_SERVING, Action, Decision, Judged, Record, RoleUnknown, Sums

# An overtaken CSR was decided or deleted by others, so it isn't pending. But it counts: one that
# is in conflict in every run must not be lost sight of.
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
        """Count CSRs that were judged, or that couldn't be."""
        for record in records:
            self._actions[record.action] += 1
            if record.due is not None:
                self._due[record.due] += 1
            self._bugs += is_bug(record.judged)
            self._without_evidence += _is_without_evidence(record.judged)
            if _is_pending(record):
                self._wait(record.asking_seconds)

    def add_not_judged(self, action: Action, asking_seconds: Iterable[float]) -> None:
        """Count pending CSRs that were not judged in this run, by how long they have been asked."""
        for seconds in asking_seconds:
            self._actions[action] += 1
            self._not_judged[action] += 1
            self._wait(seconds)

    def sums(self) -> Sums:
        """Return what was counted."""
        return Sums(
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
    """Return True when it waits on. One that couldn't be read may have been decided long ago.

    Of ServiceAccounts' requests those that are left are people's to approve: they don't wait for
    us, and an alarm on them would be one that nothing here can end.
    """
    csr = record.judged.case.csr
    is_peoples = csr.signer == APP_SERVING and record.action is Action.LEFT
    return record.action not in _DECIDED and csr.is_pending and not is_peoples


def _is_without_evidence(judged: Judged) -> bool:
    role = judged.case.role
    return judged.evidence_unavailable or (isinstance(role, RoleUnknown) and role.fault)
