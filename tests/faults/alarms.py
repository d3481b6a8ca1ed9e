"""The stack's alarms that fire if every minute is like the one that a row describes."""

from functools import cache

from adapters.ledger_metrics import NAMESPACE
from tests.faults.rig import CSR_NAMES
from tests.faults.row import Outcome, Row, healthy
from tests.template.alarms import Samples
from tests.template.alarms import firing as firing_on
from tests.template.cloudformation import Stack, Template
from tests.template.templates import ROOT

#: Minutes of an alarm's period, for all alarms 300 s.
_MINUTES = 5

#: A CSR that stays undecided is reported until it is this old; then its node files another.
_LONGEST_WAIT = 900

_DEAD_LETTERS = "<DeadLetterQueue.QueueName>"


@cache
def monitoring() -> Stack:
    """Return the stack with what SAM doesn't transform, its alarms among it."""
    return Template.read(ROOT / "template.yaml").stack()


def firing(row: Row) -> set[str]:
    """Return the names, without the stack's, of the alarms that fire only because of the fault."""
    return _names(_of(row)) - _names(_ours({"Expected": 1, **healthy()}))


def _names(samples: Samples) -> set[str]:
    stack = monitoring()
    return {
        stack.properties(alarm)["AlarmName"].removeprefix("csr-approver-")
        for alarm in firing_on(stack, samples)
    }


def _of(row: Row) -> Samples:
    """Return the stack's metrics and AWS's in five minutes like the row's."""
    outcome: Outcome = row.outcome
    minute: dict[str, float] = {"Expected": 0 if row.place.is_dispatchers else 1}
    minute |= outcome.metrics
    waits_on = outcome.metrics.get("Pending", 0) > outcome.metrics.get("Waiting", 0)
    stays = waits_on and set(outcome.decided) != set(CSR_NAMES)
    minute["OldestPendingSeconds"] = _LONGEST_WAIT if stays else 0
    function = "<DispatcherFunction>" if row.place.is_dispatchers else "<ReviewerFunction>"
    dead = outcome.fails and not row.place.is_dispatchers
    return {
        **_ours(minute),
        _key("AWS/Lambda", "Errors", FunctionName=function): [outcome.fails] * _MINUTES,
        _key("AWS/SQS", "ApproximateNumberOfMessagesVisible", QueueName=_DEAD_LETTERS): [dead],
    }


def _ours(minute: dict[str, float]) -> Samples:
    return {
        _key(NAMESPACE, name, Stack="csr-approver"): [value] * _MINUTES
        for name, value in minute.items()
    }


def _key(
    namespace: str, name: str, **dimensions: str
) -> tuple[str, str, frozenset[tuple[str, str]]]:
    return namespace, name, frozenset(dimensions.items())
