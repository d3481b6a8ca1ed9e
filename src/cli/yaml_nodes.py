"""YAML and JSON as nodes with positions, read within bounds.

PyYAML's composer recurses, also in C: deep nesting ends the process. So nodes are composed here
from its events, with bounds on depth and number. An alias is the same node as its anchor, so that
no "billion laughs" document expands.
"""

from dataclasses import dataclass, field
from typing import Any, Final

import yaml

#: Kubernetes objects stay far below this.
DEEPEST: Final = 100
_MOST_NODES: Final = 1_000_000

# With libyaml, if PyYAML has it: ten times faster, and the same events.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


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
        if len(self._open) >= DEEPEST:
            raise NotYaml(f"nested more than {DEEPEST} deep")

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
