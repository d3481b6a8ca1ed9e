"""The clusters of the account: which there are, and what to do about each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from adapters import eks
from adapters.answers import answers_in_time
from adapters.aws_account import Aws
from adapters.cluster_cache import ClusterCache
from adapters.eks import ClusterNotFound, DescribedCluster
from adapters.queue import Assignment
from core import selection
from core.budget import DISPATCH_SECONDS
from core.errors import ClusterUnavailable
from core.ports import Clock
from core.printable import printable
from core.selection import Choice
from core.settings import DispatchSettings
from handlers.environment import bug_text, served_regions

# How many calls run in parallel.
_LISTED_AT_ONCE: Final = 32
_DESCRIBED_AT_ONCE: Final = 8

# The names of a Region's clusters, or a text that says why they can't be listed.
_NamesOrProblem = list[str] | str

_LIST_TOO_LATE: Final[_NamesOrProblem] = "list: EKS ListClusters: no answer in time"


class AccountClusters:
    """Asks EKS, in all Regions, and keeps the descriptions of clusters."""

    def __init__(
        self,
        settings: DispatchSettings,
        aws: Aws,
        describe: Callable[[str, str], DescribedCluster],
        now: Callable[[], datetime],
    ) -> None:
        """`describe`: asks EKS for a cluster, by name and Region. `now`: the time, with time zone.

        Raises:
            BadSettings: REGIONS has a name that isn't a Region's.
        """
        self._settings = settings
        self._aws = aws
        self._regions = served_regions(settings.regions, aws.home)
        self._clusters = ClusterCache(describe, now, spread=True)

    def named(self, clock: Clock, problems: list[str]) -> tuple[int, list[Assignment]]:
        """Return the number of all clusters, and an assignment for each that is selected by name.

        A Region that can't be listed adds to `problems` and counts as empty.
        """
        clients = {region: self._aws.client("eks", region) for region in self._regions}

        def names(region: str) -> _NamesOrProblem:
            try:
                return eks.list_clusters(clients[region])
            except ClusterUnavailable as error:
                return str(error)
            except Exception as error:  # noqa: BLE001  a bug with one must not stop the others
                return bug_text(error)

        lists = answers_in_time(
            names, self._regions, _seconds_to_find(clock), _LIST_TOO_LATE, at_once=_LISTED_AT_ONCE
        )
        cluster_count, named = 0, list[Assignment]()
        for region, listed in zip(self._regions, lists, strict=True):
            if isinstance(listed, str):
                problems.append(f"{region}: {listed}")
            else:
                cluster_count += len(listed)
                named += self._assignments(listed, region, problems)
        return cluster_count, named

    def _assignments(
        self, names: Sequence[str], region: str, problems: list[str]
    ) -> Iterator[Assignment]:
        """Yield an assignment for each cluster of one Region that is selected by name."""
        for name in names:
            if not selection.is_named(self._settings, name, region, home=self._aws.home):
                continue
            try:
                yield Assignment(cluster=name, region=region)
            except ValueError:
                problems.append(f"{region}: invalid cluster name, {printable(name, 100)}")

    def choices(
        self, named: Sequence[Assignment], clock: Clock, problems: list[str]
    ) -> Mapping[Assignment, Choice]:
        """Return what to do about each cluster; UNKNOWN if EKS doesn't describe it in time."""

        def choice(one: Assignment, kept: DescribedCluster | None = None) -> Choice:
            try:
                return self._choice(one.cluster, one.region, clock, kept)
            except Exception as error:  # noqa: BLE001  a bug with one must not stop the others
                problems.append(f"{one.region}/{one.cluster}: {bug_text(error)}")
                return Choice.UNKNOWN

        # Most descriptions are kept: to read one here is quicker than to start a call in a thread.
        chosen = {
            one: choice(one, kept)
            for one in named
            if (kept := self._clusters.kept(one.cluster, one.region))
        }
        asked = [one for one in named if one not in chosen]
        answers = answers_in_time(
            choice, asked, _seconds_to_find(clock), Choice.UNKNOWN, at_once=_DESCRIBED_AT_ONCE
        )
        chosen |= zip(asked, answers, strict=True)
        return {one: chosen[one] for one in named}

    def _choice(
        self, name: str, region: str, clock: Clock, kept: DescribedCluster | None
    ) -> Choice:
        """Return what to do about a cluster, by its status and tags.

        UNKNOWN if EKS doesn't describe it: the cluster is then assigned, and the reviewer asks EKS
        again.
        """
        if clock.remaining() < DISPATCH_SECONDS:  # the time that is left is needed to send
            return Choice.UNKNOWN
        try:
            described = kept or self._clusters.get(name, region)
        except ClusterNotFound:  # it was deleted after it was listed
            return Choice.NOT_READY
        except ClusterUnavailable:
            return Choice.UNKNOWN
        home = self._aws.home
        return selection.choice(self._settings, described.cluster, described.status, home=home)


def _seconds_to_find(clock: Clock) -> float:
    """Return the seconds that finding the clusters may take; the rest is for sending."""
    return clock.remaining() - DISPATCH_SECONDS
