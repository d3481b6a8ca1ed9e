"""YAML as kubectl and the AWS CLI write it, as the values that their JSON would have."""

from typing import Any, Final

from cli.yaml_data import type_of
from cli.yaml_nodes import Mapping, Node, NotYaml, Scalar, Sequence, compose

_CONSTANTS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}


def values_of(text: str) -> Any:
    """Return the one document's value.

    Raises:
        ValueError: it isn't YAML, has more than one document, or has what those programs don't
            write: keys that aren't text, and aliases, by which a small text can be huge.
    """
    try:
        roots = compose(text)
        _check_one(roots)
        return _value(roots[0], set())
    except NotYaml as error:
        raise ValueError(f"neither JSON nor YAML: {error}") from error


def _check_one(roots: list[Node]) -> None:
    if len(roots) != 1:
        raise NotYaml(f"{len(roots)} documents, expected one")


def _value(node: Node, seen: set[int]) -> Any:
    """Return a node's value. The composer bounds the depth."""
    if id(node) in seen:
        raise NotYaml("aliases are not accepted")
    seen.add(id(node))
    match node:
        case Sequence():
            return [_value(item, seen) for item in node.items]
        case Mapping():
            return {_key(key): _value(value, seen) for key, value in node.pairs}
        case Scalar():
            return _scalar(node)
    raise NotYaml("a part that is neither value, list nor mapping")


def _key(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise NotYaml("a key that isn't text")
    return node.value


def _scalar(node: Scalar) -> Any:
    """Return text; a plain number, true, false or null as such. Dates stay text, as in JSON."""
    kind = type_of(node)
    if kind in {"bool", "null"}:
        return _CONSTANTS.get(node.value.lower(), node.value)
    if kind in {"int", "float"}:
        try:
            return int(node.value) if kind == "int" else float(node.value)
        except ValueError:
            return node.value
    return node.value
