"""Mutants of statements: not executed, or with nothing to return."""

import ast
from collections.abc import Iterator

from tests.mutation.source import Change, Source


def dropped_statement(source: Source) -> Iterator[Change]:
    """Something isn't done: a call, a change of a value in place, a `raise`, a `continue`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.stmt) and _does_something(node):
            yield Change(node, "pass", node)


def _does_something(node: ast.stmt) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()):
            return False
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            return True
        case ast.Return(value=None):
            return True
    return isinstance(
        node, ast.Expr | ast.AugAssign | ast.Raise | ast.Delete | ast.Continue | ast.Break
    )


def returned_none(source: Source) -> Iterator[Change]:
    """A function returns None."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Return) and node.value is not None and not _is_none(node.value):
            yield Change(node, "return None", node)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
