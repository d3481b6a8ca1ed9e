"""The reviewer: one message, one cluster, one review.

A cluster's error ends its message: it is counted and logged, and the next minute's message retries.
Only an unreadable message or a bug fails the invocation and so reaches the DLQ.
"""

import gc
import os
from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final, Self

from aws_lambda_powertools import Logger

from adapters import eks
from adapters.aws_account import Aws
from adapters.clock import LambdaClock, ReservedClock
from adapters.cluster_cache import ClusterCache
from adapters.csr_api import KubernetesCsrApi
from adapters.ec2 import Ec2Fleet
from adapters.eks import ClusterNotFound, DescribedCluster
from adapters.iam import InstanceProfiles
from adapters.ledger import PowertoolsLedger
from adapters.queue import Assignment
from adapters.reach import Reach
from adapters.retry import Retries
from core import selection
from core.budget import SECOND_SIGNER_SECONDS, USUAL_CALL_SECONDS
from core.errors import ClusterUnavailable, NotOnboarded, Unreachable
from core.memo import Memo
from core.ports import Clock, Ports
from core.review import review
from core.settings import RequireAccess, ReviewSettings
from core.signers import Signer, served
from handlers.environment import (
    OFF_THOUGH_SELECTED,
    Context,
    a_ledger,
    is_lambda,
    now,
    required,
    served_regions,
)
from handlers.further_reviews import FurtherReviews

# By default Python looks for cycles of objects after every 2,000 new ones. EC2's answers make
# hundreds of thousands without a cycle, and the search took a tenth of the time of an approval.
_OBJECTS_BEFORE_COLLECTION: Final = 100_000

_NO_SUCH_CLUSTER: Final = "EKS has no such cluster"
_SWITCHED_OFF: Final = "switched off by its tag csr-approver:mode"
_IN_REACH: Final = "the reviewer's subnets should reach it"

# How long a cluster may lack access, and a way to it, after it was created.
_NEW_FOR: Final = timedelta(hours=1)


class Reviewer:
    """The function's warm state: settings, clients, clusters and roles, and what was parsed.

    Descriptions of clusters are kept by `adapters.cluster_cache`, roles for 15 minutes; for parsed
    requests see `core.memo`.
    """

    def __init__(
        self,
        settings: ReviewSettings,
        aws: Aws,
        ledger: PowertoolsLedger,
        now: Callable[[], datetime],
    ) -> None:
        """Take the dependencies; the function uses `from_env`. `now`: the time, with time zone."""
        self._settings = settings
        self._aws = aws
        self._ledger = ledger
        self._now = now
        self._clusters = ClusterCache(self._describe, now)
        self._reach = Reach(now, in_vpc=bool(settings.subnet_ids))
        self._profiles = InstanceProfiles(aws.client("iam"), now)
        self._memo = Memo()
        self._further = FurtherReviews(now)

    @classmethod
    def from_env(cls, environ: Mapping[str, str], logger: Logger) -> Self:
        """Build from environment variables.

        Raises:
            BadSettings: a variable is missing or wrong; names it and what is allowed.
        """
        settings = ReviewSettings.from_env(environ)
        aws = Aws(required(environ, "AWS_REGION"))
        served_regions(settings.regions, aws.home)  # raises: otherwise all are skipped
        return cls(settings, aws, a_ledger(environ, logger), now)

    def handle(self, event: Mapping[str, Any], clock: Clock) -> None:
        """Review the cluster of each message; the template's batch size is one.

        Raises:
            ValueError: a message isn't an assignment.
        """
        for record in event["Records"]:
            assignment = Assignment.from_body(record["body"])
            sent = str(record.get("attributes", {}).get("SentTimestamp", ""))
            reviewer = self._for_further_reviews() if assignment.again else self
            reviewer.review(assignment, clock, sent)

    def _for_further_reviews(self) -> "Reviewer":
        """Return a reviewer with the same warm state, whose reviews are counted apart."""
        reviewer = copy(self)
        reviewer._ledger = self._ledger.of_further_reviews()  # noqa: SLF001  its own copy
        return reviewer

    def review(self, assignment: Assignment, clock: Clock, sent: str = "") -> None:
        """Review one cluster, and record the result or the error.

        `sent`: when SQS got the message, see `handlers.further_reviews`.
        """
        name, region = assignment.cluster, assignment.region
        if assignment.again and (skipped := self._further.why_skipped(name, region, sent)):
            self._ledger.skipped(name, region, skipped)
            return
        before, was_listed = clock.remaining(), False
        try:
            was_listed = self._review(name, region, clock)
        except ClusterNotFound:
            self._ledger.skipped(name, region, _NO_SUCH_CLUSTER)
        except ClusterUnavailable as error:
            self._ledger.cluster_unavailable(name, region, error)
        seconds = before - clock.remaining()
        self._further.ended(name, region, was_listed=was_listed, seconds=seconds)

    def _review(self, name: str, region: str, clock: Clock) -> bool:
        """Review one cluster; return whether its requests were listed."""
        # Of the message only the name is trusted: anyone who can write to the queue could otherwise
        # send the token elsewhere, or to a cluster that is excluded.
        if not selection.is_named(self._settings, name, region, home=self._aws.home):
            self._ledger.skipped(name, region, "not selected by REGIONS and CLUSTER_NAMES")
            return False
        was_kept = self._clusters.keeps(name, region)
        described = self._clusters.get(name, region)
        if not self._is_to_review(described):
            return False
        first, *others = served(self._settings)
        try:
            self._reach.check(described)
            self._review_signer(
                first, described, ReservedClock(clock, SECOND_SIGNER_SECONDS * len(others))
            )
        except ClusterUnavailable as error:
            if was_kept and (replaced := self._replaced(described, error, clock)):
                self._ledger.skipped(name, region, replaced)
            else:
                self._not_reviewed(described, error)
            return False
        self._reach.listed(described)
        for signer in others:
            self._review_other(signer, described, clock)
        return True

    def _is_to_review(self, described: DescribedCluster) -> bool:
        """Return whether the cluster is to be reviewed; record why if it isn't."""
        cluster = described.cluster
        if not selection.is_selected(self._settings, cluster, home=self._aws.home):
            self._excluded(described, "not selected by CLUSTER_TAG")
            return False
        if selection.is_off(cluster):
            is_chosen = selection.is_singled_out(self._settings, cluster.name)
            self._excluded(described, _SWITCHED_OFF, OFF_THOUGH_SELECTED if is_chosen else "")
            return False
        if not selection.is_reviewable(described.status):
            self._ledger.skipped(cluster.name, cluster.region, f"status {described.status}")
            return False
        return True

    def _review_other(self, signer: Signer, described: DescribedCluster, clock: Clock) -> None:
        """Review the second signer of a cluster whose nodes' requests were reviewed.

        That review has counted the cluster, so any failure here is an error, even NotOnboarded.
        """
        try:
            self._review_signer(signer, described, clock)
        except ClusterUnavailable as error:
            name, region = described.cluster.name, described.cluster.region
            self._clusters.forget(name, region)
            self._ledger.cluster_unavailable(name, region, error, signer.name)

    def _excluded(self, described: DescribedCluster, reason: str, unexpected: str = "") -> None:
        """Record that the cluster's tags exclude it.

        The dispatcher reports that, too, unless it doesn't read the tags of that time: it keeps its
        own description, or can't get one.
        """
        name, region = described.cluster.name, described.cluster.region
        if not unexpected and self._reach.has_listed(described):
            unexpected = f"a tag has ended its reviews: {reason}"
        self._ledger.skipped(name, region, reason, unexpected)

    def _not_reviewed(self, described: DescribedCluster, error: ClusterUnavailable) -> None:
        """Record that the cluster refused us, failed, or can't be reached."""
        name, region = described.cluster.name, described.cluster.region
        if not isinstance(error, Unreachable):  # it was contacted, and may be another one by now
            self._clusters.forget(name, region)
        match self._reach.explain(described, error):
            case NotOnboarded() | Unreachable() as no_access if self._may_lack_access(described):
                self._ledger.no_access_yet(name, region, no_access)
            case NotOnboarded() as refused:
                self._ledger.not_onboarded(name, region, refused, self._required(described))
            case Unreachable() as cut_off:
                required = self._required(described) or self._fault(cut_off)
                self._ledger.unreachable(name, region, cut_off, required)
            case failure:
                self._ledger.cluster_unavailable(name, region, failure)

    def _replaced(self, old: DescribedCluster, error: ClusterUnavailable, clock: Clock) -> str:
        """Return why the kept description is of no cluster any more; empty if that isn't known.

        Each environment keeps it for minutes after the cluster was deleted. Their errors would fire
        an alarm although all is well.
        """
        if isinstance(error, Unreachable) or clock.remaining() < USUAL_CALL_SECONDS:
            return ""
        self._clusters.forget(old.cluster.name, old.cluster.region)
        try:
            new = self._describe(old.cluster.name, old.cluster.region)
        except ClusterNotFound:
            return _NO_SUCH_CLUSTER
        except ClusterUnavailable:
            return ""
        if not selection.is_reviewable(new.status):
            return f"status {new.status}"
        return "" if new.endpoint == old.endpoint else "EKS describes another endpoint now"

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

    def _review_signer(self, signer: Signer, described: DescribedCluster, clock: Clock) -> None:
        """Review one signer's CSRs on its own connection, so that its list is freed afterwards."""
        region = described.cluster.region
        fast_fail = partial(self._aws.client, "ec2", region, fast_fail=True)
        fleet = Ec2Fleet(self._aws.client("ec2", region), self._profiles, clock, fast_fail)
        with self._api(described, clock) as api:
            ports = Ports(api, fleet, clock, self._ledger, api.services, self._memo)
            try:
                review(described.cluster, signer, self._settings, ports)
            finally:
                if api.has_connected:
                    self._reach.connected(described)

    def _api(self, described: DescribedCluster, clock: Clock) -> KubernetesCsrApi:
        doubtful = self._reach.is_doubtful(described)
        return KubernetesCsrApi(
            endpoint=described.endpoint,
            ca_pem=described.ca_pem,
            tokens=self._aws.tokens(described),
            clock=clock,
            connections=self._settings.write_connections,
            retries=Retries(clock, is_doubtful=True) if doubtful else None,
        )

    def _describe(self, name: str, region: str) -> DescribedCluster:
        return eks.describe(self._aws.client("eks", region), name, region)


@cache
def _logger() -> Logger:
    return Logger(location=None)  # each message is unique, so it identifies its line of code


@cache
def _reviewer() -> Reviewer:
    return Reviewer.from_env(os.environ, _logger())


def handler(event: Mapping[str, Any], context: Context) -> None:
    """Handle one invocation: SQS records, each the assignment of one cluster."""
    logger = _logger()
    with logger.append_context_keys(function_request_id=context.aws_request_id):
        _reviewer().handle(event, LambdaClock(context.get_remaining_time_in_millis))


if is_lambda(os.environ):
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    _reviewer()
