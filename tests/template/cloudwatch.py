"""CloudWatch's part: decide, minute by minute, which alarms change state, and notify topics.

From: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data", "Alarm warm-up
periods", "Create a CloudWatch alarm based on a Metrics Insights query", "Acting on alarm changes".

An alarm is evaluated each minute, on periods that end at that minute. Whether AWS's periods slide
like that isn't documented in words; its example of a notification shows it (periods of 300 s that
begin at 08:19, 08:24 and 08:29, asked for at 08:34:06).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from tests.template import insights, metric_math
from tests.template.cloudformation import Stack
from tests.template.points import Points, Samples, points, watched_points

__all__ = ["Change", "Samples", "State", "changes"]

Json = Any

Contributor = tuple[tuple[str, str], ...]
"""The labels that identify one series of a grouped alarm; empty for a plain alarm."""

#: CloudWatch reads more periods than it evaluates, and doesn't say how many more. In AWS's examples
#: it reads five where three are evaluated.
EXTRA_PERIODS: Final = 2

_PLAIN: Final[Contributor] = ()


class State(Enum):
    """The state of an alarm, or of one series of a grouped alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True)
class Change:
    """One change of state.

    `minute`: when it happens; the data of all earlier minutes is known. `alarm`: its name, without
    the stack's. `notified`: the topics.
    """

    minute: int
    alarm: str
    contributor: Contributor
    old: State
    new: State
    notified: tuple[str, ...]


def changes(
    stack: Stack, samples: Samples, minutes: range, *, extra_periods: int = EXTRA_PERIODS
) -> list[Change]:
    """Return all changes of state of the stack's alarms, in the order in which they happen.

    The stack is created at the first minute: warm-up counts from there.
    """
    alarms = [
        _Alarm(stack, properties, samples, minutes.start, extra_periods)
        for properties in stack.of_type("AWS::CloudWatch::Alarm").values()
    ]
    return [change for minute in minutes for alarm in alarms for change in alarm.evaluate(minute)]


def state_of(alarm: Json, newest_first: Iterable[float | None]) -> State:
    """Return the state by the values of the periods that were read, of which some are missing.

    Existing values are used first, the newest first, also from before the periods to evaluate. If
    they are fewer than these, the rest counts as `TreatMissingData` says.
    """
    needed = alarm["EvaluationPeriods"]
    existing = [value for value in newest_first if value is not None][:needed]
    breaching = sum(metric_math.breaches(alarm, value) for value in existing)
    if _MISSING_BREACHES[alarm["TreatMissingData"]]:
        breaching += needed - len(existing)
    return State.ALARM if breaching >= alarm.get("DatapointsToAlarm", needed) else State.OK


_MISSING_BREACHES: Final = {"breaching": True, "notBreaching": False}


@dataclass(slots=True)
class _Series:
    """What an alarm watches: one series, or as many as its query returns."""

    points_of: Mapping[Contributor, Points]
    query: insights.Query | None = None
    with_data_at: dict[int, set[Contributor]] = field(init=False)

    def __post_init__(self) -> None:
        self.with_data_at = {}
        if self.query:
            for contributor, values in self.points_of.items():
                for end in values:
                    self.with_data_at.setdefault(end, set()).add(contributor)

    def read(self, ends: range) -> Mapping[Contributor, list[float | None]]:
        """Return each series' values in the periods that end at these minutes, newest first."""
        if self.query is None:
            return {_PLAIN: self._values(_PLAIN, ends)}
        found = set[Contributor]().union(*(self.with_data_at.get(end, ()) for end in ends))
        return self.query.limited({series: self._values(series, ends) for series in found})

    def _values(self, series: Contributor, ends: range) -> list[float | None]:
        return [self.points_of[series].get(end) for end in ends]


class _Alarm:
    """One alarm, with the states that it remembers."""

    def __init__(
        self, stack: Stack, alarm: Json, samples: Samples, created: int, extra_periods: int
    ) -> None:
        self._alarm = alarm
        self._name = alarm["AlarmName"].removeprefix(f"{stack.name}-")
        self._series, seconds = _series(alarm, samples)
        self._period = seconds // 60
        self._reads = alarm["EvaluationPeriods"] + extra_periods
        warm_up = alarm.get("WarmUpConfiguration", {})
        self._warm_until = created + warm_up.get("WarmUpPeriodDurationInMinutes", 0)
        self._may_start_early = not warm_up.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds", False)
        # A series of a grouped alarm exists only with data, and is never INSUFFICIENT_DATA.
        self._states: dict[Contributor, State] = {}
        self._initial = State.OK if self._series.query else State.INSUFFICIENT_DATA

    def evaluate(self, minute: int) -> Iterator[Change]:
        """Yield the changes of this minute."""
        ends = range(minute, minute - self._reads * self._period, -self._period)
        read = self._series.read(ends)
        if minute < self._warm_until and not self._starts_early(read):
            return
        self._warm_until = minute
        absent = [None] * self._reads
        for contributor in sorted({*read, *self._states}):
            old = self._states.get(contributor, self._initial)
            new = state_of(self._alarm, read.get(contributor, absent))
            if new is State.OK and self._series.query:
                self._states.pop(contributor, None)
            else:
                self._states[contributor] = new
            if new is not old:
                actions = self._alarm.get(f"{'Alarm' if new is State.ALARM else 'OK'}Actions", ())
                yield Change(minute, self._name, contributor, old, new, tuple(actions))

    def _starts_early(self, read: Mapping[Contributor, list[float | None]]) -> bool:
        """Return whether some series has a value in each period to evaluate."""
        needed = self._alarm["EvaluationPeriods"]
        return self._may_start_early and any(
            None not in values[:needed] for values in read.values()
        )


def _series(alarm: Json, samples: Samples) -> tuple[_Series, int]:
    """Return what an alarm watches, and its period in seconds."""
    if "Metrics" not in alarm:
        found = points(alarm, alarm["Statistic"], alarm["Period"], samples)
        return _Series({_PLAIN: found}), alarm["Period"]
    (watched,) = [metric for metric in alarm["Metrics"] if metric.get("ReturnData", True)]
    if watched["Expression"].startswith("SELECT"):
        query = insights.parse(watched["Expression"])
        return _Series(query.groups(samples, watched["Period"]), query), watched["Period"]
    stats = [metric["MetricStat"] for metric in alarm["Metrics"] if "MetricStat" in metric]
    (period,) = {stat["Period"] for stat in stats}
    return _Series({_PLAIN: watched_points(alarm["Metrics"], watched, samples)}), period
