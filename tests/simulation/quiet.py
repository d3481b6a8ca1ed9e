"""Quiet runs: a review would send what the one before it sent, so it needn't run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from core.acting import MOVED_UNTIL_SECONDS
from core.model import Csr
from core.settings import ReviewSettings
from tests.simulation.functions import Outcome
from tests.simulation.world.clusters import SimulatedCluster
from tests.simulation.world.timeline import START
from tests.template.points import Key

#: The metric that grows by a second a second as long as nothing else changes.
_GROWS: Final = "OldestPendingSeconds"


class Reviewed:
    """The outcome of a cluster's last real review, and for how long it holds."""

    def __init__(
        self, outcome: Outcome, version: int, cluster: SimulatedCluster, settings: ReviewSettings
    ) -> None:
        """`version`: of the requests before the review, which may have written decisions."""
        self._outcome = outcome
        self._version = version
        self._timeline = cluster.timeline
        self._at = cluster.timeline.seconds
        self._grows = any(_grows(key) and any(values) for key, values in outcome.metrics.items())
        due = {
            when
            for csr in cluster.requests.list()
            if _is_undecided(csr)
            for when in _due(csr, settings)
        }
        self._next_due = min((when for when in due if when >= self._at), default=float("inf"))

    def still_holds_for(self, cluster: SimulatedCluster) -> bool:
        """Return whether nothing has changed, and nothing has fallen due."""
        now = self._timeline.seconds
        is_calm = now >= cluster.restless_until and now < self._next_due
        return is_calm and cluster.requests.version == self._version

    def outcome_now(self) -> Outcome:
        """Return the outcome, with the age of the oldest pending request as of now."""
        if not self._grows:
            return self._outcome
        older = self._timeline.seconds - self._at
        metrics = {
            key: [value + older if _grows(key) and value else value for value in values]
            for key, values in self._outcome.metrics.items()
        }
        return replace(self._outcome, metrics=metrics)


def _is_undecided(csr: Csr) -> bool:
    if csr.certificate:
        return False
    return csr.is_pending or csr.conditions[-1].type == "Approved"


def _due(csr: Csr, settings: ReviewSettings) -> Iterator[float]:
    """Yield the seconds at which something falls due by the age of a request or its approval.

    This one's age also decides when a younger request of the same requester is judged.
    """
    since = csr.created
    for seconds in (
        settings.approve_after_seconds,
        settings.deny_after_seconds,
        settings.max_csr_age_seconds,
        MOVED_UNTIL_SECONDS,
    ):
        yield _seconds(since + timedelta(seconds=seconds) - START)
    for condition in csr.conditions:
        decided = condition.last_update or since
        yield _seconds(decided + timedelta(seconds=settings.issue_grace_seconds) - START)


def _seconds(since_start: timedelta) -> float:
    return since_start.total_seconds()


def _grows(key: Key) -> bool:
    _, name, _ = key
    return name == _GROWS
