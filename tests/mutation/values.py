"""Mutants of data: tables with one row less, other texts, other members of an enum."""

import ast
import re
from collections.abc import Iterator

from tests.mutation.source import Mutation, Source

# Escapes, sets of characters and openings of groups hold characters that look like quantifiers.
_QUANTIFIER = re.compile(r"\\.|\[(?:\\.|[^\]])+\]|\(\?|([?*+]|\{\d+(?:,\d+)?\})")


def dropped_element(source: Source) -> Iterator[Mutation]:
    """A tuple, list, set or dictionary lacks one element."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Set | ast.List | ast.Tuple):
            if isinstance(node, ast.Set) or isinstance(node.ctx, ast.Load):
                for one in node.elts:
                    rest = [other for other in node.elts if other is not one]
                    yield Mutation.replacing(node, _like(node, rest), one)
        elif isinstance(node, ast.Dict):
            for place, value in enumerate(node.values):
                keys = node.keys[:place] + node.keys[place + 1 :]
                values = node.values[:place] + node.values[place + 1 :]
                yield Mutation.replacing(node, ast.Dict(keys, values), node.keys[place] or value)


def _like(node: ast.Set | ast.List | ast.Tuple, elements: list[ast.expr]) -> ast.expr:
    if isinstance(node, ast.Set):
        empty = ast.Call(ast.Name("set"), [], [])
        return ast.Set(elements) if elements else empty
    return type(node)(elements, ast.Load())


def changed_text(source: Source) -> Iterator[Mutation]:
    """A text has two letters more at each end; a text with values in it has them in front."""
    for node in ast.walk(source.tree):
        if isinstance(source.parent(node), ast.JoinedStr | ast.FormattedValue):
            continue  # changed as a part of the whole
        match node:
            case ast.JoinedStr(values=parts):
                yield Mutation.replacing(node, ast.JoinedStr([ast.Constant("XX"), *parts]))
            case ast.Constant(value=str() as text):
                yield Mutation.replacing(node, ast.Constant(f"XX{text}XX"))
            case ast.Constant(value=bytes() as content):
                yield Mutation.replacing(node, ast.Constant(b"XX" + content + b"XX"))


def changed_pattern(source: Source) -> Iterator[Mutation]:
    """A regular expression repeats something one time more or less."""
    for node in ast.walk(source.tree):
        if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "re.compile"):
            continue
        pattern = node.args[0]
        if isinstance(pattern, ast.Constant) and isinstance(pattern.value, str | bytes):
            text = pattern.value
            letters = text if isinstance(text, str) else text.decode("latin-1")
            for other in _patterns(letters):
                value = other if isinstance(text, str) else other.encode("latin-1")
                yield Mutation.replacing(pattern, ast.Constant(value))


def _patterns(pattern: str) -> Iterator[str]:
    for found in _QUANTIFIER.finditer(pattern):
        before, after = pattern[: found.start()], pattern[found.end() :]
        for quantifier in _quantifiers(found[1] or ""):
            yield before + quantifier + after


def _quantifiers(quantifier: str) -> Iterator[str]:
    match quantifier:
        case "?":
            yield from ("", "*")
        case "*":
            yield from ("+", "?")
        case "+":
            yield from ("*", "")
        case _:  # of a range, either number
            for number in re.finditer(r"\d+", quantifier):
                for other in (int(number[0]) - 1, int(number[0]) + 1):
                    yield quantifier[: number.start()] + str(other) + quantifier[number.end() :]


def other_member(source: Source) -> Iterator[Mutation]:
    """A member of an enum becomes the one that follows it."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            members = source.enums.get(node.value.id, ())
            if node.attr in members and len(members) > 1:
                following = members[(members.index(node.attr) + 1) % len(members)]
                yield Mutation(node, f"{node.value.id}.{following}", node)


def dropped_slice(source: Source) -> Iterator[Mutation]:
    """A slice is the whole."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice):
            yield Mutation.replacing(node, node.value, node.slice)
