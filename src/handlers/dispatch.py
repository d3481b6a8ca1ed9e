"""The dispatcher: once a minute, find the clusters and queue one assignment for each.

An assignment is the SQS message by which the reviewer reviews one cluster. If a Region can't be
listed, or an assignment can't be sent, the others are still dispatched. The invocation fails only
at its end, so that Lambda's own metric Errors counts it and its alarm fires.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final, Self

from aws_lambda_powertools import Logger

from adapters import eks, queue
from adapters.aws_account import Aws
from adapters.clock import LambdaClock
from adapters.ledger import PowertoolsLedger
from adapters.queue import Assignment
from core import selection
from core.ended_reviews import EndedReviews
from core.errors import CsrApproverError
from core.ports import Clock
from core.printable import printable
from core.selection import Choice
from core.settings import DispatchSettings
from handlers.account_clusters import AccountClusters
from handlers.environment import (
    OFF_THOUGH_SELECTED,
    Context,
    a_ledger,
    a_logger,
    bug_text,
    is_lambda,
    now,
    required,
)
from handlers.fast_joins import FastJoins

# How a tag ends a cluster's reviews, as the log says it.
_ENDED_BY: Final = {Choice.OFF: "off", Choice.NOT_SELECTED: "not selected"}

# A cluster that couldn't be described is assigned too: the reviewer describes it again.
_ASSIGNED: Final = frozenset({Choice.REVIEWED, Choice.UNKNOWN})


class DispatchIncomplete(CsrApproverError):
    """Some clusters could not be found or assigned; all others are assigned."""


class Dispatcher:
    """The function, with what it keeps between invocations.

    It keeps settings, clients, descriptions of clusters, which reviews a tag has ended, and which
    clusters nodes are joining.
    """

    def __init__(
        self,
        settings: DispatchSettings,
        aws: Aws,
        ledger: PowertoolsLedger,
        now: Callable[[], datetime],
    ) -> None:
        """Take settings, APIs, ledger and clock; Lambda's handler uses `from_env` instead."""
        self._settings = settings
        self._aws = aws
        self._ledger = ledger
        self._clusters = AccountClusters(settings, aws, self._describe, now)
        self._ended = EndedReviews(now)
        self._fast_joins = FastJoins(settings, aws, now)

    @classmethod
    def from_env(cls, environ: Mapping[str, str], logger: Logger) -> Self:
        """Return a dispatcher built from environment variables.

        Raises:
            BadSettings: a variable is missing or its value isn't allowed. The message has its name
                and what is allowed.
        """
        settings = DispatchSettings.from_env(environ)
        aws = Aws(required(environ, "AWS_REGION"))
        return cls(settings, aws, a_ledger(environ, logger), now)

    def dispatch(self, clock: Clock) -> None:
        """Assign every selected cluster that is ACTIVE or UPDATING, and not switched off.

        Raises:
            DispatchIncomplete: a Region could not be listed, or a cluster not assigned; all others
                are assigned.
        """
        problems: list[str] = []
        cluster_count, named = self._clusters.named(clock, problems)
        choices = self._clusters.choices(named, clock, problems)
        expected = [one for one, choice in choices.items() if choice in _ASSIGNED]
        unsent = queue.send(self._aws.client("sqs"), self._settings.queue_url, expected)
        problems += [
            printable(f"{one.region}/{one.cluster}: SQS did not accept the assignment: {why}", 300)
            for one, why in unsent.items()
        ]
        # Without a cluster that is ready (all are CREATING, say) it is no error to select none.
        not_ready = sum(choice is Choice.NOT_READY for choice in choices.values())
        self._ledger.dispatched(
            len(expected),
            nothing_selected=cluster_count > not_ready and not expected,
            off=[one for one, choice in choices.items() if choice is Choice.OFF],
            unexpectedly_off=self._unexpectedly_off(choices),
        )
        problems += self._further(expected, clock)
        self._ledger.dispatch_errors(problems)
        if problems:
            raise DispatchIncomplete("; ".join(problems)[:1_000])

    def _further(self, expected: Sequence[Assignment], clock: Clock) -> list[str]:
        """Send further reviews where nodes are joining; return a bug as a problem."""
        try:
            further = self._fast_joins.send(expected, clock)
            self._ledger.further_reviews(further.joining, further.sent, further.unknown)
        except Exception as error:  # noqa: BLE001  the ordinary reviews are sent already
            return [bug_text(error)]
        return []

    def _unexpectedly_off(self, choices: Mapping[Assignment, Choice]) -> Mapping[Assignment, str]:
        """Return each cluster that isn't reviewed although it should be, with the reason.

        Its tags exclude it, although an operator selected it or it was reviewed before. An attacker
        who may tag clusters could have done this (docs/threat-model.md), so an alarm fires.
        """
        found: dict[Assignment, str] = {}
        for assignment, choice in choices.items():
            if self._ended.is_reported(assignment, choice):
                ended_by = _ENDED_BY[choice]
                found[assignment] = f"a tag has ended its reviews within the last hour: {ended_by}"
            if choice is Choice.OFF and selection.is_singled_out(
                self._settings, assignment.cluster
            ):
                found[assignment] = OFF_THOUGH_SELECTED
        return found

    def _describe(self, name: str, region: str) -> eks.DescribedCluster:
        return eks.describe(self._aws.client("eks", region), name, region)


@cache
def _logger() -> Logger:
    return a_logger()


@cache
def _dispatcher() -> Dispatcher:
    return Dispatcher.from_env(os.environ, _logger())


def handler(_event: Mapping[str, Any], context: Context) -> None:
    """Dispatch once. Lambda calls this every minute; the event is not used."""
    logger = _logger()
    with logger.append_context_keys(function_request_id=context.aws_request_id):
        _dispatcher().dispatch(LambdaClock(context.get_remaining_time_in_millis))


if is_lambda(os.environ):  # so that a bad setting fails the start, not an event
    _dispatcher()
