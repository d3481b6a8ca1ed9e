"""Which alarms fire on which metric values, when, which topics they notify, and when they end."""

from collections.abc import Callable, Iterable
from typing import Final

import pytest

from adapters.ledger_metrics import NAMESPACE
from tests.template.alarms import (
    DEAD_LETTERS,
    DISPATCHER_ERRORS,
    OLDEST,
    REVIEWER_ERRORS,
    REVIEWS,
    SENT,
    emitted,
    of_aws,
    of_cluster,
    of_stack,
)
from tests.template.cloudformation import Stack, Template
from tests.template.cloudwatch import Change, State, changes
from tests.template.points import Key
from tests.template.timeline import Timeline

#: From the first minute after all warm-ups.
START: Final = 100
ALL: Final = range(400)
LATER: Final = range(START, 400)

SECURITY: Final = "arn:aws:sns:us-east-1:123456789012:security"
OPERATIONS: Final = "arn:aws:sns:us-east-1:123456789012:ops"


@pytest.fixture(scope="module")
def monitored(template: Template) -> Stack:
    """Return a stack with both topics."""
    return template.stack(AlarmTopicArn=OPERATIONS, SecurityAlarmTopicArn=SECURITY)


def notifications(changes: Iterable[Change]) -> list[tuple[int, str]]:
    """Return the minute and the alarm of each notification."""
    return [(change.minute, change.alarm) for change in changes if change.notified]


def fired(stack: Stack, timeline: Timeline, **more: int) -> list[tuple[int, str]]:
    """Return the notifications."""
    return notifications(changes(stack, timeline.samples, ALL, **more))


# --- alarms of each cluster -----------------------------------------------------------------------

#: Metric, value, alarm, and how many minutes after the first value it fires if the values go on.
OF_CLUSTER: Final = (
    ("Denied", 1, "denied", 1),
    ("IssuedMismatch", 1, "issued-mismatch", 1),
    ("UnexpectedlyOff", 1, "unexpectedly-off", 1),
    ("SignerFailed", 1, "signer-failed", 1),
    ("IssuedFewerNames", 1, "issued-fewer-names", 1),
    ("OldestPendingSeconds", 601, "oldest-pending", 1),
    ("ApprovedNotIssued", 1, "approved-not-issued", 7),
    ("ReviewErrors", 1, "review-errors", 7),
    ("NotOnboarded", 1, "shut-out", 7),
    ("Unreachable", 1, "unreachable", 7),
)
_CASES = pytest.mark.parametrize(("metric", "value", "alarm", "after"), OF_CLUSTER)


@_CASES
@pytest.mark.parametrize("extra_periods", [0, 2, 6])
def test_each_trouble_of_a_cluster_fires_its_own_alarm_once(
    metric: str, value: int, alarm: str, after: int, extra_periods: int, monitored: Stack
) -> None:
    """It notifies once for as long as the trouble lasts, however many periods CloudWatch reads."""
    timeline = Timeline().put(of_cluster(metric), LATER, value)

    assert [(START + after, alarm)] == fired(monitored, timeline, extra_periods=extra_periods)


@_CASES
def test_one_cluster_s_trouble_doesn_t_hide_another_s(
    metric: str, value: int, alarm: str, after: int, monitored: Stack
) -> None:
    """Each cluster has a state and notifications of its own, and the notification names it."""
    timeline = Timeline().put(of_cluster(metric, "known"), ALL, value)
    timeline.put(of_cluster(metric, "next"), range(200, 400), value)

    found = changes(monitored, timeline.samples, ALL)
    [change] = [change for change in found if ("Cluster", "next") in change.contributor]

    assert (200 + after, alarm) == (change.minute, change.alarm)
    assert (("Cluster", "next"), ("Region", "us-east-1")) == change.contributor
    assert change.notified


@_CASES
def test_a_trouble_ends_when_its_metric_vanishes(
    metric: str, value: int, alarm: str, after: int, template: Template
) -> None:
    """No zeros are sent. It ends after 20 to 30 minutes, and notifies of that only if asked to."""
    timeline = Timeline().put(of_cluster(metric), range(START, 150), value)

    for extra_periods in (0, 2):
        for recovery in ("false", "true"):
            stack = template.stack(AlarmTopicArn=OPERATIONS, NotifyRecovery=recovery)
            found = changes(stack, timeline.samples, ALL, extra_periods=extra_periods)
            *_, began, ended = [change for change in found if change.contributor]

            assert (State.ALARM, State.OK) == (began.new, ended.new)
            assert (START + after, alarm) == (began.minute, began.alarm)
            assert 149 < ended.minute <= 149 + 31
            assert bool(ended.notified) == (recovery == "true")


@pytest.mark.parametrize(
    ("metric", "value"),
    [(metric, value) for metric, value, _, after in OF_CLUSTER if after == 1],
)
def test_a_node_that_files_a_request_each_quarter_of_an_hour_notifies_once(
    metric: str, value: int, monitored: Stack
) -> None:
    """Its trouble is reported in one minute of each quarter of an hour."""
    timeline = Timeline().put(of_cluster(metric), range(START, 400, 15), value)

    assert 1 == len(fired(monitored, timeline, extra_periods=0))


@pytest.mark.parametrize(
    ("metric", "value"),
    [("OldestPendingSeconds", 600), ("Denied", 0), ("Denied", -1)],
)
def test_a_value_below_the_threshold_fires_nothing(
    metric: str, value: int, monitored: Stack
) -> None:
    """A node may wait for ten minutes."""
    assert [] == fired(monitored, Timeline().put(of_cluster(metric), LATER, value))


@pytest.mark.parametrize("metric", ["ReviewErrors", "NotOnboarded", "Unreachable"])
def test_a_cluster_s_upgrade_fires_nothing(metric: str, monitored: Stack) -> None:
    """For six minutes the API server answers with errors or not at all, whenever it begins."""
    for start in range(START, START + 5):
        timeline = Timeline().put(of_cluster(metric), range(start, start + 6), 1)

        assert [] == fired(monitored, timeline)


def test_a_cluster_that_is_deleted_fires_nothing(monitored: Stack) -> None:
    """Its series vanish, some of them while they are in alarm."""
    timeline = Timeline()
    for metric, value, _, _ in OF_CLUSTER:
        timeline.put(of_cluster(metric), range(200), value)

    assert [] == [minute for minute, _ in fired(monitored, timeline) if minute >= 200]


# --- alarms of the stack --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "alarm", "after"),
    [
        ("Denied", "stack-denied", 1),
        ("IssuedMismatch", "stack-issued-mismatch", 1),
        ("EvidenceUnavailable", "evidence-unavailable", 11),
        ("ListTruncated", "list-truncated", 11),
        ("NothingSelected", "nothing-selected", 11),
    ],
)
def test_each_trouble_of_the_stack_fires_its_own_alarm_once(
    metric: str, alarm: str, after: int, monitored: Stack
) -> None:
    """Negative values that others put end none of them."""
    timeline = Timeline().put(of_stack(metric), LATER, 1, -1_000_000)

    assert [(START + after, alarm)] == fired(monitored, timeline)


@pytest.mark.parametrize(
    "values",
    [
        {"Approved": 9, "Left": 9, "Waiting": 9, "Pending": 9, "Off": 2, "DispatchErrors": 1},
        {"WouldApprove": 50, "MovedAddress": 1},
    ],
    ids=["busy", "a new stack in shadow mode, beside healthy nodes"],
)
def test_a_stack_notifies_of_nothing_when_it_is_created(
    values: dict[str, int], monitored: Stack
) -> None:
    """It doesn't later either, as long as nothing is wrong."""
    timeline = Timeline()
    for name, value in values.items():
        timeline.put(of_stack(name), ALL, value)

    assert [] == fired(monitored, timeline)


def test_access_entries_may_be_created_an_hour_after_the_stack(monitored: Stack) -> None:
    """Until then clusters refuse the approver, or none is selected, and no alarm fires."""
    timeline = Timeline().end(range(60), NotOnboarded=2, Unreachable=1)
    timeline.put(of_stack("NothingSelected"), range(60), 1)
    for metric in ("NotOnboarded", "Unreachable"):
        timeline.put(of_cluster(metric), range(60), 1)

    assert [] == fired(monitored, timeline)


def test_with_recovery_each_alarm_notifies_at_most_once_at_creation(template: Template) -> None:
    """Each goes from INSUFFICIENT_DATA to OK, so recoveries aren't notified by default."""
    stack = template.stack(AlarmEmail="ops@corp.example", NotifyRecovery="true")
    found = changes(stack, Timeline().samples, ALL)

    assert {State.OK} == {change.new for change in found}
    assert len({change.alarm for change in found}) == len(notifications(found))


@pytest.mark.parametrize(
    ("ends", "alarms"),
    [
        pytest.param({"NotOnboarded": 3}, ["stack-shut-out"], id="all refuse"),
        pytest.param({"Unreachable": 3}, ["stack-shut-out"], id="all out of reach"),
        pytest.param({"NotOnboarded": 1, "Failed": 2}, ["stack-shut-out"], id="one refuses"),
        pytest.param({"Completed": 1, "NotOnboarded": 2}, [], id="one lets us in"),
        pytest.param({"Completed": 1, "Unreachable": 2}, [], id="one is reached"),
        pytest.param({"Failed": 3}, [], id="all fail, which review-errors reports"),
        pytest.param({"Skipped": 3}, [], id="all are skipped"),
    ],
)
def test_stack_shut_out_fires_only_if_no_cluster_lets_us_in(
    ends: dict[str, int], alarms: list[str], monitored: Stack
) -> None:
    """Where access isn't required, the clusters have no metrics of their own."""
    timeline = Timeline().end(LATER, **ends)

    assert [(START + 15, alarm) for alarm in alarms] == fired(monitored, timeline)


@pytest.mark.parametrize("value", [0, -5])
def test_values_that_others_put_don_t_let_a_cluster_in(value: int, monitored: Stack) -> None:
    """A sum that isn't 0 would have counted as a completed review."""
    timeline = Timeline().end(LATER, NotOnboarded=3).put(of_stack("Completed"), LATER, value)
    timeline.put(of_stack("NotOnboarded"), LATER, -1_000)

    assert "stack-shut-out" in [alarm for _, alarm in fired(monitored, timeline)]


@pytest.mark.parametrize(
    ("metric", "alarm", "after"),
    [
        (DISPATCHER_ERRORS, "dispatcher-errors", 7),
        (DEAD_LETTERS, "dead-letters", 1),
    ],
)
def test_what_aws_counts_fires_its_own_alarm_once(
    metric: tuple[str, str, str, str], alarm: str, after: int, monitored: Stack
) -> None:
    """These metrics can't be put by others."""
    timeline = Timeline().put(of_aws(metric), LATER, 1)

    assert [(START + after, alarm)] == fired(monitored, timeline)


def test_reviews_that_fail_fire_their_own_alarm_once(monitored: Stack) -> None:
    """They leave no record, but they aren't missing."""
    timeline = Timeline().put(of_aws(REVIEWER_ERRORS), LATER, 1).end(LATER, Completed=2)

    assert [(START + 7, "reviewer-errors")] == fired(monitored, timeline)


# --- missing reviews ------------------------------------------------------------------------------


def untaken(timeline: Timeline) -> None:
    """Let the reviewer take two of three messages: the third expires after five minutes."""
    timeline.drop(LATER, of_aws(REVIEWS), of_stack("Ended"))
    timeline.put(of_aws(REVIEWS), LATER, 2).put(of_stack("Ended"), LATER, 2)
    for minute in LATER:
        timeline.put(of_aws(OLDEST), [minute], min(300, 60 * (1 + minute - START)))


def unrecorded(timeline: Timeline) -> None:
    """Let the reviewer's metrics not arrive, but those of the dispatcher."""
    timeline.end(LATER)


def unrecorded_at_all(timeline: Timeline) -> None:
    """Let no metric of either function arrive: CloudWatch Logs doesn't take their lines."""
    timeline.drop(LATER, *[key for key in timeline.samples if key[0] == NAMESPACE])


def no_reviewer(timeline: Timeline) -> None:
    """Let the reviewer never be invoked."""
    timeline.drop(LATER, of_aws(REVIEWS), of_stack("Ended"))


@pytest.mark.parametrize(
    ("trouble", "after"),
    [(untaken, 14), (unrecorded, 13), (unrecorded_at_all, 13), (no_reviewer, 13)],
)
def test_missing_reviews_fire_an_alarm_once(
    trouble: Callable[[Timeline], None], after: int, monitored: Stack
) -> None:
    """In three whole periods messages expired, or fewer than half of the reviews began or ended."""
    timeline = Timeline()
    trouble(timeline)

    assert [(START + after, "reviews-missing")] == fired(monitored, timeline)


def test_silence_fires_an_alarm(monitored: Stack) -> None:
    """If nothing runs at all, no metric is sent."""
    timeline = Timeline().drop(LATER)

    assert [(START + 15, "reviews-missing")] == fired(monitored, timeline)


def test_a_stack_that_never_runs_fires_an_alarm_after_half_an_hour(monitored: Stack) -> None:
    """The schedule is DISABLED, or no function starts."""
    assert [(30, "reviews-missing")] == notifications(changes(monitored, {}, ALL))


@pytest.mark.parametrize("key", [of_stack("Ended"), of_stack("Skipped")])
def test_ends_that_others_put_don_t_hide_untaken_messages(key: Key, monitored: Stack) -> None:
    """The messages and the invocations are AWS's own metrics. Here others empty the queue."""
    timeline = Timeline().drop(LATER, of_aws(REVIEWS), of_stack("Ended"))
    timeline.put(key, ALL, 1_000)

    assert "reviews-missing" in [alarm for _, alarm in fired(monitored, timeline)]


def test_an_account_without_clusters_fires_nothing(monitored: Stack) -> None:
    """There are no messages, and so no reviews."""
    timeline = Timeline().drop(ALL, of_aws(SENT), of_aws(REVIEWS), of_aws(REVIEWER_ERRORS))
    timeline.end(ALL)

    assert [] == fired(monitored, timeline)


def test_ends_that_are_counted_a_minute_late_fire_nothing(monitored: Stack) -> None:
    """A review begins in one period and ends in the next, and clusters come and go."""
    timeline = Timeline().drop(ALL, of_stack("Ended"))
    timeline.put(of_stack("Ended"), range(1, 400), 3)
    timeline.put(of_aws(SENT), range(200, 300), 40).put(of_aws(REVIEWS), range(201, 301), 40)
    timeline.put(of_stack("Ended"), range(202, 302), 40)

    assert [] == fired(monitored, timeline)


def test_reviews_that_are_counted_later_each_minute_fire_nothing(monitored: Stack) -> None:
    """Of 40 clusters one more is reviewed in the next minute, and recorded in the one after it.

    Scheduler starts the dispatcher at any second of a minute.
    """
    timeline = Timeline().drop(ALL, of_aws(SENT), of_aws(REVIEWS), of_stack("Ended"))
    timeline.put(of_aws(SENT), ALL, 40)
    for minute in ALL:
        shifted = -1 if minute % 40 else 39
        timeline.put(of_aws(REVIEWS), [minute], 40 + shifted)
        timeline.put(of_stack("Ended"), [minute], 40 + 2 * shifted)

    assert [] == fired(monitored, timeline)


def test_messages_that_wait_fire_nothing_until_they_expire(monitored: Stack) -> None:
    """A message that fails is buried after three minutes, which dead-letters reports."""
    assert [] == fired(monitored, Timeline().put(of_aws(OLDEST), LATER, 200))


def test_a_deploy_fires_nothing(monitored: Stack) -> None:
    """Functions are replaced: four minutes pass without any run."""
    for start in range(START, START + 5):
        assert [] == fired(monitored, Timeline().drop(range(start, start + 4)))


# --- data that others put -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("metric", "alarms"),
    [
        ("Denied", {"stack-denied"}),
        ("IssuedMismatch", {"stack-issued-mismatch"}),
        ("UnexpectedlyOff", {"stack-unexpectedly-off"}),
    ],
)
def test_five_hundred_invented_clusters_silence_no_alarm_on_security(
    metric: str, alarms: set[str], monitored: Stack
) -> None:
    """A query returns the 500 greatest series: the cluster's own isn't among them any more."""
    timeline = Timeline().put(of_cluster(metric), LATER, 1).put(of_stack(metric), LATER, 1)
    for number in range(500):
        timeline.put(of_cluster(metric, f"invented-{number:03}"), range(50, 400), 1_000_000)
    found = changes(monitored, timeline.samples, range(START - 1, START + 40))
    firing = {
        change.alarm
        for change in found
        if change.new is State.ALARM and change.contributor in ((), _PROD)
    }

    assert alarms == firing


_PROD: Final = (("Cluster", "prod"), ("Region", "us-east-1"))


def test_negative_values_in_a_cluster_s_series_silence_nothing(monitored: Stack) -> None:
    """The queries take the maximum."""
    timeline = Timeline()
    for metric, value, _, _ in OF_CLUSTER:
        timeline.put(of_cluster(metric), LATER, value, -1_000_000)

    assert {alarm for _, _, alarm, _ in OF_CLUSTER} == {
        alarm for _, alarm in fired(monitored, timeline)
    }


@pytest.mark.parametrize(
    "key",
    [
        of_stack("Denied", "other"),
        of_cluster("Denied", stack="other"),
        (NAMESPACE, "Denied", frozenset({("Cluster", "prod"), ("Region", "us-east-1")})),
        ("Other", "Denied", of_cluster("Denied")[2]),
    ],
    ids=["another stack", "its cluster", "other dimensions", "another namespace"],
)
def test_other_series_fire_no_alarm_of_this_stack(key: Key, monitored: Stack) -> None:
    """An account may have several stacks."""
    assert [] == fired(monitored, Timeline().put(key, LATER, 1))


# --- topics ---------------------------------------------------------------------------------------


def test_alarms_on_security_notify_the_topic_for_security(monitored: Stack) -> None:
    """All others notify the one for operations."""
    timeline = Timeline()
    for metric, value, _, _ in OF_CLUSTER:
        timeline.put(of_cluster(metric), LATER, value)
    for metric in ("Denied", "IssuedMismatch", "UnexpectedlyOff"):
        timeline.put(of_stack(metric), LATER, 1)
    notified = {
        change.alarm: change.notified
        for change in changes(monitored, timeline.samples, ALL)
        if change.new is State.ALARM
    }

    security = {alarm for alarm, topics in notified.items() if topics == (SECURITY,)}
    assert security == {
        "denied",
        "issued-mismatch",
        "stack-denied",
        "stack-issued-mismatch",
        "stack-unexpectedly-off",
        "unexpectedly-off",
    }
    assert {(OPERATIONS,)} == {notified[alarm] for alarm in notified.keys() - security}


# --- samples --------------------------------------------------------------------------------------


def test_a_line_is_one_sample_of_each_of_its_metrics() -> None:
    """CloudWatch files it under the line's dimensions."""
    line = {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": [["Stack"]],
                    "Metrics": [{"Name": "Denied"}, {"Name": "Left"}],
                }
            ]
        },
        "Stack": "csr-approver",
        "Denied": [1.0],
        "Left": 2,
    }

    assert {of_stack("Denied"): [1.0, 1.0], of_stack("Left"): [2, 2]} == emitted([line, line])
