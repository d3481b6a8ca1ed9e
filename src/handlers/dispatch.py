"""The dispatcher: once a minute, find the clusters and queue one assignment for each.

A Region that can't be listed, or a cluster that SQS doesn't accept, stops no other. The invocation
fails at its end, so that Lambda's own Errors metric, and its alarm, show it.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import Any, Final, Self, TypeVar

from aws_lambda_powertools import Logger

from adapters import eks, queue
from adapters.aws_account import Aws
from adapters.clock import LambdaClock
from adapters.cluster_cache import ClusterCache
from adapters.eks import ClusterNotFound
from adapters.ledger import PowertoolsLedger
from adapters.queue import Assignment
from core import selection
from core.budget import DISPATCH_SECONDS
from core.errors import ClusterUnavailable, CsrApproverError
from core.ports import Clock
from core.printable import printable
from core.settings import DispatchSettings
from handlers.environment import Context, a_ledger, is_lambda, now, required, served_regions

_LISTED_AT_ONCE: Final = 32
_DESCRIBED_AT_ONCE: Final = 8

# A Region's clusters, or why they can't be listed.
_Listed = list[str] | str

_LATE: Final[_Listed] = "list: EKS ListClusters: no answer in time"

_T = TypeVar("_T")
_Answer = TypeVar("_Answer")


class DispatchIncomplete(CsrApproverError):
    """Some clusters could not be found or assigned; all others are assigned."""


class Dispatcher:
    """The function's warm state: settings, clients, and descriptions kept for 15 minutes."""

    def __init__(self, settings: DispatchSettings, aws: Aws, ledger: PowertoolsLedger) -> None:
        """Take the parts; the function itself uses `from_env`."""
        self._settings = settings
        self._aws = aws
        self._ledger = ledger
        self._regions = served_regions(settings.regions, aws.home)
        self._clusters = ClusterCache(self._describe, now)

    @classmethod
    def from_env(cls, environ: Mapping[str, str], logger: Logger) -> Self:
        """Return a dispatcher built from environment variables.

        Raises:
            BadSettings: one is missing or not valid; names it and what is allowed.
        """
        settings = DispatchSettings.from_env(environ)
        return cls(settings, Aws(required(environ, "AWS_REGION")), a_ledger(environ, logger))

    def dispatch(self, clock: Clock) -> None:
        """Assign every selected cluster that is ACTIVE or UPDATING.

        Raises:
            DispatchIncomplete: a Region or a cluster is missing; all others are assigned.
        """
        missing: list[str] = []
        found = self._selected(self._named(clock, missing), clock, missing)
        unsent = queue.send(self._aws.client("sqs"), self._settings.queue_url, found)
        missing += [
            printable(f"{one.region}/{one.cluster}: SQS did not take it: {why}", 300)
            for one, why in unsent.items()
        ]
        self._ledger.expected(len(found))
        self._ledger.dispatch_errors(missing)
        if missing:
            raise DispatchIncomplete("; ".join(missing)[:1_000])

    def _named(self, clock: Clock, missing: list[str]) -> list[Assignment]:
        """Return the clusters that are selected by name, of all Regions that can be listed."""
        clients = {region: self._aws.client("eks", region) for region in self._regions}

        def names(region: str) -> _Listed:
            try:
                return eks.list_clusters(clients[region])
            except ClusterUnavailable as error:
                return str(error)
            except Exception as error:  # noqa: BLE001  a bug with one must not stop the others
                return _bug(error)

        lists = _in_time(names, self._regions, clock, _LATE, at_once=_LISTED_AT_ONCE)
        named: list[Assignment] = []
        for region, listed in zip(self._regions, lists, strict=True):
            if isinstance(listed, str):
                missing.append(f"{region}: {listed}")
            else:
                named += self._assignments(listed, region, missing)
        return named

    def _assignments(
        self, names: Sequence[str], region: str, missing: list[str]
    ) -> Iterator[Assignment]:
        for name in names:
            if not selection.is_named(self._settings, name, region, home=self._aws.home):
                continue
            try:
                yield Assignment(cluster=name, region=region)
            except ValueError:
                missing.append(f"{region}: invalid cluster name, {printable(name, 100)}")

    def _selected(
        self, named: Sequence[Assignment], clock: Clock, missing: list[str]
    ) -> list[Assignment]:
        """Return the selected clusters, and those whose selection isn't known in time."""

        def is_selected(one: Assignment) -> bool:
            try:
                return self._is_selected(one.cluster, one.region, clock)
            except Exception as error:  # noqa: BLE001  a bug with one must not stop the others
                missing.append(f"{one.region}/{one.cluster}: {_bug(error)}")
                return True

        answers = _in_time(is_selected, named, clock, True, at_once=_DESCRIBED_AT_ONCE)
        return [one for one, selected in zip(named, answers, strict=True) if selected]

    def _is_selected(self, name: str, region: str, clock: Clock) -> bool:
        """Return whether status and tags select it; True if unknown: the reviewer checks again."""
        if clock.remaining() < DISPATCH_SECONDS:
            return True
        try:
            described = self._clusters.get(name, region)
        except ClusterNotFound:
            return False
        except ClusterUnavailable:
            return True
        selected = selection.is_selected(self._settings, described.cluster, home=self._aws.home)
        return selected and selection.is_reviewable(described.status)

    def _describe(self, name: str, region: str) -> eks.DescribedCluster:
        return eks.describe(self._aws.client("eks", region), name, region)


def _bug(error: Exception) -> str:
    return printable(f"this is a bug: {type(error).__name__}: {error}", 300)


def _in_time(
    ask: Callable[[_T], _Answer],
    things: Sequence[_T],
    clock: Clock,
    otherwise: _Answer,
    *,
    at_once: int,
) -> list[_Answer]:
    """Return the answer for each thing; `otherwise` for those that take too long.

    An API that doesn't answer takes 20 s and more, and would take the other Regions' time. Its
    thread is left running, and ends with the call's own time-outs.
    """
    seconds = max(0.0, clock.remaining() - DISPATCH_SECONDS)
    pool = ThreadPoolExecutor(at_once)
    asked = [pool.submit(ask, thing) for thing in things]
    done, _ = wait(asked, timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    return [one.result() if one in done else otherwise for one in asked]


@cache
def _logger() -> Logger:
    return Logger(location=None)  # a line's message says where it comes from


@cache
def _dispatcher() -> Dispatcher:
    return Dispatcher.from_env(os.environ, _logger())


def handler(_event: Mapping[str, Any], context: Context) -> None:
    """Dispatch once: Lambda's entry point. The event is not used."""
    logger = _logger()
    with logger.append_context_keys(function_request_id=context.aws_request_id):
        _dispatcher().dispatch(LambdaClock(context.get_remaining_time_in_millis))


if is_lambda(os.environ):
    _dispatcher()
