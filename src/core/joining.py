"""Clusters that nodes are joining. They are reviewed more often, so that their nodes wait less."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from core.slices import rotated

#: When the further reviews begin, in seconds after the ordinary one. The next minute's follows.
DELAYS: Final = (10, 20, 30, 40, 50)

#: Joins that last longer are a loop of launches, or constant scaling: such a cluster is
#: reviewed once a minute until a minute comes in which no node joins.
JOINS_FOR: Final = timedelta(minutes=30)

# The assumed longest review while nodes join, and what further reviews may take of each minute.
_REVIEW_SECONDS: Final = 5
_FURTHER_SECONDS: Final = 30


class _Ordered(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...

    def __hash__(self) -> int: ...


_Cluster = TypeVar("_Cluster", bound=_Ordered)


def room_for_further_reviews(reviewer_concurrency: int) -> int:
    """Return how many further reviews fit into a minute: half of what the reviewer can do."""
    return reviewer_concurrency * _FURTHER_SECONDS // _REVIEW_SECONDS


class Joining:
    """Remembers, in one environment, since when nodes have been joining each cluster."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """`now`: the time, with time zone."""
        self._now = now
        self._since: dict[Any, datetime] = {}

    def further_reviews(
        self, joining: Collection[_Cluster], unknown: Collection[_Cluster], room: int
    ) -> list[tuple[_Cluster, int]]:
        """Return this minute's further reviews, the earliest first: clusters and delays in seconds.

        `joining`: the clusters with recent launches. `unknown`: those for which EC2 gave no answer.
        If there is more to do than `room`, the clusters take turns.
        """
        now, remembered = self._now(), {*joining, *unknown}
        self._since = {one: since for one, since in self._since.items() if one in remembered}
        for one in joining:
            self._since.setdefault(one, now)
        recent = sorted(one for one in joining if now - self._since[one] < JOINS_FOR)
        chosen = rotated(recent, now)[: room // len(DELAYS)]
        return [(one, delay) for delay in DELAYS for one in chosen]
