"""A cluster's CSRs: filed, decided, issued, and deleted as Kubernetes does."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from core.model import Condition, Csr
from tests.simulation.world.timeline import HOUR, Timeline

#: Called with a CSR and whether it was deleted, after each of its changes.
Watcher = Callable[[Csr, bool], None]

# From: Kubernetes pkg/controller/certificates/cleaner/cleaner.go.
_CLEANED_EVERY = HOUR
_DECIDED_FOR = timedelta(hours=1)
_PENDING_FOR = timedelta(hours=24)


class Requests:
    """The CSRs that the API server lists. `version` changes with every write."""

    def __init__(self, timeline: Timeline, phase: float) -> None:
        """`phase`: the second of the hour in which they are cleaned."""
        self._timeline = timeline
        self._all: dict[str, Csr] = {}
        self._watchers: dict[str, Watcher] = {}
        self._listed: tuple[Csr, ...] | None = None
        self.on_change: list[Callable[[Csr], None]] = []
        self.version = 0
        #: Whether the API server answers kubelets, EKS and its own controllers.
        self.is_up = True
        timeline.after(phase, self._clean)

    def list(self) -> tuple[Csr, ...]:
        """Return all of them."""
        if self._listed is None:
            self._listed = tuple(self._all.values())
        return self._listed

    def get(self, name: str) -> Csr | None:
        """Return one; None after its deletion."""
        return self._all.get(name)

    def file(self, csr: Csr, watcher: Watcher) -> None:
        """Create a CSR; its requester watches it."""
        self._watchers[csr.name] = watcher
        self._put(csr)

    def decide(self, name: str, kind: str, reason: str) -> None:
        """Add a condition, unless the CSR is decided or gone."""
        csr = self._all.get(name)
        if csr is not None and not csr.conditions:
            self.add_condition(csr, kind, reason)

    def add_condition(self, csr: Csr, kind: str, reason: str, message: str = "") -> None:
        """Add a condition."""
        added = Condition(kind, "True", reason, message, self._timeline.now())
        self._put(replace(csr, conditions=(*csr.conditions, added)))

    def issue(self, csr: Csr, certificate: bytes) -> None:
        """Set the certificate."""
        self._put(replace(csr, certificate=certificate))

    def delete(self, name: str) -> None:
        """Delete a CSR, as the cleaner or a person does."""
        csr = self._all.pop(name, None)
        if csr is not None:
            self._changed()
            self._watchers.pop(name)(csr, True)

    def _put(self, csr: Csr) -> None:
        self._changed()
        csr = replace(csr, resource_version=str(self.version))
        self._all[csr.name] = csr
        for notice in self.on_change:
            notice(csr)
        self._watchers[csr.name](csr, False)

    def _changed(self) -> None:
        self.version += 1
        self._listed = None

    def _clean(self) -> None:
        for csr in self.list():
            if self._is_old(csr):
                self.delete(csr.name)
        self._timeline.after(_CLEANED_EVERY, self._clean)

    def _is_old(self, csr: Csr) -> bool:
        now = self._timeline.now()
        if csr.is_pending:
            return now - csr.created > _PENDING_FOR
        since = csr.conditions[-1].last_update or csr.created
        is_unissued = not csr.certificate and csr.conditions[-1].type == "Approved"
        return now - since > (_PENDING_FOR if is_unissued else _DECIDED_FOR)
