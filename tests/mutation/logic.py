"""Mutants of conditions: always, never, or with one part less."""

import ast
from collections.abc import Iterator

from tests.mutation.source import Mutation, Source


def forced_condition(source: Source) -> Iterator[Mutation]:
    """A condition holds always, or never. A `while` that holds always would not end."""
    for node in ast.walk(source.tree):
        match node:
            case (
                ast.If(test=test) | ast.IfExp(test=test) | ast.match_case(guard=ast.expr() as test)
            ):
                yield from (Mutation(test, code, test) for code in ("True", "False"))
            case ast.While(test=test):
                yield Mutation(test, "False", test)
            case ast.comprehension(ifs=tests):
                yield from (Mutation(one, code, one) for one in tests for code in ("True", "False"))


def dropped_operand(source: Source) -> Iterator[Mutation]:
    """`a and b`, `a - b` and the like become `a`, and `b`."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.BoolOp):
            for one in node.values:
                rest = [value for value in node.values if value is not one]
                left = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
                yield Mutation.replacing(node, left, one)
        elif isinstance(node, ast.BinOp):
            yield Mutation.replacing(node, node.left, node.right)
            yield Mutation.replacing(node, node.right, node.left)


def swapped_membership(source: Source) -> Iterator[Mutation]:
    """`in` becomes `not in`, and the other way round."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            operator = {ast.In: ast.NotIn, ast.NotIn: ast.In}.get(type(node.ops[0]))
            if operator is not None:
                yield Mutation.replacing(
                    node, ast.Compare(node.left, [operator()], node.comparators)
                )


def uncaught(source: Source) -> Iterator[Mutation]:
    """An exception isn't caught: `except ()` catches none."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and node.type is not None:
            yield Mutation(node.type, "()", node.type)
