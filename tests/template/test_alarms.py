"""Alarms watch metrics that the functions report, and decide on missing data on purpose."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from adapters.ledger_metrics import ENDS, NAMESPACE
from tests.template.cloudformation import Stack, Template
from tests.template.reported import DISPATCHER, REVIEWER, Reported

# AWS's own. From: Amazon SQS and AWS Lambda Developer Guides, CloudWatch metrics.
OF_AWS: Final[Mapping[tuple[str, tuple[tuple[str, str], ...]], set[str]]] = {
    ("AWS/SQS", (("QueueName", "<DeadLetterQueue.QueueName>"),)): {
        "ApproximateNumberOfMessagesVisible"
    },
    ("AWS/Lambda", (("FunctionName", f"<{DISPATCHER}>"),)): {"Errors", "Duration"},
    ("AWS/Lambda", (("FunctionName", f"<{REVIEWER}>"),)): {"Errors", "Duration"},
}


def alarms(monitoring: Stack) -> dict[str, Any]:
    return monitoring.of_type("AWS::CloudWatch::Alarm")


def watched(alarm: dict[str, Any]) -> Iterator[tuple[str, tuple[tuple[str, str], ...], str]]:
    """Yield namespace, dimensions and name of each metric that the alarm watches."""
    queries = [
        metric["MetricStat"] for metric in alarm.get("Metrics", ()) if "MetricStat" in metric
    ]
    for metric in [query["Metric"] for query in queries] or [alarm]:
        dimensions = [(dimension["Name"], dimension["Value"]) for dimension in metric["Dimensions"]]
        yield metric["Namespace"], tuple(dimensions), metric["MetricName"]


def test_every_alarm_s_metric_is_reported(monitoring: Stack, reported: Reported) -> None:
    """The dimensions are exactly the alarm's: with one more, the alarm would see no data."""
    for name, alarm in alarms(monitoring).items():
        for namespace, dimensions, metric in watched(alarm):
            if namespace == NAMESPACE:
                assert (("Stack", "csr-approver"),) == dimensions, name
                assert (namespace, ("Stack",), metric) in reported.metrics, name
            else:
                assert metric in OF_AWS[namespace, dimensions], name


def test_own_metrics_are_those_of_this_stack(template: Template) -> None:
    """An alarm doesn't fire for another stack of the account."""
    monitoring = template.stack(name="other")

    assert {("Stack", "other")} == {
        dimension
        for alarm in alarms(monitoring).values()
        for namespace, dimensions, _ in watched(alarm)
        if namespace == NAMESPACE
        for dimension in dimensions
    }


@pytest.mark.parametrize("function", [DISPATCHER, REVIEWER])
def test_every_function_has_an_alarm_on_its_errors(function: str, monitoring: Stack) -> None:
    """Lambda counts the errors of a function that fails before it can report any."""
    [alarm] = [
        alarm
        for alarm in alarms(monitoring).values()
        if ("AWS/Lambda", (("FunctionName", f"<{function}>"),), "Errors") in watched(alarm)
    ]

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
    periods = {
        metric["Period"]
        for alarm in alarms(monitoring).values()
        for metric in [query["MetricStat"] for query in alarm.get("Metrics", ())[1:]] or [alarm]
    }

    assert {slowest * 60} == periods


def test_missing_reviews_are_those_expected_and_not_accounted_for(monitoring: Stack) -> None:
    """The alarm fires if in three periods of five minutes more were expected than accounted for."""
    alarm = monitoring.properties("ReviewsMissingAlarm")

    subtracted = " - ".join(f"FILL({end[0].lower()}{end[1:]}, 0)" for end in ENDS)
    assert f"expected - {subtracted}" == alarm["Metrics"][0]["Expression"]
    assert (3, 3, 0) == (
        alarm["EvaluationPeriods"],
        alarm["DatapointsToAlarm"],
        alarm["Threshold"],
    )
    assert {("Sum", 300)} == {
        (metric["MetricStat"]["Stat"], metric["MetricStat"]["Period"])
        for metric in alarm["Metrics"][1:]
    }


TOPIC: Final = "arn:aws:sns:us-east-1:123456789012:ops"


@pytest.mark.parametrize(
    ("given", "notified"),
    [
        ({}, []),
        ({"AlarmEmail": "ops@corp.example"}, ["<AlarmTopic>"]),
        ({"AlarmTopicArn": TOPIC}, [TOPIC]),
        ({"AlarmEmail": "ops@corp.example", "AlarmTopicArn": TOPIC}, [TOPIC, "<AlarmTopic>"]),
    ],
    ids=["none", "address", "topic", "both"],
)
def test_alarms_notify_the_given_topics(
    given: dict[str, str], notified: list[str], template: Template
) -> None:
    """All alarms notify all topics, when they begin and when they end."""
    stack = template.stack(**given)

    assert ("AlarmEmail" in given) == ("AlarmTopic" in stack.resources)
    for alarm in alarms(stack).values():
        assert notified == alarm.get("AlarmActions")
        assert notified == alarm.get("OKActions")
