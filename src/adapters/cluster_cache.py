"""A cache of EKS's descriptions of clusters, which lives as long as the warm environment."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Final
from zlib import crc32

from adapters.eks import DescribedCluster, EksGaveNoAnswer
from core.selection import is_reviewable

#: How long a description is used without asking EKS. A change of a cluster's tags, and so of its
#: mode, may take this long to have an effect.
KEPT_FOR: Final = timedelta(minutes=15)

#: How long a description is used while EKS throttles, fails or can't be connected to.
KEPT_WITHOUT_ANSWER: Final = timedelta(hours=1)

# Bounds the memory; beyond it, the oldest description is dropped.
_MAX_DESCRIPTIONS: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Kept:
    described: DescribedCluster
    asked_at: datetime
    kept_for: timedelta


class ClusterCache:
    """Keep descriptions for 15 minutes, or for an hour while EKS gives no answer.

    Any answer of EKS ends a kept description: a new description, a refusal, or an answer that can't
    be read. Only reviewable clusters are kept, so that a new cluster is served as soon as it is
    ready. Several threads may use the cache at once.
    """

    def __init__(
        self,
        ask: Callable[[str, str], DescribedCluster],
        now: Callable[[], datetime],
        *,
        spread: bool = False,
    ) -> None:
        """`ask`: asks EKS for a cluster, by name and Region. `now`: the time, with time zone.

        `spread`: keep a cluster's first description for a part of the 15 minutes that depends on
        its name. A cold start asks for all clusters at once; without this, it would ask for all of
        them again each 15 minutes, and EKS might throttle it.
        """
        self._ask = ask
        self._now = now
        self._spread = spread
        self._descriptions: dict[tuple[str, str], _Kept] = {}
        self._changing = Lock()

    def get(self, name: str, region: str) -> DescribedCluster:
        """Return the kept description, or ask EKS for a new one; raise what `ask` raises."""
        kept = self.kept(name, region)
        if kept:
            return kept
        asked_at = self._now()
        try:
            described = self._ask(name, region)
        except EksGaveNoAnswer:
            # No answer says nothing about the cluster, so an older description may still be used.
            kept = self._younger_than(name, region, KEPT_WITHOUT_ANSWER)
            if kept:
                return kept
            raise
        except Exception:
            self.forget(name, region)
            raise
        self._replace(name, region, described, asked_at)
        return described

    def kept(self, name: str, region: str) -> DescribedCluster | None:
        """Return the description if it is young enough, so that EKS needn't be asked."""
        kept = self._descriptions.get((name, region))
        return self._younger_than(name, region, kept.kept_for) if kept else None

    def forget(self, name: str, region: str) -> None:
        """Drop a description. Call this after a 401, a TLS error or a connection error.

        After such an error the cluster may have been replaced by another one of the same name.
        """
        with self._changing:
            self._descriptions.pop((name, region), None)

    def _younger_than(self, name: str, region: str, max_age: timedelta) -> DescribedCluster | None:
        """Return the description if it is younger than `max_age`."""
        kept = self._descriptions.get((name, region))
        # An age below zero means that the clock was set back, so the real age is unknown.
        if kept and timedelta() <= self._now() - kept.asked_at < max_age:
            return kept.described
        return None

    def _replace(
        self, name: str, region: str, described: DescribedCluster, asked_at: datetime
    ) -> None:
        """Drop the earlier description; keep this one if its cluster can be reviewed."""
        is_first = (name, region) not in self._descriptions
        self.forget(name, region)
        if is_reviewable(described.status):
            part = _part_of(name, region) if self._spread and is_first else 1.0
            self._keep(name, region, _Kept(described, asked_at, KEPT_FOR * part))

    def _keep(self, name: str, region: str, kept: _Kept) -> None:
        with self._changing:
            # A dict keeps the order of insertion, so its first key is the oldest description.
            while len(self._descriptions) >= _MAX_DESCRIPTIONS:
                del self._descriptions[next(iter(self._descriptions))]
            self._descriptions[name, region] = kept


def _part_of(name: str, region: str) -> float:
    """Return a number from 0 to 1, spread evenly over the names and always the same for a name."""
    return crc32(f"{region}/{name}".encode()) / 2**32
