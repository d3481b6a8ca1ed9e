"""The part of CloudWatch's metric math that the template uses; it is valid Python.

From: CloudWatch User Guide, "Using math expressions with CloudWatch metrics". A metric without data
in a period has no value there, nor has what is computed from it, except by FILL.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

Value = float | None
Compute = Callable[[Mapping[str, Value]], Value]

_COMPARISONS: Final = {"GreaterThanThreshold": operator.gt}
_OPERATIONS: Final[Mapping[type, Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Eq: operator.eq,
    ast.Gt: operator.gt,
}


def breaches(alarm: Any, value: float) -> bool:
    """Return whether a value is beyond an alarm's threshold."""
    return bool(_COMPARISONS[alarm["ComparisonOperator"]](value, alarm["Threshold"]))


def compiled(expressions: Mapping[str, str], watched: str) -> Compute:
    """Return the function that computes one of the expressions from the metrics' values."""
    trees = {name: ast.parse(text, mode="eval").body for name, text in expressions.items()}

    def compute(metrics: Mapping[str, Value]) -> Value:
        return _Evaluation(trees, metrics).of(trees[watched])

    return compute


class _Evaluation:
    """One period's values."""

    def __init__(self, trees: Mapping[str, ast.expr], metrics: Mapping[str, Value]) -> None:
        self._trees = trees
        self._metrics = metrics

    def of(self, node: ast.expr) -> Value:
        """Return the value of an expression."""
        match node:
            case ast.Constant(value=int() | float() as number):
                return number
            case ast.Name(id=name):
                return self.of(self._trees[name]) if name in self._trees else self._metrics[name]
            case ast.Call(func=ast.Name(id="FILL"), args=[metric, filling]):
                value = self.of(metric)
                return self.of(filling) if value is None else value
            case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
                holds = self.of(condition)
                return None if holds is None else self.of(then if holds else otherwise)
            case ast.BinOp(
                left=left, op=ast.Add() | ast.Sub() | ast.Mult() as operation, right=right
            ):
                return self._both(operation, left, right)
            case ast.Compare(
                left=left, ops=[ast.Eq() | ast.Gt() as comparison], comparators=[right]
            ):
                return self._both(comparison, left, right)
        # Guessing could accept alarms that CloudWatch evaluates differently.
        raise ValueError(f"{ast.unparse(node)}: not used by the template so far; add it here")

    def _both(self, operation: ast.AST, left: ast.expr, right: ast.expr) -> Value:
        first, second = self.of(left), self.of(right)
        if first is None or second is None:
            return None
        return _OPERATIONS[type(operation)](first, second)
