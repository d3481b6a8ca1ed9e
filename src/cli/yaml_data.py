"""Nodes of YAML as plain data, within bounds, and plain data as YAML."""

from typing import Any, Final

import yaml
from yaml.resolver import Resolver

from cli.yaml_nodes import DEEPEST, Mapping, Node, NotYaml, Scalar, Sequence

#: Kubernetes objects stay far below this.
_MOST_LEAVES: Final = 5_000

#: For all objects of one file. Without aliases, more takes tens of megabytes of text.
MOST_IN_ALL: Final = 1_000_000

# With libyaml, if PyYAML has it.
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_RESOLVER: Final[Any] = Resolver()
_STR: Final = "tag:yaml.org,2002:str"
_MAP: Final = "tag:yaml.org,2002:map"
_SEQ: Final = "tag:yaml.org,2002:seq"
_MERGE: Final = "<<"

#: Plain data: a leaf is its tag and its text.
Leaf = tuple[str, str]
Tree = dict[str, "Tree"] | list["Tree"] | Leaf


def tree(node: Node) -> Tree:
    """Return the node as plain data, with merged mappings.

    Raises:
        NotYaml: a key isn't text, e.g. a template's `{{ }}`, or the object is too large.
    """
    return Reader().tree(node)


class Reader:
    """Reads nodes within bounds per object and per file: aliases can multiply a small text."""

    def __init__(self) -> None:
        """Start the count of one file."""
        self._in_all = 0
        self._count = 0

    def tree(self, node: Node) -> Tree:
        """Return the node as plain data, as `tree` does."""
        self._count = 0
        try:
            return self._read(node, 0)
        finally:
            self._in_all += self._count

    def _read(self, node: Node, depth: int) -> Tree:
        self._count += 1
        if self._count > _MOST_LEAVES:
            raise NotYaml(f"more than {_MOST_LEAVES} values in one object")
        if depth > DEEPEST:
            raise NotYaml(f"nested more than {DEEPEST} deep")
        if self._in_all + self._count > MOST_IN_ALL:
            raise NotYaml(f"more than {MOST_IN_ALL} values in one file")
        if isinstance(node, Scalar):
            return _leaf(node)
        if isinstance(node, Sequence):
            return [self._read(item, depth + 1) for item in node.items]
        if isinstance(node, Mapping):
            return self._mapping(node, depth)
        raise NotYaml("a part that is neither value, list nor mapping")

    def _mapping(self, node: Mapping, depth: int) -> dict[str, Tree]:
        merged: dict[str, Tree] = {}
        own: dict[str, Tree] = {}
        for key, value in node.pairs:
            if not isinstance(key, Scalar):
                raise NotYaml("a key that isn't text, as in a template")
            read = self._read(value, depth + 1)
            if key.plain and key.value == _MERGE:
                for one in read if isinstance(read, list) else [read]:
                    merged = (one if isinstance(one, dict) else {}) | merged
            else:
                own[key.value] = read
        return merged | own


def type_of(node: Scalar) -> str:
    """Return the type of a value: `str`, `int`, `float`, `bool`, `null` or `timestamp`."""
    return _leaf(node)[0].rsplit(":", 1)[-1]


def _leaf(node: Scalar) -> Leaf:
    if not node.plain:
        return _STR, node.value
    tag: str = _RESOLVER.resolve(yaml.ScalarNode, node.value, (True, False))
    return tag, node.value


def text_leaf(text: str) -> Leaf:
    """Return a leaf that is text, even if it looks like a number."""
    return _STR, text


def text_of(value: Tree | None) -> str | None:
    """Return a leaf's text; None if it is null, empty, or not a leaf."""
    if not isinstance(value, tuple) or value[0].endswith(":null"):
        return None
    return value[1] or None


def dump(value: Tree) -> str:
    """Return plain data as YAML, in the same order."""
    dumped: str = yaml.serialize(_yaml(value), Dumper=_DUMPER, width=1_000_000, allow_unicode=True)
    return dumped


def _yaml(value: Tree) -> yaml.Node:
    if isinstance(value, dict):
        pairs = [(yaml.ScalarNode(_STR, key), _yaml(one)) for key, one in value.items()]
        return yaml.MappingNode(_MAP, pairs, flow_style=False)
    if isinstance(value, list):
        return yaml.SequenceNode(_SEQ, [_yaml(one) for one in value], flow_style=False)
    tag, text = value
    return yaml.ScalarNode(tag, text, style="|" if "\n" in text else None)
