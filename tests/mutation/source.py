"""A module's text with its syntax tree, and how one node of it is replaced."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

Node = ast.expr | ast.stmt | ast.keyword
Position = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Mutation:
    """`node` becomes `code`. `place`: the part of it that the report points at."""

    node: Node
    code: str
    place: Node

    @classmethod
    def replacing(cls, node: ast.expr, new: ast.expr, place: Node | None = None) -> Self:
        """Replace an expression by another one."""
        return cls(node, f"({ast.unparse(new)})", place or node)


class Source:
    """The text of one module.

    `enums`: the names of the members of each enum that the module may use, by the enum's name.
    """

    def __init__(self, text: str, enums: Mapping[str, tuple[str, ...]] | None = None) -> None:
        """Parse the text; raises SyntaxError."""
        self.text = text
        self.enums = enums or {}
        self.tree = ast.parse(text)
        self._parents = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node that contains this one."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield what contains the node, the nearest first."""
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def mutated(self, mutation: Mutation) -> str:
        """Return the text with this one mutation."""
        start, end = (self._byte_offset(position) for position in span(mutation.node))
        data = self.text.encode()
        return (data[:start] + mutation.code.encode() + data[end:]).decode()

    def _byte_offset(self, position: Position) -> int:
        # The columns of Python's syntax trees count bytes of UTF-8, not characters.
        line, column = position
        lines = self.text.encode().splitlines(keepends=True)
        return sum(map(len, lines[: line - 1])) + column


def span(node: Node) -> tuple[Position, Position]:
    """Return where a node begins and ends: lines from 1, columns from 0 in bytes."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def enums_of(texts: Iterator[str]) -> dict[str, tuple[str, ...]]:
    """Return the members of all enums that these modules define."""
    return {
        node.name: tuple(
            target.id
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        )
        for text in texts
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef) and "Enum" in map(ast.unparse, node.bases)
    }
