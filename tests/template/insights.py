"""CloudWatch Metrics Insights: the queries of the grouped alarms.

From: CloudWatch User Guide, "Metrics Insights query components and syntax", "Metrics Insights
quotas". A query matches only metrics with exactly the dimensions of its SCHEMA.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tests.template.points import Points, Samples, merged

#: How many series a query returns at most.
MOST_SERIES: Final = 500

Group = tuple[tuple[str, str], ...]

_STATISTICS: Final = {"MAX": "Maximum", "SUM": "Sum"}

# Stricter than CloudWatch: every identifier is quoted, as some names (`Cluster`) are reserved.
_NAME: Final = r'"([A-Za-z]+)"'
_NAMES: Final = r'((?:"[A-Za-z]+"(?:, )?)+)'
_CLAUSES: Final = (
    r"SELECT (MAX|SUM)\(NAME\)",
    r"FROM SCHEMA\(NAMES\)",
    r"WHERE NAME = '([^'\"]+)'",
    r"GROUP BY NAMES",
    r"ORDER BY (MAX|SUM)\(\) DESC",
)
_QUERY: Final = re.compile(
    " ".join(_CLAUSES).replace("NAMES", _NAMES).replace("NAME", _NAME),
)


@dataclass(frozen=True, slots=True)
class Query:
    """A query: the statistic of a metric, for each group of the series that match."""

    function: str
    metric: str
    namespace: str
    dimensions: tuple[str, ...]
    where: tuple[str, str]
    group_by: tuple[str, ...]

    def groups(self, samples: Samples, seconds: int) -> Mapping[Group, Points]:
        """Return the values of each group, in periods of so many seconds."""
        matched: dict[Group, list[Mapping[int, Sequence[float]]]] = {}
        for (namespace, metric, dimensions), values in samples.items():
            labels = dict(dimensions)
            if (namespace, metric) != (self.namespace, self.metric):
                continue
            if set(labels) == set(self.dimensions) and self.where in dimensions:
                group = tuple((name, labels[name]) for name in self.group_by)
                matched.setdefault(group, []).append(values)
        statistic = _STATISTICS[self.function]
        return {group: merged(series, statistic, seconds) for group, series in matched.items()}

    def limited(
        self, found: Mapping[Group, list[float | None]]
    ) -> Mapping[Group, list[float | None]]:
        """Return the series that CloudWatch returns: those with the greatest values."""
        if len(found) <= MOST_SERIES:
            return found
        in_order = sorted(found, key=lambda group: (-_greatest(found[group]), group))
        return {group: found[group] for group in in_order[:MOST_SERIES]}


def parse(text: str) -> Query:
    """Return the query.

    Raises:
        ValueError: it has an unquoted identifier, a clause that no alarm uses so far, or sorts by
            another function than it selects.
    """
    found = _QUERY.fullmatch(text)
    if found is None or found[1] != found[7]:
        raise ValueError(f"{text}: not a query that is known here")
    namespace, *dimensions = _names(found[3])
    group_by = _names(found[6])
    where = (found[4], found[5])
    if not {where[0], *group_by} <= set(dimensions):
        raise ValueError(f"{text}: a label isn't in the SCHEMA")
    return Query(found[1], found[2], namespace, tuple(dimensions), where, tuple(group_by))


def _names(text: str) -> list[str]:
    return re.findall(_NAME, text)


def _greatest(values: Sequence[float | None]) -> float:
    return max(value for value in values if value is not None)
