"""Mutants of calls: with one argument less, of a related function, or of none."""

import ast
from collections.abc import Iterator

from tests.mutation.source import Mutation, Source

_RELATED = {
    "all": "any",
    "any": "all",
    "max": "min",
    "min": "max",
    "startswith": "endswith",
    "endswith": "startswith",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
}

# Functions whose last argument may be left out, besides methods; most others' may not.
_LENIENT = frozenset({"getattr", "max", "min", "next", "range"})

# Functions whose result is never of their argument's type: every test would notice.
_CONVERTING = frozenset({"len", "type"})

# Methods that return a text like the one that they are called on.
_OF_TEXT = frozenset(
    {"casefold", "lower", "upper", "strip", "removeprefix", "removesuffix", "replace", "translate"}
)


def dropped_argument(source: Source) -> Iterator[Mutation]:
    """A call lacks a named argument, or the last of several others."""
    for node in _calls(source):
        for one in node.keywords:
            rest = [other for other in node.keywords if other is not one]
            yield Mutation.replacing(node, ast.Call(node.func, node.args, rest), one)
        if len(node.args) > 1 and _is_lenient(node.func):
            yield Mutation.replacing(
                node, ast.Call(node.func, node.args[:-1], node.keywords), node.args[-1]
            )


def _is_lenient(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) or ast.unparse(function) in _LENIENT


def dropped_call(source: Source) -> Iterator[Mutation]:
    """`f(x)` becomes `x`, unless `f` makes an object; `x.strip()` becomes `x`.

    A frozenset of elements that are written out stays: only mypy knows it from a set.
    """
    for node in _calls(source):
        match node.func:
            case ast.Name(id=name) if name.islower() and name not in _CONVERTING:
                if len(node.args) != 1:
                    continue
                argument = node.args[0]
                if not isinstance(argument, ast.GeneratorExp | ast.Starred | ast.Set):
                    yield Mutation.replacing(node, argument)
            case ast.Attribute(value=receiver, attr=name) if name in _OF_TEXT:
                yield Mutation.replacing(node, receiver)


def related_call(source: Source) -> Iterator[Mutation]:
    """`any` becomes `all`, `min` becomes `max`, and so on."""
    for node in _calls(source):
        match node.func:
            case ast.Name(id=name) if name in _RELATED:
                yield Mutation(node.func, _RELATED[name], node.func)
            case ast.Attribute(value=receiver, attr=name) if name in _RELATED:
                yield Mutation.replacing(node.func, ast.Attribute(receiver, _RELATED[name]))


def _calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
