"""Trouble of any length notifies once or not at all, in whatever minute it begins."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

import pytest

from core.alarm_windows import LASTING_REVIEWS
from tests.simulation.simulate import the_stack
from tests.simulation.stated import alarms
from tests.template.cloudwatch import Change, State, changes
from tests.template.points import Key
from tests.template.templates import TEMPLATES

STACK = ("Stack", "csr-approver")

#: The metric of each alarm on single numbers; the others are computed from several.
METRICS = {
    "denied": "Denied",
    "issued-mismatch": "IssuedMismatch",
    "signer-failed": "SignerFailed",
    "issued-fewer-names": "IssuedFewerNames",
    "oldest-pending": "OldestPendingSeconds",
    "approved-not-issued": "ApprovedNotIssued",
    "review-errors": "ReviewErrors",
    "shut-out": "NotOnboarded",
    "unreachable": "Unreachable",
    "stack-denied": "Denied",
    "stack-issued-mismatch": "IssuedMismatch",
    "unexpectedly-off": "UnexpectedlyOff",
    "stack-unexpectedly-off": "UnexpectedlyOff",
    "nothing-selected": "NothingSelected",
    "evidence-unavailable": "EvidenceUnavailable",
    "list-truncated": "ListTruncated",
    "dispatcher-errors": "DispatcherFunction",
    "reviewer-errors": "ReviewerFunction",
}
COMPUTED = {"reviews-missing", "stack-shut-out", "dead-letters"}

LENGTHS = range(1, 31)

#: Minutes between two bursts: more than an alarm reads at once, so that none sees two.
_APART = 60
#: The minute of the first burst, when all warm-up periods are over.
_WARM = 100


def test_every_alarm_is_here_or_computed_from_several_metrics() -> None:
    """Alarms that are computed from several metrics are tried in the week."""
    assert METRICS.keys() | COMPUTED == alarms(the_stack())


def bursts(schedule: int) -> Iterator[tuple[int, int]]:
    """Yield the minute of each burst's begin, and how many reviews it lasts."""
    for number, length in enumerate(LENGTHS):
        # They begin in different minutes of a period.
        begin = _WARM + number * (_APART + LENGTHS.stop * schedule) + number % 5
        yield begin + -begin % schedule, length


def key_of(alarm: str) -> tuple[Key, bool]:
    """Return the metric that the alarm watches, and whether its zeros are sent, too."""
    metric = METRICS[alarm]
    if metric.endswith("Function"):
        return ("AWS/Lambda", "Errors", frozenset({("FunctionName", f"<{metric}>")})), True
    of_stack = alarm in {"nothing-selected", "evidence-unavailable"}
    of_stack = of_stack or alarm == "list-truncated" or alarm.startswith("stack-")
    of_cluster = {("Cluster", "prod"), ("Region", "eu-west-1")}
    labels = {STACK} if of_stack else {STACK, *of_cluster}
    return ("CsrApprover", metric, frozenset(labels)), of_stack


def samples(schedule: int) -> Iterator[tuple[Key, Mapping[int, list[float]]]]:
    """Yield each metric, which is high in each burst's reviews, and absent or zero between."""
    for alarm in METRICS:
        key, has_zeros = key_of(alarm)
        end = end_of(schedule)
        values = {minute: [0.0] for minute in range(0, end, schedule)} if has_zeros else {}
        for begin, length in bursts(schedule):
            values |= {begin + number * schedule: [1e3] for number in range(length)}
        yield key, values


def end_of(schedule: int) -> int:
    """Return the minute at which the last burst is over."""
    return max(begin for begin, _ in bursts(schedule)) + LENGTHS.stop * schedule + _APART


@cache
def fired(schedule: int) -> Sequence[Change]:
    """Return the changes to ALARM of all alarms."""
    stack = the_stack(ScheduleMinutes=str(schedule), MaxCsrAgeSeconds="960")
    found = changes(stack, dict(samples(schedule)), range(end_of(schedule)))
    return [change for change in found if change.new is State.ALARM]


def times_fired(alarm: str, schedule: int) -> list[int]:
    """Return how often the alarm fires for each burst."""
    minutes = [change.minute for change in fired(schedule) if change.alarm == alarm]
    begins = [begin for begin, _ in bursts(schedule)]
    nexts = [*begins[1:], end_of(schedule)]
    return [
        sum(begin <= minute < following for minute in minutes)
        for begin, following in zip(begins, nexts, strict=True)
    ]


@pytest.mark.parametrize("alarm", METRICS)
@pytest.mark.parametrize("schedule", [1, 2, 3, 4, 5])
def test_a_burst_of_any_length_fires_an_alarm_at_most_once(alarm: str, schedule: int) -> None:
    """In longer periods, trouble of five to ten minutes would fire some alarms several times."""
    times = times_fired(alarm, schedule)

    assert set(times) <= {0, 1}, dict(zip(LENGTHS, times, strict=True))
    assert times == sorted(times), "a longer problem fires wherever a shorter one does"
    assert times[-1] == 1


@pytest.mark.parametrize("schedule", [1, 2, 3, 4, 5])
def test_code_and_template_agree_on_how_long_a_lasting_trouble_lasts(
    schedule: int,
) -> None:
    """The settings' least MAX_CSR_AGE_SECONDS is computed with them."""
    lasting = TEMPLATES["template.yaml"].source["Mappings"]["Lasting"][str(schedule)]

    assert lasting["Points"] == LASTING_REVIEWS[schedule]
    assert lasting["Period"] == 60 * schedule
