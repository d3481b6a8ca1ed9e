"""Mutants of statements: not executed, or with nothing to return."""

import ast
from collections.abc import Iterator

from tests.mutation.source import Mutation, Source


def dropped_statement(source: Source) -> Iterator[Mutation]:
    """Something isn't done: a call, a change of a value in place, a `raise`, a `continue`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.stmt) and _does_something(node):
            yield Mutation(node, "pass", node)


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


def returned_none(source: Source) -> Iterator[Mutation]:
    """A function returns None. Not in place of False: conditions take both alike, mypy doesn't."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Return(value=None | ast.Constant(value=None | False)):
                continue
            case ast.Return():
                yield Mutation(node, "return None", node)
