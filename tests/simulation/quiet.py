"""In which minutes a review would send what the one before it sent, so that it needn't run."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final

from core.acting import MOVED_UNTIL_SECONDS
from core.model import Csr
from core.settings import ReviewSettings
from tests.simulation.functions import Outcome
from tests.simulation.printed import Values
from tests.simulation.world.clusters import SimulatedCluster
from tests.simulation.world.timeline import START

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
        self._grows = any(name == _GROWS and value for name, value in _all_values(outcome))
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
        """Return the outcome, in which what waits has become older."""
        if not self._grows:
            return self._outcome
        older = self._timeline.seconds - self._at
        values = tuple(_aged(one, older) for one in self._outcome.values)
        return replace(self._outcome, values=values)


def _is_undecided(csr: Csr) -> bool:
    if csr.certificate:
        return False
    return csr.is_pending or csr.conditions[-1].type == "Approved"


def _due(csr: Csr, settings: ReviewSettings) -> Iterator[float]:
    """Yield the seconds at which something falls due by the age of a request or its approval.

    A younger request of the same requester is judged by this one's age, too.
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


def _all_values(outcome: Outcome) -> Iterator[tuple[str, float]]:
    for one in outcome.values:
        yield from one.values


def _aged(one: Values, seconds: float) -> Values:
    values = tuple(
        (name, value + seconds if name == _GROWS and value else value) for name, value in one.values
    )
    return replace(one, values=values)
