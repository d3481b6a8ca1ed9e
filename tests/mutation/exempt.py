"""What isn't mutated, by rule. Each rule has its reason; `make mutants` counts what it exempts."""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.mutation.source import Node, Position, Source, span


@dataclass(frozen=True, slots=True)
class Exemption:
    """A part of a module that isn't mutated, and why."""

    start: Position
    end: Position
    reason: str

    def holds(self, start: Position, end: Position) -> bool:
        """Return True when a mutant of this place changes nothing outside the part."""
        return self.start <= start and end <= self.end


def exemptions(source: Source) -> list[Exemption]:
    """Return all exempt parts of a module."""
    return [
        Exemption(*span(node), reason) for reason, rule in _RULES.items() for node in rule(source)
    ]


def _texts(source: Source) -> Iterator[Node]:
    for node in ast.walk(source.tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                yield node
            case ast.Raise(exc=ast.Call(args=arguments)):
                yield from arguments
            case ast.Constant(value=str()) | ast.JoinedStr() if _has_words(node):
                if not _is_data(node, source):
                    yield _whole(node, source)


def _has_words(node: ast.expr) -> bool:
    """Texts for people have spaces. Data seldom has: see `_is_data`."""
    parts = node.values if isinstance(node, ast.JoinedStr) else [node]
    return any(isinstance(one, ast.Constant) and " " in str(one.value) for one in parts)


def _is_data(node: ast.expr, source: Source) -> bool:
    """Return True for what is compared, and for constants and rows of tables outside functions."""
    parent = source.parent(node)
    if isinstance(parent, ast.Compare):
        return True
    if isinstance(parent, ast.Call) and ast.unparse(parent.func) == "re.compile":
        return True
    is_row = isinstance(
        parent, ast.Set | ast.List | ast.Tuple | ast.Dict | ast.Assign | ast.AnnAssign
    )
    return is_row and not any(isinstance(one, ast.FunctionDef) for one in source.ancestors(node))


def _whole(node: ast.expr, source: Source) -> ast.expr:
    """Return the call too of `", ".join(...)`: what it joins is no text of its own."""
    above = list(source.ancestors(node))[:2]
    match above:
        case [ast.Attribute(attr="join"), ast.Call() as call]:
            return call
    return node


def _types(source: Source) -> Iterator[Node]:
    for node in ast.walk(source.tree):
        match node:
            case ast.FunctionDef(returns=ast.expr() as annotation):
                yield annotation
            case (
                ast.arg(annotation=ast.expr() as annotation) | ast.AnnAssign(annotation=annotation)
            ):
                yield annotation
            case ast.Call(func=ast.Name(id="TypeVar" | "cast"), args=[name, *_]):
                yield name
            case ast.Subscript(value=ast.Name(id=name), slice=parameters) if name in _GENERICS:
                yield parameters
            case ast.Assign(value=ast.BinOp() as union) if _is_union(union):
                yield union


_GENERICS = frozenset(
    {"Callable", "Counter", "Iterator", "Mapping", "Sequence", "dict", "frozenset", "list", "set"}
    | {"tuple"}
)


def _is_union(node: ast.expr) -> bool:
    match node:
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_union(left) and _is_union(right)
    return isinstance(node, ast.Name) and node.id[0].isupper() and not node.id.isupper()


def _exports(source: Source) -> Iterator[Node]:
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            yield node


def _storage(source: Source) -> Iterator[Node]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ClassDef):
            for one in node.decorator_list:
                if isinstance(one, ast.Call) and ast.unparse(one.func) == "dataclass":
                    yield from one.keywords


_RULES: dict[str, Callable[[Source], Iterator[Node]]] = {
    "text for people: docstrings, errors' texts, texts with spaces that are no data": _texts,
    "types: mypy checks them": _types,
    "__all__: mypy and ruff check it": _exports,
    "frozen and slots: they guard against mistakes, and decide nothing": _storage,
}
