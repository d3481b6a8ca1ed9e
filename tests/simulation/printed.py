"""What CloudWatch reads of the functions' output: the values of metrics."""

import json
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Values:
    """The values that one line has for metrics of the same dimensions."""

    namespace: str
    dimensions: frozenset[tuple[str, str]]
    values: tuple[tuple[str, float], ...]


def values_of(printed: str) -> tuple[Values, ...]:
    """Return the metrics of everything that was printed. Every line must be a metric's."""
    return tuple(one for line in printed.splitlines() for one in _of_line(json.loads(line)))


def _of_line(line: dict[str, object]) -> Iterator[Values]:
    aws = line["_aws"]
    assert isinstance(aws, dict)
    for metrics in aws["CloudWatchMetrics"]:
        for names in metrics["Dimensions"]:
            yield Values(
                metrics["Namespace"],
                frozenset((name, str(line[name])) for name in names),
                tuple(
                    (metric["Name"], float(value))
                    for metric in metrics["Metrics"]
                    for value in _each(line[metric["Name"]])
                ),
            )


def _each(value: object) -> list[float]:
    return value if isinstance(value, list) else [float(str(value))]
