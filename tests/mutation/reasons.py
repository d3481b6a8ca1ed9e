"""Which surviving mutants are accepted, and why: `reasons.toml`, one entry per change and reason.

An entry names a module, the function or constant in it, and the change as `make mutants` prints it.
"""

import ast
import io
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from tokenize import TokenInfo, generate_tokens
from typing import Final

FILE: Final = Path("tests/mutation/reasons.toml")

#: How many tokens are shown on either side of what changes.
_AROUND: Final = 3

_Definition = ast.FunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True, slots=True)
class Difference:
    """What a mutant changes. `place`: its function or constant, such as "Budget.judging"."""

    module: str
    place: str
    before: str
    after: str

    @classmethod
    def between(cls, module: str, original: str, code: str) -> "Difference":
        """Compare two texts of a module, without regard to layout, and show three tokens around."""
        before, after = (ast.unparse(ast.parse(text)) for text in (original, code))
        old, new = _tokens(before), _tokens(after)
        words = [[token.string for token in tokens] for tokens in (old, new)]
        same_before = _length_of_same(*words)
        shortest = min(len(old), len(new)) - same_before
        same_after = min(shortest, _length_of_same(*(part[::-1] for part in words)))
        start = max(0, same_before - _AROUND)
        shown = [_text(tokens[start : len(tokens) - same_after + _AROUND]) for tokens in (old, new)]
        return cls(module, _place(before, old[same_before].start[0]), *shown)

    def __str__(self) -> str:
        """Return it as an entry of `reasons.toml` that lacks its reason."""
        pairs = {"module": self.module, "place": self.place}
        pairs |= {"before": self.before, "after": self.after, "reason": ""}
        lines = (f"{name} = '''{value}'''" for name, value in pairs.items())
        return "\n".join(("[[accepted]]", *lines))


def read(file: Path = FILE) -> dict[Difference, str]:
    """Return the reason of each accepted change."""
    entries = tomllib.loads(file.read_text())["accepted"]
    return {Difference(**entry): reason for entry in entries for reason in [entry.pop("reason")]}


def _tokens(text: str) -> list[TokenInfo]:
    return list(generate_tokens(io.StringIO(text).readline))


def _length_of_same(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many elements the beginnings of both have in common."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _text(tokens: Sequence[TokenInfo]) -> str:
    return " ".join(token.string for token in tokens if token.string.strip())


def _place(text: str, line: int) -> str:
    return ".".join(_names(ast.parse(text), line)) or "imports"


def _names(tree: ast.AST, line: int) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, _Definition) and node.lineno <= line <= (node.end_lineno or 0):
            yield _name(node)
            yield from _names(node, line)


def _name(node: _Definition) -> str:
    match node:
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target):
            return ast.unparse(target)
        case ast.FunctionDef() | ast.ClassDef():
            return node.name
    raise TypeError(node)
