"""The dashboard's widgets, and the metrics that they show."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from tests.template.cloudformation import Stack

Widget = dict[str, Any]
Metric = tuple[str, tuple[tuple[str, str], ...], str]
"""Namespace, dimensions (an empty value stands for any), name."""

_SEARCH: Final = re.compile(
    r"SEARCH\('\{([\w,/]+)\} Stack=\"([\w-]+)\" MetricName=\"(\w+)\"', '(?:Sum|Maximum)', 300\)"
)


def widgets(source_stack: Stack) -> list[Widget]:
    """Return all widgets, in the order in which they are written."""
    [dashboard] = source_stack.of_type("AWS::CloudWatch::Dashboard").values()
    listed: list[Widget] = json.loads(dashboard["DashboardBody"])["widgets"]
    return listed


def metrics(widget: Widget) -> Iterator[Metric]:
    """Yield the metrics that a widget reads, by name or by a search."""
    for entry in widget["properties"].get("metrics", ()):
        if isinstance(entry[0], str):
            namespace, name, *dimensions = [part for part in entry if isinstance(part, str)]
            pairs = zip(dimensions[::2], dimensions[1::2], strict=True)
            yield namespace, tuple(pairs), name
        elif found := _SEARCH.search(entry[0]["expression"]):
            namespace, *names = found[1].split(",")
            values = {"Stack": found[2]}
            yield namespace, tuple((name, values.get(name, "")) for name in names), found[3]


def expressions(widget: Widget) -> list[str]:
    """Return the widget's expressions."""
    entries = widget["properties"].get("metrics", ())
    return [entry[0]["expression"] for entry in entries if not isinstance(entry[0], str)]
