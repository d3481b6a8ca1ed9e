"""Alarms watch metrics that the functions report, and decide on missing data on purpose."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from adapters.ledger_metrics import (
    CLUSTER,
    CLUSTER_DIMENSIONS,
    DISPATCH,
    NAMESPACE,
    STACK,
    ZEROS,
    emit,
)
from tests.template import insights
from tests.template.alarms import watched
from tests.template.cloudformation import Stack, Template
from tests.template.reported import DISPATCHER, REVIEWER, Reported

# AWS's own. From: Amazon SQS and AWS Lambda Developer Guides, CloudWatch metrics.
OF_AWS: Final[Mapping[tuple[str, tuple[tuple[str, str], ...]], set[str]]] = {
    ("AWS/SQS", (("QueueName", "<DeadLetterQueue.QueueName>"),)): {
        "ApproximateNumberOfMessagesVisible"
    },
    ("AWS/SQS", (("QueueName", "<ReviewQueue.QueueName>"),)): {
        "ApproximateAgeOfOldestMessage",
        "NumberOfMessagesSent",
    },
    ("AWS/Lambda", (("FunctionName", f"<{DISPATCHER}>"),)): {"Errors", "Duration", "Invocations"},
    ("AWS/Lambda", (("FunctionName", f"<{REVIEWER}>"),)): {"Errors", "Duration", "Invocations"},
}


def alarms(source_stack: Stack) -> dict[str, Any]:
    return source_stack.of_type("AWS::CloudWatch::Alarm")


def queries(source_stack: Stack) -> Iterator[tuple[str, insights.Query]]:
    """Yield each grouped alarm's query."""
    for name, alarm in alarms(source_stack).items():
        for metric in alarm.get("Metrics", ()):
            if metric.get("Expression", "").startswith("SELECT"):
                yield name, insights.parse(metric["Expression"])


def test_every_alarm_s_metric_is_reported(source_stack: Stack, reported: Reported) -> None:
    """The dimensions are exactly the alarm's: with one more, the alarm would see no data."""
    for name, alarm in alarms(source_stack).items():
        for namespace, dimensions, metric in watched(alarm):
            if namespace == NAMESPACE:
                names = tuple(dimension for dimension, _ in dimensions)
                assert (namespace, names, metric) in reported.metrics, name
                assert dict(dimensions)["Stack"] == "csr-approver", name
            else:
                assert metric in OF_AWS[namespace, dimensions], name


def test_each_metric_of_a_cluster_has_a_grouped_alarm(source_stack: Stack) -> None:
    """The query's SCHEMA is what the code emits, and one cluster is one group."""
    found = {query.metric: query for _, query in queries(source_stack)}

    assert set(CLUSTER) == set(found)
    for query in found.values():
        assert (NAMESPACE, CLUSTER_DIMENSIONS) == (query.namespace, query.dimensions)
        assert (("Stack", "csr-approver"), ("Cluster", "Region")) == (query.where, query.group_by)
        assert query.function == "MAX"


def test_a_grouped_alarm_watches_only_its_query(source_stack: Stack) -> None:
    """CloudFormation needs the period of a query; a contributor can't be used in metric math."""
    for name, _ in queries(source_stack):
        alarm = source_stack.properties(name)
        [query] = alarm["Metrics"]

        assert {"Id", "Period", "Expression"} == query.keys()
        # Trouble that comes and goes within 20 minutes fires once.
        assert 20 * 60 == query["Period"] * alarm["EvaluationPeriods"]


def test_own_metrics_are_those_of_this_stack(template: Template) -> None:
    """An alarm doesn't fire for another stack of the account."""
    other = template.stack(name="other")

    assert {"other"} == {
        dict(dimensions)["Stack"]
        for alarm in alarms(other).values()
        for namespace, dimensions, _ in watched(alarm)
        if namespace == NAMESPACE
    }


def test_plain_alarms_watch_metrics_of_which_the_dispatcher_sends_zeros(
    source_stack: Stack,
) -> None:
    """A metric without data in a period has no maximum, and its alarm would use older periods.

    The alarm stack-shut-out fills the two others, and has a zero of `Completed`.
    """
    plain = {
        metric
        for alarm in alarms(source_stack).values()
        for namespace, dimensions, metric in watched(alarm)
        if namespace == NAMESPACE and dimensions == (("Stack", "csr-approver"),)
    }

    assert plain - {"NotOnboarded", "Unreachable"} == {*ZEROS, *DISPATCH}


def test_own_metrics_are_summed_only_by_the_alarm_on_missing_reviews(
    source_stack: Stack,
) -> None:
    """Negative values that others put would lower a sum."""
    for name, alarm in alarms(source_stack).items():
        stats = [one["MetricStat"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
        statistics = {
            statistic
            for metric, statistic in [(one["Metric"], one["Stat"]) for one in stats]
            or [(alarm, alarm.get("Statistic"))]
            if metric.get("Namespace") == NAMESPACE
        }
        counting = {"Sum", "SampleCount"} if name == "ReviewsMissingAlarm" else {"Maximum"}
        assert statistics <= counting, name


def test_alarms_on_own_metrics_name_the_unit_that_is_sent(
    source_stack: Stack, capsys: pytest.CaptureFixture[str]
) -> None:
    """By AWS's documentation, an alarm without unit isn't defined if others put another unit."""
    emit({"Stack": "csr-approver"}, dict.fromkeys({*STACK, *DISPATCH}, 1))
    [sent] = json.loads(capsys.readouterr().out)["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in sent["Metrics"]}

    for name, alarm in alarms(source_stack).items():
        stats = [one["MetricStat"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
        for one in [alarm] if "MetricName" in alarm else stats:
            metric = one.get("Metric", one)
            if metric["Namespace"] == NAMESPACE:
                assert units[metric["MetricName"]] == one.get("Unit"), name


@pytest.mark.parametrize("function", [DISPATCHER, REVIEWER])
def test_every_function_has_an_alarm_on_its_errors(function: str, source_stack: Stack) -> None:
    """Lambda counts the errors of a function that fails before it can report any."""
    watching = [
        alarm
        for alarm in alarms(source_stack).values()
        if "Metrics" not in alarm
        and ("AWS/Lambda", (("FunctionName", f"<{function}>"),), "Errors") in watched(alarm)
    ]

    [alarm] = watching
    assert (7, 20) == (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"])


def test_missing_data_is_breaching_only_for_missing_reviews(source_stack: Stack) -> None:
    """Reviews that report nothing are missing; counters that report nothing counted nothing."""
    found = {name: alarm["TreatMissingData"] for name, alarm in alarms(source_stack).items()}

    assert "breaching" == found.pop("ReviewsMissingAlarm")
    assert {"notBreaching"} == set(found.values())


@pytest.mark.parametrize("minutes", range(1, 6))
def test_every_period_contains_a_run(template: Template, minutes: int) -> None:
    """With a schedule longer than an alarm's period, some periods would be empty."""
    stack = template.stack(ScheduleMinutes=str(minutes), MaxCsrAgeSeconds="960")
    metrics = [one for alarm in alarms(stack).values() for one in alarm.get("Metrics", ())]
    periods = {
        int(one["Period"])
        for one in (*alarms(stack).values(), *metrics, *(m.get("MetricStat") for m in metrics))
        if one and "Period" in one
    }

    assert minutes * 60 <= min(periods)


def test_missing_reviews_are_those_begun_and_not_accounted_for(source_stack: Stack) -> None:
    """A review that ended is subtracted twice: the records of half of them may come later."""
    alarm = source_stack.properties("ReviewsMissingAlarm")
    expressions = {one["Id"]: one.get("Expression") for one in alarm["Metrics"]}

    assert "FILL(reviews, 0) - FILL(errors, 0) - 2 * FILL(ended, 0)" == expressions["unrecorded"]
    assert 10 >= sum(expression is None for expression in expressions.values())  # AWS's limit


TOPIC: Final = "arn:aws:sns:us-east-1:123456789012:ops"
OTHER: Final = "arn:aws:sns:us-east-1:123456789012:security"
EMAIL: Final = "ops@corp.example"


@pytest.mark.parametrize(
    ("given", "operations", "security"),
    [
        ({}, [], []),
        ({"AlarmEmail": EMAIL}, ["<AlarmTopic>"], ["<AlarmTopic>"]),
        ({"AlarmTopicArn": TOPIC}, [TOPIC], [TOPIC]),
        (
            {"AlarmEmail": EMAIL, "AlarmTopicArn": TOPIC},
            [TOPIC, "<AlarmTopic>"],
            [TOPIC, "<AlarmTopic>"],
        ),
        (
            {"AlarmEmail": EMAIL, "SecurityAlarmEmail": EMAIL},
            ["<AlarmTopic>"],
            ["<SecurityAlarmTopic>"],
        ),
        ({"AlarmTopicArn": TOPIC, "SecurityAlarmTopicArn": OTHER}, [TOPIC], [OTHER]),
        (
            {"SecurityAlarmEmail": EMAIL, "SecurityAlarmTopicArn": OTHER},
            [],
            [OTHER, "<SecurityAlarmTopic>"],
        ),
    ],
    ids=["none", "address", "topic", "both", "two-addresses", "two-topics", "only-security"],
)
@pytest.mark.parametrize("recovery", ["false", "true"])
def test_alarms_notify_the_given_topics(
    given: dict[str, str],
    operations: list[str],
    security: list[str],
    recovery: str,
    template: Template,
) -> None:
    """Alarms on security use their own topics if any is given. NotifyRecovery adds OKActions."""
    stack = template.stack(**given, NotifyRecovery=recovery)

    assert ("AlarmEmail" in given) == ("AlarmTopic" in stack.resources)
    assert ("SecurityAlarmEmail" in given) == ("SecurityAlarmTopic" in stack.resources)
    for name, alarm in alarms(stack).items():
        topics = security if name in ON_SECURITY else operations
        assert topics == alarm["AlarmActions"], name
        assert (topics if recovery == "true" else None) == alarm.get("OKActions"), name


ON_SECURITY: Final = {
    "DeniedAlarm",
    "IssuedMismatchAlarm",
    "StackDeniedAlarm",
    "StackIssuedMismatchAlarm",
    "StackUnexpectedlyOffAlarm",
    "UnexpectedlyOffAlarm",
}
