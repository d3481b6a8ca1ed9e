"""Which of the template's alarms ring when every minute is like one that a row describes."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.faults.rig import ALL
from tests.faults.row import Outcome, Row, healthy
from tests.template.cloudformation import Stack, Template

_MINUTES = 5

#: A CSR that stays undecided is told of until it is this old, and its node then files another.
_LONGEST_WAIT = 900

Metrics = Mapping[str, float]


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions."""


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Any:
    long = name if name in ("Ref", "Condition") else f"Fn::{name}"
    if isinstance(node, yaml.ScalarNode):
        return {long: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {long: loader.construct_sequence(node, deep=True)}
    raise NotImplementedError(f"{name} of a mapping")


_Loader.add_multi_constructor("!", _function)


@cache
def the_stack() -> Stack:
    """The stack as the template stands: its alarms need no SAM."""
    text = (Path(__file__).parents[2] / "template.yaml").read_text()
    return Template(yaml.load(text, _Loader)).stack()  # noqa: S506  it is a SafeLoader


def ringing(row: Row) -> set[str]:
    """The alarms, without the stack's name, that a healthy minute doesn't have ringing too."""
    healthy_minute = {"Expected": 1, **healthy()}
    return _ringing(_minute(row), the_stack()) - _ringing(healthy_minute, the_stack())


def _minute(row: Row) -> dict[str, float]:
    """One minute's metrics, ours and AWS's own."""
    outcome: Outcome = row.outcome
    minute: dict[str, float] = {"Expected": 0 if row.place.is_dispatchers else 1}
    minute |= outcome.metrics
    waits_on = outcome.metrics.get("Pending", 0) > outcome.metrics.get("Waiting", 0)
    stays = waits_on and set(outcome.decided) != set(ALL)
    minute["OldestPendingSeconds"] = _LONGEST_WAIT if stays else 0
    minute["Errors"] = row.place.is_dispatchers and outcome.fails
    minute["ApproximateNumberOfMessagesVisible"] = outcome.fails and not row.place.is_dispatchers
    return minute


def _ringing(minute: Metrics, stack: Stack) -> set[str]:
    alarms = stack.of_type("AWS::CloudWatch::Alarm").values()
    return {
        alarm["AlarmName"].removeprefix("csr-approver-")
        for alarm in alarms
        if _value(alarm, minute) > alarm["Threshold"]
    }


def _value(alarm: Mapping[str, Any], minute: Metrics) -> float:
    """What the alarm looks at, of five such minutes."""
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    if "Metrics" not in alarm:
        return _of_five(minute.get(alarm["MetricName"], 0), alarm["Statistic"])
    terms = {
        one["Id"]: _of_five(minute.get(stat["Metric"]["MetricName"], 0), stat["Stat"])
        for one in alarm["Metrics"]
        if (stat := one.get("MetricStat"))
    }
    [expression] = [one["Expression"] for one in alarm["Metrics"] if "Expression" in one]
    functions = {"IF": _if, "FILL": lambda value, _: value}
    return float(eval(expression, {**functions, **terms}))  # noqa: S307  the template is ours


def _of_five(value: float, statistic: str) -> float:
    return value * _MINUTES if statistic == "Sum" else value


def _if(condition: object, then: float, otherwise: float) -> float:
    return then if condition else otherwise
