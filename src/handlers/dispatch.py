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
from core.ended_reviews import EndedReviews
from core.errors import ClusterUnavailable, CsrApproverError
from core.ports import Clock
from core.printable import printable
from core.selection import Choice
from core.settings import DispatchSettings
from handlers.environment import (
    OFF_THOUGH_SELECTED,
    Context,
    a_ledger,
    is_lambda,
    now,
    required,
    served_regions,
)

_LISTED_AT_ONCE: Final = 32
_DESCRIBED_AT_ONCE: Final = 8

# A Region's clusters, or why they can't be listed.
_Listed = list[str] | str

_LATE: Final[_Listed] = "list: EKS ListClusters: no answer in time"

_T = TypeVar("_T")
_Answer = TypeVar("_Answer")


_ASSIGNED: Final = frozenset({Choice.REVIEWED, Choice.UNKNOWN})


class DispatchIncomplete(CsrApproverError):
    """Some clusters could not be found or assigned; all others are assigned."""


class Dispatcher:
    """The function's warm state: settings, clients, descriptions, and which reviews have ended."""

    def __init__(self, settings: DispatchSettings, aws: Aws, ledger: PowertoolsLedger) -> None:
        """Take the parts; the function itself uses `from_env`."""
        self._settings = settings
        self._aws = aws
        self._ledger = ledger
        self._regions = served_regions(settings.regions, aws.home)
        self._clusters = ClusterCache(self._describe, now)
        self._ended = EndedReviews(now)

    @classmethod
    def from_env(cls, environ: Mapping[str, str], logger: Logger) -> Self:
        """Return a dispatcher built from environment variables.

        Raises:
            BadSettings: one is missing or not valid; names it and what is allowed.
        """
        settings = DispatchSettings.from_env(environ)
        return cls(settings, Aws(required(environ, "AWS_REGION")), a_ledger(environ, logger))

    def dispatch(self, clock: Clock) -> None:
        """Assign every selected cluster that is ACTIVE or UPDATING, and not switched off.

        Raises:
            DispatchIncomplete: a Region or a cluster is missing; all others are assigned.
        """
        missing: list[str] = []
        listed, named = self._named(clock, missing)
        choices = self._choices(named, clock, missing)
        found = [one for one, choice in choices.items() if choice in _ASSIGNED]
        unsent = queue.send(self._aws.client("sqs"), self._settings.queue_url, found)
        missing += [
            printable(f"{one.region}/{one.cluster}: SQS did not take it: {why}", 300)
            for one, why in unsent.items()
        ]
        others = listed - sum(choice is Choice.NOT_READY for choice in choices.values())
        self._ledger.dispatched(
            len(found),
            nothing_selected=others > 0 and not found,
            off=[one for one, choice in choices.items() if choice is Choice.OFF],
            unexpectedly_off=self._unexpectedly_off(choices),
        )
        self._ledger.dispatch_errors(missing)
        if missing:
            raise DispatchIncomplete("; ".join(missing)[:1_000])

    def _named(self, clock: Clock, missing: list[str]) -> tuple[int, list[Assignment]]:
        """Return how many clusters there are, and those that are selected by name.

        They are those of all Regions that can be listed.
        """
        clients = {region: self._aws.client("eks", region) for region in self._regions}

        def names(region: str) -> _Listed:
            try:
                return eks.list_clusters(clients[region])
            except ClusterUnavailable as error:
                return str(error)
            except Exception as error:  # noqa: BLE001  a bug with one must not stop the others
                return _bug(error)

        lists = _in_time(names, self._regions, clock, _LATE, at_once=_LISTED_AT_ONCE)
        count, named = 0, list[Assignment]()
        for region, listed in zip(self._regions, lists, strict=True):
            if isinstance(listed, str):
                missing.append(f"{region}: {listed}")
            else:
                count += len(listed)
                named += self._assignments(listed, region, missing)
        return count, named

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

    def _choices(
        self, named: Sequence[Assignment], clock: Clock, missing: list[str]
    ) -> Mapping[Assignment, Choice]:
        """Return what to do about each cluster; UNKNOWN if that isn't known in time."""

        def choice(one: Assignment) -> Choice:
            try:
                return self._choice(one.cluster, one.region, clock)
            except Exception as error:  # noqa: BLE001  a bug with one must not stop the others
                missing.append(f"{one.region}/{one.cluster}: {_bug(error)}")
                return Choice.UNKNOWN

        made = _in_time(choice, named, clock, Choice.UNKNOWN, at_once=_DESCRIBED_AT_ONCE)
        return dict(zip(named, made, strict=True))

    def _choice(self, name: str, region: str, clock: Clock) -> Choice:
        """Return what status and tags say; UNKNOWN without them: the reviewer checks again."""
        if clock.remaining() < DISPATCH_SECONDS:
            return Choice.UNKNOWN
        try:
            described = self._clusters.get(name, region)
        except ClusterNotFound:
            return Choice.NOT_READY
        except ClusterUnavailable:
            return Choice.UNKNOWN
        home = self._aws.home
        return selection.choice(self._settings, described.cluster, described.status, home=home)

    def _unexpectedly_off(self, choices: Mapping[Assignment, Choice]) -> Mapping[Assignment, str]:
        """Return the clusters that a tag excludes, though selected or reviewed before, and why.

        A principal that may tag clusters is an actor of the threat model.
        """
        found: dict[Assignment, str] = {}
        for one, choice in choices.items():
            if self._ended.is_reported(one, choice):
                found[one] = f"a tag has ended its reviews within the last hour: {choice.value}"
            if choice is Choice.OFF and selection.is_singled_out(self._settings, one.cluster):
                found[one] = OFF_THOUGH_SELECTED
        return found

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
