"""YAML as kubectl and the AWS CLI write it, as the values that their JSON would have."""

from typing import Any, Final

from cli.legacy.documents import Mapping, Node, NotYaml, Scalar, Sequence, compose, resolved

_CONSTANTS: Final = {"true": True, "false": False, "null": None, "~": None, "": None}


def values_of(text: str) -> Any:
    """Return the one document's value. An alias is the same object as its anchor.

    Raises:
        ValueError: it isn't YAML, has more than one document, or has keys that aren't text.
    """
    try:
        [root] = _one(compose(text))
        return _value(root, {})
    except NotYaml as error:
        raise ValueError(f"neither JSON nor YAML: {error}") from error


def _one(roots: list[Node]) -> list[Node]:
    if len(roots) != 1:
        raise NotYaml(f"{len(roots)} documents, expected one")
    return roots


def _value(node: Node, known: dict[int, Any]) -> Any:
    """Return a node's value. The composer bounds the depth, and each node is read once."""
    if id(node) in known:
        return known[id(node)]
    if isinstance(node, Sequence):
        known[id(node)] = [_value(item, known) for item in node.items]
    elif isinstance(node, Mapping):
        pairs = {_key(key): _value(value, known) for key, value in node.pairs}
        known[id(node)] = pairs
    elif isinstance(node, Scalar):
        known[id(node)] = _scalar(node)
    return known.get(id(node))


def _key(node: Node) -> str:
    if not isinstance(node, Scalar):
        raise NotYaml("a key that isn't text")
    return node.value


def _scalar(node: Scalar) -> Any:
    """Return text; a plain number, true, false or null as such. Dates stay text, as in JSON."""
    kind = resolved(node)
    if kind in {"bool", "null"}:
        return _CONSTANTS.get(node.value.lower(), node.value)
    if kind in {"int", "float"}:
        try:
            return int(node.value) if kind == "int" else float(node.value)
        except ValueError:
            return node.value
    return node.value
