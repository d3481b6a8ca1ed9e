"""The dispatcher: once a minute, find the clusters and queue one assignment for each.

A Region that can't be listed, or a cluster that SQS doesn't take, costs nobody else anything; the
invocation fails at its end, so that Lambda's own Errors metric, and its alarm, tell.
"""

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final, Self

from aws_lambda_powertools import Logger

from adapters import eks, queue
from adapters.clock import LambdaClock
from adapters.eks import ClusterCache, ClusterNotFound
from adapters.ledger import PowertoolsLedger
from adapters.queue import Assignment
from core.errors import ClusterUnavailable, CsrApproverError
from core.ports import Clock
from core.settings import DispatchSettings
from handlers.environment import Aws, Context, a_ledger, now, required

_DESCRIBED_AT_ONCE: Final = 8
# Less than this left of the run: what is found is sent now. SQS takes ten at a call.
_RESERVE_SECONDS: Final = 10


class DispatchIncomplete(CsrApproverError):
    """Not every cluster could be found and assigned; what could be, was."""


class Dispatcher:
    """The function's warm state: settings, clients, and descriptions kept for 15 minutes."""

    def __init__(self, settings: DispatchSettings, aws: Aws, ledger: PowertoolsLedger) -> None:
        """Wire it up; `from_env` is how the function does."""
        self._settings = settings
        self._aws = aws
        self._ledger = ledger
        self._clusters = ClusterCache(self._describe, now)

    @classmethod
    def from_env(cls, environ: Mapping[str, str], logger: Logger) -> Self:
        """Build from environment variables.

        Raises:
            BadSettings: one is missing or wrong; names it and what is allowed.
        """
        settings = DispatchSettings.from_env(environ)
        return cls(settings, Aws(required(environ, "AWS_REGION")), a_ledger(environ, logger))

    def dispatch(self, clock: Clock) -> None:
        """Assign every selected cluster that is ACTIVE or UPDATING.

        Raises:
            DispatchIncomplete: a Region or a cluster is missing; all others are assigned.
        """
        missing: list[str] = []
        found: list[Assignment] = []
        for region in self._settings.regions or (self._aws.home,):
            found += self._assignments(region, clock, missing)
        unsent = queue.send(self._aws.client("sqs"), self._settings.queue_url, found)
        missing += [f"{one.region}/{one.cluster}: SQS did not take it" for one in unsent]
        self._ledger.expected(len(found))
        self._ledger.dispatch_errors(missing)
        if missing:
            raise DispatchIncomplete("; ".join(missing)[:1_000])

    def _assignments(self, region: str, clock: Clock, missing: list[str]) -> list[Assignment]:
        try:
            names = eks.list_clusters(self._aws.client("eks", region))
        except ClusterUnavailable as error:
            missing.append(f"{region}: {error}")
            return []
        home = self._aws.home
        named = [name for name in names if eks.is_named(self._settings, name, region, home=home)]
        with ThreadPoolExecutor(_DESCRIBED_AT_ONCE) as pool:
            ours = list(pool.map(lambda name: self._is_ours(name, region, clock), named))
        return [
            Assignment(cluster=name, region=region)
            for name, is_ours in zip(named, ours, strict=True)
            if is_ours
        ]

    def _is_ours(self, name: str, region: str, clock: Clock) -> bool:
        """Tell by status and tags. Where they can't be had in time, the reviewer looks itself."""
        if clock.remaining() < _RESERVE_SECONDS:
            return True
        try:
            described = self._clusters.get(name, region)
        except ClusterNotFound:
            return False
        except ClusterUnavailable:
            return True
        selected = eks.is_selected(self._settings, described.cluster, home=self._aws.home)
        return selected and eks.is_reviewable(described.status)

    def _describe(self, name: str, region: str) -> eks.DescribedCluster:
        return eks.describe(self._aws.client("eks", region), name, region)


@cache
def _logger() -> Logger:
    return Logger()


@cache
def _dispatcher() -> Dispatcher:
    return Dispatcher.from_env(os.environ, _logger())


def handler(_event: Mapping[str, Any], context: Context) -> None:
    """Lambda's entry point; the event says nothing that is used."""
    logger = _logger()
    with logger.append_context_keys(function_request_id=context.aws_request_id):
        _dispatcher().dispatch(LambdaClock(context.get_remaining_time_in_millis))
