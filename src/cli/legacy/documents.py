"""YAML and JSON as nodes with positions, read within bounds.

PyYAML's composer recurses, also in C: deep nesting ends the process. So nodes are composed here
from its events, with bounds on depth and number. An alias is the same node as its anchor, so that
no "billion laughs" document expands.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import yaml
from yaml.resolver import Resolver

#: Kubernetes objects stay far below these.
_DEEPEST: Final = 100
_MOST_NODES: Final = 1_000_000
_MOST_LEAVES: Final = 5_000

#: For all objects of one file. Without aliases, more takes tens of megabytes of text.
MOST_IN_ALL: Final = 1_000_000

# With libyaml, if PyYAML has it: ten times faster, and the same events.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: Final = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_RESOLVER: Final[Any] = Resolver()
_STR: Final = "tag:yaml.org,2002:str"
_MAP: Final = "tag:yaml.org,2002:map"
_SEQ: Final = "tag:yaml.org,2002:seq"
_MERGE: Final = "<<"


class NotYaml(Exception):
    """The text isn't YAML, exceeds the bounds, or isn't plain data."""


@dataclass(eq=False, slots=True)
class Node:
    """A node from `start` up to `end`, both offsets in characters."""

    start: int
    end: int


@dataclass(eq=False, slots=True)
class Scalar(Node):
    """A value; `plain` if it isn't quoted, so that it may be a number or null."""

    value: str
    plain: bool


@dataclass(eq=False, slots=True)
class Sequence(Node):
    """A list."""

    flow: bool
    items: list[Node] = field(default_factory=list)


@dataclass(eq=False, slots=True)
class Mapping(Node):
    """Keys and values in order."""

    flow: bool
    pairs: list[tuple[Node, Node]] = field(default_factory=list)

    def find(self, *path: str) -> Node | None:
        """Return the value at these keys; merged mappings are ignored, and the last key counts."""
        found: Node | None = self
        for name in path:
            if not isinstance(found, Mapping):
                return None
            hits = [value for key, value in found.pairs if _is(key, name)]
            found = hits[-1] if hits else None
        return found


@dataclass(frozen=True)
class Source:
    """A piece of a file, and the file's line at which it begins."""

    text: str
    first_line: int = 1

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        at = self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def line(self, offset: int) -> int:
        """Return the file's line of this character."""
        return self.first_line + bisect_right(self._starts, offset) - 1

    def line_start(self, offset: int) -> int:
        """Return the offset at which that line begins."""
        return self._starts[bisect_right(self._starts, offset) - 1]


#: Plain data: a leaf is its tag and its text.
Leaf = tuple[str, str]
Tree = dict[str, "Tree"] | list["Tree"] | Leaf


def _is(key: Node, name: str) -> bool:
    return isinstance(key, Scalar) and key.value == name


def compose(text: str) -> list[Node]:
    """Return the root of each document.

    Raises:
        NotYaml: it isn't YAML, or is larger or deeper than Kubernetes objects are.
    """
    roots: list[Node] = []
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            if isinstance(event, yaml.DocumentStartEvent):
                builder = _Builder(builder.count)
            elif isinstance(event, yaml.DocumentEndEvent) and builder.root is not None:
                roots.append(builder.root)
            else:
                builder.take(event)
    except (yaml.YAMLError, ValueError) as error:
        raise NotYaml(_why(error)) from error
    return roots


def _why(error: Exception) -> str:
    return str(getattr(error, "problem", None) or getattr(error, "reason", None) or error)


class _Builder:
    """Composes one document from its events."""

    def __init__(self, count: int = 0) -> None:
        self.root: Node | None = None
        self.count = count
        self._open: list[Mapping | Sequence] = []
        self._keys: list[Node | None] = []
        self._anchors: dict[str, Node] = {}

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._place(self._anchor(event.anchor))
        elif isinstance(event, yaml.NodeEvent):
            self._count()
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._open.pop().end = _index(event.end_mark)
            self._keys.pop()

    def _count(self) -> None:
        self.count += 1
        if self.count > _MOST_NODES:
            raise NotYaml(f"more than {_MOST_NODES} values in one file")
        if len(self._open) >= _DEEPEST:
            raise NotYaml(f"nested more than {_DEEPEST} deep")

    def _anchor(self, name: str | None) -> Node:
        found = self._anchors.get(name or "")
        if found is None:
            raise NotYaml(f"alias *{name} without an anchor &{name}")
        return found

    def _begin(self, event: yaml.NodeEvent) -> None:
        start, end = _index(event.start_mark), _index(event.end_mark)
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = Scalar(start, end, event.value, plain=bool(event.implicit[0]))
        elif isinstance(event, yaml.MappingStartEvent):
            node = Mapping(start, end, flow=bool(event.flow_style))
        else:
            node = Sequence(start, end, flow=bool(getattr(event, "flow_style", False)))
        if event.anchor:
            self._anchors[event.anchor] = node
        self._place(node)
        if isinstance(node, Mapping | Sequence):
            self._open.append(node)
            self._keys.append(None)

    def _place(self, node: Node) -> None:
        if not self._open:
            self.root = node
            return
        parent = self._open[-1]
        if isinstance(parent, Sequence):
            parent.items.append(node)
        elif isinstance(parent, Mapping):
            key = self._keys[-1]
            if key is None:
                self._keys[-1] = node
            else:
                parent.pairs.append((key, node))
                self._keys[-1] = None


def _index(mark: Any) -> int:
    """Return a mark's offset in characters. Its line may differ from an editor's."""
    index: int = mark.index
    return index


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
        if depth > _DEEPEST:
            raise NotYaml(f"nested more than {_DEEPEST} deep")
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


def resolved(node: Scalar) -> str:
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


def lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with its offset."""
    at = 0
    for line in text.split("\n"):
        yield at, line
        at += len(line) + 1
