"""The reviewer: one message, one cluster, one review.

A cluster's error ends its message: it is counted and logged, and the next minute's message retries.
Only an unreadable message or a bug fails the invocation and so reaches the DLQ.
"""

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Self

from aws_lambda_powertools import Logger

from adapters import eks
from adapters.aws_account import Aws
from adapters.clock import LambdaClock, ReservedClock
from adapters.cluster_cache import ClusterCache
from adapters.eks import ClusterNotFound, DescribedCluster
from adapters.ledger import PowertoolsLedger
from adapters.queue import Assignment
from adapters.reach import Reach
from core import selection
from core.budget import SECOND_SIGNER_SECONDS
from core.errors import ClusterUnavailable
from core.ports import Clock
from core.settings import ReviewSettings
from core.signers import Signer, served
from handlers.environment import (
    Context,
    a_ledger,
    a_logger,
    is_lambda,
    now,
    required,
    served_regions,
)
from handlers.further_reviews import FurtherReviews
from handlers.process import limit_collections, use_one_cpu
from handlers.signer_reviews import SignerReviews
from handlers.unreviewed import NO_SUCH_CLUSTER, Unreviewed


class Reviewer:
    """Reviews the clusters of messages; it lives as long as the warm environment.

    So do descriptions of clusters (`adapters.cluster_cache`), what is known of endpoints
    (`adapters.reach`), roles and parsed requests (`handlers.signer_reviews`), and how the last
    reviews ended (`handlers.further_reviews`).
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
        self._clusters = ClusterCache(self._describe, now)
        self._reach = Reach(now, in_vpc=bool(settings.subnet_ids))
        self._unreviewed = Unreviewed(
            settings, aws.home, self._clusters, self._reach, self._describe, now
        )
        self._signers = SignerReviews(settings, aws, self._reach, now)
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
            self.review(assignment, clock, sent)

    def review(self, assignment: Assignment, clock: Clock, sent: str = "") -> None:
        """Review one cluster, and record the result or the error.

        `sent`: when SQS got the message, see `handlers.further_reviews`.
        """
        name, region, ledger = assignment.cluster, assignment.region, self._ledger
        if assignment.again:
            ledger = ledger.of_further_reviews()  # they are counted apart
            if skipped := self._further.why_skipped(name, region, sent):
                ledger.skipped(name, region, skipped)
                return
        before, was_listed = clock.remaining(), False
        try:
            was_listed = self._review(name, region, ledger, clock)
        except ClusterNotFound:
            ledger.skipped(name, region, NO_SUCH_CLUSTER)
        except ClusterUnavailable as error:
            ledger.cluster_unavailable(name, region, error)
        seconds = before - clock.remaining()
        self._further.ended(name, region, was_listed=was_listed, seconds=seconds)

    def _review(self, name: str, region: str, ledger: PowertoolsLedger, clock: Clock) -> bool:
        """Review one cluster; return whether its requests were listed."""
        # Of the message only the name is trusted: anyone who can write to the queue could otherwise
        # send the token elsewhere, or to a cluster that is excluded.
        if not selection.is_named(self._settings, name, region, home=self._aws.home):
            ledger.skipped(name, region, "not selected by REGIONS and CLUSTER_NAMES")
            return False
        was_kept = self._clusters.kept(name, region) is not None
        described = self._clusters.get(name, region)
        if self._unreviewed.is_excluded(described, ledger):
            return False
        first, *others = served(self._settings)
        try:
            self._reach.check(described)
            reserved = ReservedClock(clock, SECOND_SIGNER_SECONDS * len(others))
            self._signers.review(first, described, ledger, reserved)
        except ClusterUnavailable as error:
            if was_kept and (replaced := self._unreviewed.replaced(described, error, clock)):
                ledger.skipped(name, region, replaced)
            else:
                self._unreviewed.failed(described, error, ledger)
            return False
        self._reach.listed(described)
        for signer in others:
            self._review_other(signer, described, ledger, clock)
        return True

    def _review_other(
        self, signer: Signer, described: DescribedCluster, ledger: PowertoolsLedger, clock: Clock
    ) -> None:
        """Review the second signer of a cluster whose nodes' requests were reviewed.

        That review has counted the cluster, so any failure here is an error, even NotOnboarded.
        """
        try:
            self._signers.review(signer, described, ledger, clock)
        except ClusterUnavailable as error:
            name, region = described.cluster.name, described.cluster.region
            self._clusters.forget(name, region)
            ledger.cluster_unavailable(name, region, error, signer.name)

    def _describe(self, name: str, region: str) -> DescribedCluster:
        return eks.describe(self._aws.client("eks", region), name, region)


@cache
def _logger() -> Logger:
    return a_logger()


@cache
def _reviewer() -> Reviewer:
    return Reviewer.from_env(os.environ, _logger())


def handler(event: Mapping[str, Any], context: Context) -> None:
    """Handle one invocation: SQS records, each the assignment of one cluster."""
    logger = _logger()
    with logger.append_context_keys(function_request_id=context.aws_request_id):
        _reviewer().handle(event, LambdaClock(context.get_remaining_time_in_millis))


if is_lambda(os.environ):
    limit_collections()
    use_one_cpu(os.environ)
    _reviewer()
