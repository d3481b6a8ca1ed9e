"""The values of a series in periods, which CloudWatch computes from the samples."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from tests.template import metric_math

Json = Any

Key = tuple[str, str, frozenset[tuple[str, str]]]
"""Namespace, name, and dimensions of a metric."""

Samples = Mapping[Key, Mapping[int, Sequence[float]]]
"""What was sent of each metric, by minute."""

Points = Mapping[int, float]
"""The value of each period with data, by the minute at which the period ends (it isn't in it)."""

_STATISTICS: Final[Mapping[str, Callable[[float, float], float]]] = {
    "Sum": lambda one, other: one + other,
    "Maximum": max,
    "SampleCount": lambda count, _: count + 1,
}


def key_of(metric: Json) -> Key:
    """Return the metric that an alarm or a `MetricStat` names."""
    dimensions = frozenset((label["Name"], label["Value"]) for label in metric["Dimensions"])
    return metric["Namespace"], metric["MetricName"], dimensions


def points(metric: Json, statistic: str, seconds: int, samples: Samples) -> Points:
    """Return the statistic of one metric in each period of so many seconds."""
    return merged([samples.get(key_of(metric), {})], statistic, seconds)


def merged(
    series: Sequence[Mapping[int, Sequence[float]]], statistic: str, seconds: int
) -> dict[int, float]:
    """Return the statistic of several series together."""
    fold = _STATISTICS[statistic]
    found: dict[int, float] = {}
    for samples in series:
        for minute, values in samples.items():
            for value in values:
                for end in range(minute + 1, minute + 1 + seconds // 60):
                    first = 1 if statistic == "SampleCount" else value
                    found[end] = fold(found[end], value) if end in found else first
    return found


def watched_points(metrics: Sequence[Json], watched: Json, samples: Samples) -> Points:
    """Return the values of an expression of metric math, computed when they are asked for."""
    read = {
        metric["Id"]: points(
            metric["MetricStat"]["Metric"],
            metric["MetricStat"]["Stat"],
            metric["MetricStat"]["Period"],
            samples,
        )
        for metric in metrics
        if "MetricStat" in metric
    }
    expressions = {each["Id"]: each["Expression"] for each in metrics if "Expression" in each}
    return _Computed(metric_math.compiled(expressions, watched["Id"]), read)


class _Computed(Mapping[int, float]):
    """The values of an expression."""

    def __init__(self, compute: metric_math.Compute, read: Mapping[str, Points]) -> None:
        self._compute = compute
        self._read = read
        self._known: dict[int, float | None] = {}

    def __getitem__(self, end: int) -> float:
        if end not in self._known:
            values = {name: found.get(end) for name, found in self._read.items()}
            self._known[end] = self._compute(values)
        value = self._known[end]
        if value is None:
            raise KeyError(end)
        return value

    def __iter__(self) -> Iterator[int]:
        raise TypeError("an expression has a value for every minute")

    def __len__(self) -> int:
        raise TypeError("an expression has a value for every minute")
