"""A cache of EKS's descriptions of clusters, which lives as long as the warm environment."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from adapters.eks import DescribedCluster, EksSilent
from core.selection import is_reviewable

#: How long a description is used without asking EKS. A change of a cluster's tags, and so of its
#: mode, may take this long to have an effect.
KEPT_FOR: Final = timedelta(minutes=15)

#: How long a description is used while EKS throttles, fails or can't be connected to.
KEPT_WITHOUT_ANSWER: Final = timedelta(hours=1)

# Bounds the memory; beyond it, the oldest description is dropped.
_MAX_DESCRIPTIONS: Final = 2_000


class ClusterCache:
    """Keep descriptions for 15 minutes, or for an hour while EKS gives no answer.

    Any answer of EKS ends a kept description: a new description, a refusal, or an answer that can't
    be read. Only reviewable clusters are kept, so that a new cluster is served as soon as it is
    ready. Several threads may use the cache at once.
    """

    def __init__(
        self, ask: Callable[[str, str], DescribedCluster], now: Callable[[], datetime]
    ) -> None:
        """`ask`: asks EKS for a cluster, by name and Region. `now`: the time, with time zone."""
        self._ask = ask
        self._now = now
        self._descriptions: dict[tuple[str, str], tuple[datetime, DescribedCluster]] = {}
        self._changing = Lock()

    def get(self, name: str, region: str) -> DescribedCluster:
        """Return the kept description, or ask EKS for a new one; raise what `ask` raises."""
        kept = self._younger_than(name, region, KEPT_FOR)
        if kept:
            return kept
        asked_at = self._now()
        try:
            described = self._ask(name, region)
        except EksSilent:
            # No answer says nothing about the cluster, so an older description may still be used.
            kept = self._younger_than(name, region, KEPT_WITHOUT_ANSWER)
            if kept:
                return kept
            raise
        except Exception:
            self.forget(name, region)
            raise
        self.forget(name, region)
        if is_reviewable(described.status):
            self._keep(name, region, asked_at, described)
        return described

    def keeps(self, name: str, region: str) -> bool:
        """Return whether `get` returns a kept description without asking EKS."""
        return self._younger_than(name, region, KEPT_FOR) is not None

    def forget(self, name: str, region: str) -> None:
        """Drop a description. Call this after a 401, a TLS error or a connection error.

        After such an error the cluster may have been replaced by another one of the same name.
        """
        with self._changing:
            self._descriptions.pop((name, region), None)

    def _younger_than(self, name: str, region: str, max_age: timedelta) -> DescribedCluster | None:
        """Return the description if it is younger than `max_age`."""
        asked_at, kept = self._descriptions.get((name, region), (None, None))
        # An age below zero means that the clock was set back, so the real age is unknown.
        if asked_at and kept and timedelta() <= self._now() - asked_at < max_age:
            return kept
        return None

    def _keep(
        self, name: str, region: str, asked_at: datetime, described: DescribedCluster
    ) -> None:
        with self._changing:
            # A dict keeps the order of insertion, so its first key is the oldest description.
            while len(self._descriptions) >= _MAX_DESCRIPTIONS:
                del self._descriptions[next(iter(self._descriptions))]
            self._descriptions[name, region] = (asked_at, described)
