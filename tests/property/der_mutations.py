"""Mutations of requests: random bytes, whole elements of the DER, and the edges of PEM.

All functions take a `random.Random`, so that a seed gives the same mutants again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from sandbox.csr_builder import der

#: An edit of some bytes.
Edit = Callable[[Random, bytes], bytes]

_CONSTRUCTED = 0x20
_OCTET_STRING = 0x04
_BIT_STRING = 0x03
_TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x14, 0x16, 0x1E, 0x30, 0x31)
_CONTEXT_TAGS = tuple(range(0x80, 0x8A)) + tuple(range(0xA0, 0xAA))
_LINES = (
    b"",
    b"X: y",
    b"-----BEGIN CERTIFICATE REQUEST-----",
    b"-----END CERTIFICATE REQUEST-----",
    b"-----BEGIN NEW CERTIFICATE REQUEST-----",
    b"-----END CERTIFICATE-----",
)
_BITS_OF_TEXT = (
    *(bytes([value]) for value in b"\0\t\n\v\f\r -=:ABx\x1c\x7f\x80\xff"),
    b"\r\n",
    b"\n\n",
    b"-----",
    b"\xc2\xa0",
    b"\xe2\x80\xa8",
    b"\xef\xbb\xbf",
)


# --- bytes ---------------------------------------------------------------------------------------


def edit_bytes(random: Random, content: bytes) -> bytes:
    """Return the content with one to three bytes changed, added, removed or copied."""
    edited = bytearray(content)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(edited))
        match random.randrange(5):
            case 0:
                edited[at] = random.randrange(256)
            case 1:
                edited[at] ^= 1 << random.randrange(8)
            case 2:
                edited[at:at] = bytes([random.randrange(256)])
            case 3 if len(edited) > 1:
                del edited[at]
            case _:
                edited[at] = edited[random.randrange(len(edited))]
    return bytes(edited)


# --- elements of DER -----------------------------------------------------------------------------


@dataclass(slots=True)
class Node:
    """An element: its tag and content. `prefix`: bytes before wrapped elements."""

    tag: int
    content: bytes
    children: list["Node"] | None = None
    prefix: bytes = b""

    def encode(self) -> bytes:
        """Return the element in DER, with lengths calculated again."""
        if self.children is None:
            return der.element(self.tag, self.content)
        return der.element(self.tag, self.prefix, *(child.encode() for child in self.children))

    def walk(self) -> list["Node"]:
        """Return this element and all within, parents first."""
        inner = [node for child in self.children or () for node in child.walk()]
        return [self, *inner]


def parse(content: bytes) -> list[Node]:
    """Return the elements that stand here one after another, also those wrapped in strings.

    Raises:
        ValueError: the content isn't a sequence of elements.
    """
    nodes = []
    while content:
        node, content = _element(content)
        nodes.append(node)
    return nodes


def _element(content: bytes) -> tuple[Node, bytes]:
    if len(content) < 2 or content[0] & 0x1F == 0x1F:
        raise ValueError("not an element")
    tag, size, start = content[0], content[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(content[2:start])
    body = content[start : start + size]
    if start == 2 + 0x80 or len(body) != size:
        raise ValueError("not an element")
    return _node(tag, body), content[start + size :]


def _node(tag: int, body: bytes) -> Node:
    prefix = body[:1] if tag == _BIT_STRING else b""
    if not (tag & _CONSTRUCTED or tag in (_OCTET_STRING, _BIT_STRING)):
        return Node(tag, body)
    try:
        children = parse(body.removeprefix(prefix))
    except ValueError:
        return Node(tag, body)
    # An empty string has no children; an empty SEQUENCE can get a first one.
    return Node(tag, body, children, prefix) if children or tag & _CONSTRUCTED else Node(tag, body)


def edit_elements(random: Random, content: bytes) -> bytes:
    """Return the content with one to three elements retagged, copied, moved, removed or edited."""
    try:
        (root,) = parse(content)
    except ValueError:
        return edit_bytes(random, content)
    for _ in range(random.randint(1, 3)):
        _edit_one(random, root)
    return root.encode()


def _edit_one(random: Random, root: Node) -> None:
    everything = root.walk()
    node = random.choice(everything)
    parents = [parent for parent in everything if parent.children]
    match random.randrange(8):
        case 0:
            node.tag = random.choice(_CONTEXT_TAGS if node.tag & 0x80 else _TAGS)
        case 1:
            node.tag ^= random.choice((0x20, 0x40, 0x80))
        case 2 if node.children is None and node.content:
            node.content = edit_bytes(random, node.content)
        case 3 if parents:
            children = random.choice(parents).children or []
            children.insert(random.randint(0, len(children)), _copy(random.choice(everything)))
        case 4 if parents:
            children = random.choice(parents).children or []
            children.insert(random.randint(0, len(children)), _copy(random.choice(children)))
        case 5 if parents:
            children = random.choice(parents).children or []
            children.pop(random.randrange(len(children)))
        case 6 if parents:
            random.shuffle(random.choice(parents).children or [])
        case _:
            copied = _copy(random.choice(everything))
            if node is not root:
                node.tag, node.content = copied.tag, copied.content
                node.children, node.prefix = copied.children, copied.prefix


def stretch(random: Random, content: bytes, size: int) -> bytes:
    """Make one element about `size` bytes larger by copies of a part, or of itself, in it."""
    try:
        (root,) = parse(content)
    except ValueError:
        return content * (size // len(content))
    node = random.choice(root.walk())
    match random.randrange(4):
        case 0 if node.children:
            part = random.choice(node.children)
            node.children = node.children + [part] * (size // len(part.encode()))
        case 1:
            node.content, node.children = der.nested(size, node.tag), None
        case _:
            filling = random.choice((node.content, b"\0", b"\1", b"a", b".", b"\xff")) or b"0"
            node.content, node.children = node.content + filling * (size // len(filling)), None
    return root.encode()


def _copy(node: Node) -> Node:
    children = None if node.children is None else [_copy(child) for child in node.children]
    return Node(node.tag, node.content, children, node.prefix)


# --- edges of PEM --------------------------------------------------------------------------------


def edit_pem(random: Random, text: bytes, other: bytes) -> bytes:
    """Return the text with one to three edits at line ends and starts; `other` may be added."""
    for _ in range(random.randint(1, 3)):
        at = _edge(random, text)
        match random.randrange(6):
            case 0:
                text = text[:at] + random.choice(_BITS_OF_TEXT) + text[at:]
            case 1:
                text = text[:at] + text[at + random.randint(0, 2) :]
            case 2:
                text = text[:at] + random.choice(_LINES) + b"\n" + text[at:]
            case 3:
                text = _shuffled_lines(random, text)
            case 4:
                text = text + other if random.random() < 0.5 else other + text
            case _:
                text = text.replace(b"\n", random.choice((b"\r\n", b"\r", b"\n\r")))
    return text


def _edge(random: Random, text: bytes) -> int:
    edges = [0, len(text)] + [at for at, value in enumerate(text) if value in b"\n-"]
    return min(len(text), max(0, random.choice(edges) + random.randint(-2, 2)))


def _shuffled_lines(random: Random, text: bytes) -> bytes:
    lines = text.split(b"\n")
    first, second = random.randrange(len(lines)), random.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)
