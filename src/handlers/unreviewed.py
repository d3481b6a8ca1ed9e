"""Why a cluster that is assigned isn't reviewed, and whether that is an error."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from adapters.cluster_cache import ClusterCache
from adapters.eks import ClusterNotFound, DescribedCluster
from adapters.ledger import PowertoolsLedger
from adapters.reach import Reach
from core import selection
from core.budget import USUAL_CALL_SECONDS
from core.errors import ClusterUnavailable, NotOnboarded, Unreachable
from core.ports import Clock
from core.settings import RequireAccess, ReviewSettings
from handlers.environment import OFF_THOUGH_SELECTED

#: Why a message is skipped whose cluster was deleted after it was assigned.
NO_SUCH_CLUSTER: Final = "EKS has no such cluster"

_SWITCHED_OFF: Final = "switched off by its tag csr-approver:mode"
_IN_REACH: Final = "the reviewer's subnets should reach it"

# How long a cluster may lack access, and a way to it, after it was created.
_NEW_FOR: Final = timedelta(hours=1)


class Unreviewed:
    """Records in a ledger what keeps a cluster from being reviewed."""

    def __init__(
        self,
        settings: ReviewSettings,
        home: str,
        clusters: ClusterCache,
        reach: Reach,
        describe: Callable[[str, str], DescribedCluster],
        now: Callable[[], datetime],
    ) -> None:
        """`home`: the stack's Region. `describe`: asks EKS. `now`: the time, with time zone."""
        self._settings = settings
        self._home = home
        self._clusters = clusters
        self._reach = reach
        self._describe = describe
        self._now = now

    def is_excluded(self, described: DescribedCluster, ledger: PowertoolsLedger) -> bool:
        """Return whether tags or status exclude the cluster; record why if they do."""
        cluster = described.cluster
        if not selection.is_selected(self._settings, cluster, home=self._home):
            self._excluded(described, ledger, "not selected by CLUSTER_TAG")
            return True
        if selection.is_off(cluster):
            is_chosen = selection.is_singled_out(self._settings, cluster.name)
            unexpected = OFF_THOUGH_SELECTED if is_chosen else ""
            self._excluded(described, ledger, _SWITCHED_OFF, unexpected)
            return True
        if not selection.is_reviewable(described.status):
            ledger.skipped(cluster.name, cluster.region, f"status {described.status}")
            return True
        return False

    def _excluded(
        self,
        described: DescribedCluster,
        ledger: PowertoolsLedger,
        reason: str,
        unexpected: str = "",
    ) -> None:
        """Record that the cluster's tags exclude it.

        The dispatcher reports that too, but may miss tags that are soon changed back: it keeps its
        own description, or EKS may not answer it.
        """
        name, region = described.cluster.name, described.cluster.region
        if not unexpected and self._reach.has_listed(described):
            unexpected = f"a tag has ended its reviews: {reason}"
        ledger.skipped(name, region, reason, unexpected)

    def replaced(self, old: DescribedCluster, error: ClusterUnavailable, clock: Clock) -> str:
        """Return why the kept description is outdated; empty if it isn't, or if that is unknown.

        An environment keeps it for minutes after the cluster was deleted. The errors of its reviews
        would then fire an alarm although all is well.
        """
        if isinstance(error, Unreachable) or clock.remaining() < USUAL_CALL_SECONDS:
            return ""
        self._clusters.forget(old.cluster.name, old.cluster.region)
        try:
            new = self._describe(old.cluster.name, old.cluster.region)
        except ClusterNotFound:
            return NO_SUCH_CLUSTER
        except ClusterUnavailable:
            return ""
        if not selection.is_reviewable(new.status):
            return f"status {new.status}"
        return "" if new.endpoint == old.endpoint else "EKS describes another endpoint now"

    def failed(
        self, described: DescribedCluster, error: ClusterUnavailable, ledger: PowertoolsLedger
    ) -> None:
        """Record that the cluster refused us, failed, or can't be reached."""
        name, region = described.cluster.name, described.cluster.region
        if not isinstance(error, Unreachable):  # an answer: another cluster may have its name now
            self._clusters.forget(name, region)
        match self._reach.explain(described, error):
            case NotOnboarded() | Unreachable() as no_access if self._may_lack_access(described):
                ledger.no_access_yet(name, region, no_access)
            case NotOnboarded() as refused:
                ledger.not_onboarded(name, region, refused, self._required(described))
            case Unreachable() as cut_off:
                required = self._required(described) or self._fault(cut_off)
                ledger.unreachable(name, region, cut_off, required)
            case failure:
                ledger.cluster_unavailable(name, region, failure)

    def _may_lack_access(self, described: DescribedCluster) -> bool:
        """Return whether the cluster is new, so that its access and network may not be set up yet.

        Without its time of creation it counts as old: otherwise no alarm would ever fire.
        """
        created = described.created
        is_new = created is not None and timedelta() <= self._now() - created < _NEW_FOR
        return is_new and not self._reach.has_listed(described)

    def _required(self, described: DescribedCluster) -> str:
        """Return why it is an error that the cluster isn't reviewed; empty if it isn't one."""
        if self._reach.has_listed(described):
            return "this environment has listed its requests before"
        return selection.why_required(self._settings, described.cluster)

    def _fault(self, error: Unreachable) -> str:
        """Return why this is an error even without required access; empty if it isn't one."""
        is_error = error.is_fault and self._settings.require_access is not RequireAccess.NONE
        return _IN_REACH if is_error else ""
