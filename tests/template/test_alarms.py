"""Alarms watch metrics that the functions report, and decide on missing data on purpose."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from adapters.ledger_metrics import CLUSTER, CLUSTER_DIMENSIONS, DISPATCH, ENDS, NAMESPACE, ZEROS
from tests.template import insights
from tests.template.alarms import watched
from tests.template.cloudformation import Stack, Template
from tests.template.reported import DISPATCHER, REVIEWER, Reported

# AWS's own. From: Amazon SQS and AWS Lambda Developer Guides, CloudWatch metrics.
OF_AWS: Final[Mapping[tuple[str, tuple[tuple[str, str], ...]], set[str]]] = {
    ("AWS/SQS", (("QueueName", "<DeadLetterQueue.QueueName>"),)): {
        "ApproximateNumberOfMessagesVisible"
    },
    ("AWS/SQS", (("QueueName", "<ReviewQueue.QueueName>"),)): {"NumberOfMessagesSent"},
    ("AWS/Lambda", (("FunctionName", f"<{DISPATCHER}>"),)): {"Errors", "Duration", "Invocations"},
    ("AWS/Lambda", (("FunctionName", f"<{REVIEWER}>"),)): {"Errors", "Duration", "Invocations"},
}


def alarms(monitoring: Stack) -> dict[str, Any]:
    return monitoring.of_type("AWS::CloudWatch::Alarm")


def queries(monitoring: Stack) -> Iterator[tuple[str, insights.Query]]:
    """Yield each grouped alarm's query."""
    for name, alarm in alarms(monitoring).items():
        for metric in alarm.get("Metrics", ()):
            if metric.get("Expression", "").startswith("SELECT"):
                yield name, insights.parse(metric["Expression"])


def test_every_alarm_s_metric_is_reported(monitoring: Stack, reported: Reported) -> None:
    """The dimensions are exactly the alarm's: with one more, the alarm would see no data."""
    for name, alarm in alarms(monitoring).items():
        for namespace, dimensions, metric in watched(alarm):
            if namespace == NAMESPACE:
                names = tuple(dimension for dimension, _ in dimensions)
                assert (namespace, names, metric) in reported.metrics, name
                assert dict(dimensions)["Stack"] == "csr-approver", name
            else:
                assert metric in OF_AWS[namespace, dimensions], name


def test_each_metric_of_a_cluster_has_a_grouped_alarm(monitoring: Stack) -> None:
    """The query's SCHEMA is what the code emits, and one cluster is one group."""
    found = {query.metric: query for _, query in queries(monitoring)}

    assert set(CLUSTER) == set(found)
    for query in found.values():
        assert (NAMESPACE, CLUSTER_DIMENSIONS) == (query.namespace, query.dimensions)
        assert (("Stack", "csr-approver"), ("Cluster", "Region")) == (query.where, query.group_by)
        assert query.function == "MAX"


def test_a_grouped_alarm_watches_only_its_query(monitoring: Stack) -> None:
    """CloudFormation needs the period of a query; a contributor can't be used in metric math."""
    for name, _ in queries(monitoring):
        alarm = monitoring.properties(name)
        [query] = alarm["Metrics"]

        assert {"Id": "clusters", "Period": 300, "Expression": query["Expression"]} == query
        assert 4 == alarm["EvaluationPeriods"]


def test_own_metrics_are_those_of_this_stack(template: Template) -> None:
    """An alarm doesn't fire for another stack of the account."""
    monitoring = template.stack(name="other")

    assert {"other"} == {
        dict(dimensions)["Stack"]
        for alarm in alarms(monitoring).values()
        for namespace, dimensions, _ in watched(alarm)
        if namespace == NAMESPACE
    }


def test_plain_alarms_watch_metrics_of_which_the_dispatcher_sends_zeros(monitoring: Stack) -> None:
    """A metric without data in a period has no maximum, and its alarm would use older periods."""
    plain = {
        metric
        for alarm in alarms(monitoring).values()
        for namespace, dimensions, metric in watched(alarm)
        if namespace == NAMESPACE and dimensions == (("Stack", "csr-approver"),)
    }

    assert plain == {*ZEROS, *DISPATCH} - {"Expected"}


def test_own_metrics_are_never_summed_up_but_by_the_alarm_on_missing_reviews(
    monitoring: Stack,
) -> None:
    """Negative values that others put would lower a sum."""
    for name, alarm in alarms(monitoring).items():
        stats = [one["MetricStat"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
        statistics = {
            statistic
            for metric, statistic in [(one["Metric"], one["Stat"]) for one in stats]
            or [(alarm, alarm.get("Statistic"))]
            if metric.get("Namespace") == NAMESPACE
        }
        assert statistics <= {"Sum" if name == "ReviewsMissingAlarm" else "Maximum"}, name


@pytest.mark.parametrize("function", [DISPATCHER, REVIEWER])
def test_every_function_has_an_alarm_on_its_errors(function: str, monitoring: Stack) -> None:
    """Lambda counts the errors of a function that fails before it can report any."""
    watching = [
        alarm
        for alarm in alarms(monitoring).values()
        if "Metrics" not in alarm
        and ("AWS/Lambda", (("FunctionName", f"<{function}>"),), "Errors") in watched(alarm)
    ]

    [alarm] = watching
    assert (2, 3) == (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"])


def test_missing_data_is_breaching_only_for_missing_reviews(monitoring: Stack) -> None:
    """Reviews that report nothing are missing; counters that report nothing counted nothing."""
    found = {name: alarm["TreatMissingData"] for name, alarm in alarms(monitoring).items()}

    assert "breaching" == found.pop("ReviewsMissingAlarm")
    assert {"notBreaching"} == set(found.values())


def test_every_period_contains_a_run_at_the_slowest_rate(
    template: Template, monitoring: Stack
) -> None:
    """With a rate longer than the alarms' period, some periods would be empty."""
    slowest = max(template.parameters["ScheduleMinutes"]["AllowedValues"])
    metrics = [one for alarm in alarms(monitoring).values() for one in alarm.get("Metrics", ())]
    periods = {
        one["Period"]
        for one in (*alarms(monitoring).values(), *metrics, *(m.get("MetricStat") for m in metrics))
        if one and "Period" in one
    }

    assert {slowest * 60} == periods


def test_missing_reviews_are_those_begun_and_not_accounted_for(monitoring: Stack) -> None:
    """Every way in which a review ends is subtracted."""
    alarm = monitoring.properties("ReviewsMissingAlarm")
    expressions = {one["Id"]: one.get("Expression") for one in alarm["Metrics"]}

    subtracted = " - ".join(f"FILL({end[0].lower()}{end[1:]}, 0)" for end in ENDS)
    assert f"FILL(reviews, 0) - FILL(errors, 0) - {subtracted}" == expressions["unrecorded"]
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
    """Alarms on security have topics of their own if any is given, and all notify of ends if so."""
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
    "UnexpectedlyOffAlarm",
}
