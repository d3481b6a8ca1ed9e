"""The part of CloudWatch that decides which alarms fire on what the functions print.

From: CloudWatch User Guide, "Embedded metric format specification", "Using metric math" and
"Configuring how CloudWatch alarms treat missing data".
"""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from tests.template.cloudformation import Stack

Json = Any

#: The values of each metric, by its namespace, name and dimensions, in one period.
Samples = Mapping[tuple[str, str, frozenset[tuple[str, str]]], Sequence[float]]

# A metric without values has none.
_Value = float | None

_STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {"Sum": sum, "Maximum": max}
_COMPARISONS: Final = {"GreaterThanThreshold": operator.gt}
_MISSING: Final = {"breaching": True, "notBreaching": False}


def emitted(lines: Iterable[Mapping[str, Json]]) -> Samples:
    """Return the samples that CloudWatch reads from lines in its embedded metric format."""
    samples: dict[tuple[str, str, frozenset[tuple[str, str]]], list[float]] = {}
    for line in lines:
        for metrics in line["_aws"]["CloudWatchMetrics"]:
            for keys in metrics["Dimensions"]:
                dimensions = frozenset((key, line[key]) for key in keys)
                for metric in metrics["Metrics"]:
                    key = (metrics["Namespace"], metric["Name"], dimensions)
                    values = line[metric["Name"]]
                    samples.setdefault(key, []).extend(
                        values if isinstance(values, list) else [values]
                    )
    return samples


def firing(stack: Stack, samples: Samples) -> set[str]:
    """Return the alarms that fire if every period is like this one."""
    return {
        name
        for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items()
        if _breaches(alarm, samples)
    }


def _breaches(alarm: Json, samples: Samples) -> bool:
    value = _value(alarm, samples)
    if value is None:
        return _MISSING[alarm["TreatMissingData"]]
    return bool(_COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"]))


def _value(alarm: Json, samples: Samples) -> _Value:
    """Return the value of one period: of the alarm's metric, or of the query that it watches."""
    if "Metrics" not in alarm:
        return _statistic(alarm, alarm["Statistic"], samples)
    queries = [metric for metric in alarm["Metrics"] if "MetricStat" in metric]
    values = {
        query["Id"]: _statistic(query["MetricStat"]["Metric"], query["MetricStat"]["Stat"], samples)
        for query in queries
    }
    (watched,) = [query for query in alarm["Metrics"] if query.get("ReturnData", True)]
    return _evaluated(ast.parse(watched["Expression"], mode="eval").body, values)


def _statistic(metric: Json, statistic: str, samples: Samples) -> _Value:
    dimensions = frozenset(
        (dimension["Name"], dimension["Value"]) for dimension in metric["Dimensions"]
    )
    values = samples.get((metric["Namespace"], metric["MetricName"], dimensions))
    return _STATISTICS[statistic](values) if values else None


def _evaluated(node: ast.expr, values: Mapping[str, _Value]) -> _Value:
    """Evaluate metric math: what the template uses of it is valid Python. Missing stays missing."""
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return values[name]
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, filling]):
            value = _evaluated(metric, values)
            return _evaluated(filling, values) if value is None else value
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            holds = _evaluated(condition, values)
            return None if holds is None else _evaluated(then if holds else otherwise, values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _both(operator.add, left, right, values)
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _both(operator.sub, left, right, values)
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return _both(operator.eq, left, right, values)
    # Guessing could accept alarms that CloudWatch evaluates differently.
    raise ValueError(f"{ast.unparse(node)}: not used by the template so far; add it here")


def _both(
    compute: Callable[[float, float], float],
    left: ast.expr,
    right: ast.expr,
    values: Mapping[str, _Value],
) -> _Value:
    first, second = _evaluated(left, values), _evaluated(right, values)
    return None if first is None or second is None else compute(first, second)
