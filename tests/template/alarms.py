"""Which alarms fire if every minute is like one minute; the metrics that the functions print.

`tests.template.cloudwatch` decides; From: CloudWatch User Guide, "Embedded metric format
specification".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.ledger_metrics import ENDED, NAMESPACE
from tests.template import insights
from tests.template.cloudformation import Stack
from tests.template.cloudwatch import State, changes
from tests.template.points import Key

Json = Any

Minute = Mapping[Key, Sequence[float]]
"""The values of each metric in one minute."""

DISPATCHES: Final = ("AWS/Lambda", "Invocations", "FunctionName", "<DispatcherFunction>")
REVIEWS: Final = ("AWS/Lambda", "Invocations", "FunctionName", "<ReviewerFunction>")
DISPATCHER_ERRORS: Final = ("AWS/Lambda", "Errors", "FunctionName", "<DispatcherFunction>")
REVIEWER_ERRORS: Final = ("AWS/Lambda", "Errors", "FunctionName", "<ReviewerFunction>")
SENT: Final = ("AWS/SQS", "NumberOfMessagesSent", "QueueName", "<ReviewQueue.QueueName>")
OLDEST: Final = (
    "AWS/SQS",
    "ApproximateAgeOfOldestMessage",
    "QueueName",
    "<ReviewQueue.QueueName>",
)
DEAD_LETTERS: Final = (
    "AWS/SQS",
    "ApproximateNumberOfMessagesVisible",
    "QueueName",
    "<DeadLetterQueue.QueueName>",
)

#: Longer than any warm-up and any number of periods.
_LONG: Final = range(180)


def watched(alarm: Json) -> Iterator[tuple[str, tuple[tuple[str, str], ...], str]]:
    """Yield namespace, dimensions and name of each metric that an alarm watches.

    An empty value stands for any.
    """
    for one in alarm.get("Metrics", ()):
        if one.get("Expression", "").startswith("SELECT"):
            query = insights.parse(one["Expression"])
            values = dict([query.where])
            dimensions = [(name, values.get(name, "")) for name in query.dimensions]
            yield query.namespace, tuple(dimensions), query.metric
    stats = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
    for metric in [alarm] if "MetricName" in alarm else stats:
        dimensions = [(dimension["Name"], dimension["Value"]) for dimension in metric["Dimensions"]]
        yield metric["Namespace"], tuple(dimensions), metric["MetricName"]


def of_aws(metric: tuple[str, str, str, str]) -> Key:
    """Return the key of one of AWS's metrics above."""
    namespace, name, dimension, value = metric
    return namespace, name, frozenset({(dimension, value)})


def of_stack(name: str, stack: str = "csr-approver") -> Key:
    """Return the key of one of the stack's metrics."""
    return NAMESPACE, name, frozenset({("Stack", stack)})


def of_cluster(name: str, cluster: str = "prod", stack: str = "csr-approver") -> Key:
    """Return the key of one of a cluster's metrics."""
    dimensions = {("Cluster", cluster), ("Region", "us-east-1"), ("Stack", stack)}
    return NAMESPACE, name, frozenset(dimensions)


def emitted(lines: Iterable[Mapping[str, Json]]) -> dict[Key, list[float]]:
    """Return the samples that CloudWatch reads from lines in its embedded metric format."""
    samples: dict[Key, list[float]] = {}
    for line in lines:
        for metrics in line["_aws"]["CloudWatchMetrics"]:
            for keys in metrics["Dimensions"]:
                dimensions = frozenset((key, line[key]) for key in keys)
                for metric in metrics["Metrics"]:
                    key = (metrics["Namespace"], metric["Name"], dimensions)
                    values = line[metric["Name"]]
                    samples.setdefault(key, []).extend(
                        values if isinstance(values, list) else [values]
                    )
    return samples


def with_aws(minute: Minute) -> Minute:
    """Return the minute with AWS's own metrics, if each message led to a review that ended.

    A review that failed counts as one by its metric of Lambda. The dispatcher left its record.
    """
    reviews = sum(minute.get(of_stack(ENDED), ())) + sum(minute.get(of_aws(REVIEWER_ERRORS), ()))
    own = {DISPATCHES: 1, SENT: reviews, REVIEWS: reviews, DISPATCHER_ERRORS: 0, REVIEWER_ERRORS: 0}
    aws = {of_aws(metric): [float(value)] for metric, value in own.items()}
    return {of_stack("NothingSelected"): [0.0], **aws, **minute}


def firing(stack: Stack, minute: Minute) -> set[str]:
    """Return the alarms that fire if every minute is like this one, by name without the stack's."""
    samples = {key: dict.fromkeys(_LONG, values) for key, values in minute.items()}
    found: set[tuple[str, object]] = set()
    for change in changes(stack, samples, _LONG):
        place = (change.alarm, change.contributor)
        found = found | {place} if change.new is State.ALARM else found - {place}
    return {alarm for alarm, _ in found}
