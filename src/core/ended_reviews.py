"""Clusters whose reviews a tag has ended, which must not go unnoticed."""

from collections.abc import Callable, Hashable
from datetime import datetime, timedelta
from typing import Final

from core.selection import Choice

#: How long it is reported: long enough for an alarm, and not for ever, as it may be meant.
REPORTED_FOR: Final = timedelta(hours=1)

_MAX_KEPT: Final = 2_000


class EndedReviews:
    """What one environment remembers of the clusters that it has assigned."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """`now`: the time, with time zone."""
        self._now = now
        # When a review was first found to have ended; None while it goes on.
        self._ended: dict[Hashable, datetime | None] = {}

    def is_reported(self, cluster: Hashable, choice: Choice) -> bool:
        """Return whether a tag has ended the cluster's reviews within the last hour.

        `choice`: this run's. It says nothing about a cluster that wasn't described.
        """
        if choice is Choice.REVIEWED:
            self._keep(cluster)
        elif choice is Choice.NOT_READY:  # what is ready later is another cluster of this name
            self._ended.pop(cluster, None)
        if choice not in {Choice.OFF, Choice.NOT_SELECTED} or cluster not in self._ended:
            return False
        since = self._ended[cluster] or self._now()
        self._ended[cluster] = since
        return self._now() - since < REPORTED_FOR

    def _keep(self, cluster: Hashable) -> None:
        self._ended.pop(cluster, None)
        self._ended[cluster] = None
        if len(self._ended) > _MAX_KEPT:
            del self._ended[next(iter(self._ended))]
