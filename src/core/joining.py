"""Clusters that nodes are joining. They are reviewed more often, so that their nodes wait less."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any, Final, Protocol, TypeVar

from core.slices import rotated

#: When the extra reviews begin, in seconds after the ordinary one. The next minute's follows.
DELAYS: Final = (10, 20, 30, 40, 50)

#: A cluster that nodes have been joining for so long has a launch loop, or always scales: it is
#: reviewed once a minute until a minute comes in which no node joins.
JOINS_FOR: Final = timedelta(minutes=30)

# What a review takes at most while nodes join, and what extra reviews may take of each minute.
_REVIEW_SECONDS: Final = 5
_EXTRA_SECONDS: Final = 30


class _Ordered(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...

    def __hash__(self) -> int: ...


_Cluster = TypeVar("_Cluster", bound=_Ordered)


def room_for_extra(reviewer_concurrency: int) -> int:
    """Return how many extra reviews a minute has room for: half of what the reviewer can do."""
    return reviewer_concurrency * _EXTRA_SECONDS // _REVIEW_SECONDS


class Joining:
    """What one environment remembers of the clusters that nodes are joining."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """`now`: the present, with time zone."""
        self._now = now
        self._since: dict[Any, datetime] = {}

    def further_reviews(
        self, joining: Collection[_Cluster], unknown: Collection[_Cluster], room: int
    ) -> list[tuple[_Cluster, int]]:
        """Return the extra reviews of this minute, the earliest first: clusters and delays.

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
