"""Descriptions of clusters, kept in the warm environment."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from adapters.eks import DescribedCluster, EksSilent
from core.selection import is_reviewable

#: How long a description is kept. A change of tags, and so of the mode, may take this long.
KEPT_FOR: Final = timedelta(minutes=15)

#: How long it is kept while EKS throttles, fails or can't be connected to.
KEPT_IN_SILENCE: Final = timedelta(hours=1)

_MAX_KEPT: Final = 2_000


class ClusterCache:
    """Descriptions, kept for 15 minutes; for an hour while EKS gives no answer.

    Any answer of EKS ends a kept description: another one, a refusal, or one that can't be read.
    Only reviewable clusters are kept, so that a new cluster is served as soon as it is ready.
    Several threads may use it at once.
    """

    def __init__(
        self, ask: Callable[[str, str], DescribedCluster], now: Callable[[], datetime]
    ) -> None:
        """`ask`: describes a cluster by name and Region. `now`: the present, with time zone."""
        self._ask = ask
        self._now = now
        self._kept: dict[tuple[str, str], tuple[datetime, DescribedCluster]] = {}
        self._changing = Lock()

    def get(self, name: str, region: str) -> DescribedCluster:
        """Return the description, kept or requested; raise what `ask` raises."""
        kept = self._kept_for(name, region, KEPT_FOR)
        if kept:
            return kept
        try:
            described = self._ask(name, region)
        except EksSilent:
            kept = self._kept_for(name, region, KEPT_IN_SILENCE)
            if kept:
                return kept
            raise
        except Exception:
            self.forget(name, region)
            raise
        self.forget(name, region)
        if is_reviewable(described.status):
            self._keep(name, region, described)
        return described

    def forget(self, name: str, region: str) -> None:
        """Drop a description. Call it after a 401, a TLS or a connection error.

        The cluster of this name may have been replaced.
        """
        with self._changing:
            self._kept.pop((name, region), None)

    def _kept_for(self, name: str, region: str, longest: timedelta) -> DescribedCluster | None:
        asked_at, kept = self._kept.get((name, region), (None, None))
        if asked_at and kept and timedelta() <= self._now() - asked_at < longest:
            return kept
        return None

    def _keep(self, name: str, region: str, described: DescribedCluster) -> None:
        with self._changing:
            while len(self._kept) >= _MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[name, region] = (self._now(), described)
