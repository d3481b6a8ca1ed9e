"""Parse the objects of a saved Kubernetes list, each alone: a bad one stops no other.

A requester can fill `metadata.managedFields` with bytes that aren't UTF-8, or nest it more deeply
than parsers accept, and `kubectl get --raw` saves it unchanged.
"""

import codecs
import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

#: An object that is nested more deeply isn't parsed; a CSR's own fields have six levels.
DEEPEST: Final = 64

# A whole string, or a bracket or comma outside strings. No backtracking, so linear in the length.
_TOKEN: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[][{},]', re.DOTALL)
_ITEMS: Final = re.compile(rb'"items"\s*+:\s*+')
_OPEN, _SHUT = b"[{", b"]}"


@dataclass(frozen=True, slots=True)
class Unparsed:
    """An object that can't be read. `known`: the part that can be read; `problem`: why."""

    known: Any
    problem: str


class _Token(NamedTuple):
    at: int
    end: int
    depth: int
    byte: bytes


def objects_of(content: bytes) -> tuple[Sequence[Any] | None, Any]:
    """Return the objects of a list, and the whole document, or what of it is outside the objects.

    The one object that `kubectl get` of one name prints counts as a list of one.

    Returns:
        None instead of objects: the document is neither.

    Raises:
        ValueError: the file is neither JSON nor YAML, and the reason is not inside an object of the
            list.
    """
    try:
        document = document_of(content)
    except (ValueError, RecursionError, MemoryError) as error:
        return _apart(_utf_8(content), error)
    if isinstance(document, dict) and "items" not in document and "metadata" in document:
        return [_shallow_only(document)], {}
    items = document.get("items") if isinstance(document, dict) else document
    found = [_shallow_only(item) for item in items] if isinstance(items, list) else None
    return found, document


def document_of(content: bytes) -> Any:
    """Return the value of a file in JSON or YAML.

    Raises:
        ValueError: it is neither.
    """
    try:
        return json.loads(content)
    except ValueError as error:
        if _is_like_json(content):
            raise ValueError(f"not JSON: {error}") from error
    from cli.evaluate.saved_yaml import values_of

    try:
        text = _utf_8(content).decode()
    except UnicodeDecodeError as error:
        raise ValueError("not text in UTF-8") from error
    return values_of(text)


def _is_like_json(content: bytes) -> bool:
    """Return whether the content begins as JSON does, so that it needn't be read as YAML too."""
    start = _utf_8(content[:64]).removeprefix(codecs.BOM_UTF8).lstrip()[:1]
    return not start or start in b"{["


def _apart(content: bytes, error: BaseException) -> tuple[Sequence[Any], Any]:
    """Parse the objects one by one; raise `error`'s text if the rest of the file isn't JSON."""
    try:
        start, end, commas = _list_of(content)
        rest = json.loads((content[:start] + content[end:]).decode())
    except (ValueError, RecursionError):
        raise ValueError(str(error)) from None
    edges = [start - 1, *commas, end]
    return [_parsed(content[a + 1 : b]) for a, b in itertools.pairwise(edges)], rest


def _utf_8(content: bytes) -> bytes:
    """Return the content in UTF-8: shells on Windows save UTF-16."""
    encoding = json.detect_encoding(content)
    if encoding in ("utf-8", "utf-8-sig"):
        return content.removeprefix(codecs.BOM_UTF8)
    return content.decode(encoding).encode()


def _list_of(content: bytes) -> tuple[int, int, list[int]]:
    """Return where the objects of `items` begin and end, and the commas between them."""
    if not content.lstrip().startswith(b"{"):
        raise ValueError("no list of objects")
    start, key, commas = -1, -1, list[int]()
    for token in _tokens(content):
        if token.depth == 1 and token.byte == b'"':
            key = token.at
        if token.depth != 2:
            continue
        if token.byte == b"[" and key >= 0 and _ITEMS.fullmatch(content, key, token.at):
            start = token.end
        elif token.byte == b"," and start >= 0:
            commas.append(token.at)
        elif token.byte == b"]" and start >= 0:
            return start, token.at, commas
    raise ValueError("no `items` with both of its brackets")


def _tokens(content: bytes) -> Iterator[_Token]:
    """Yield strings, brackets and commas. Both brackets of a pair have the depth between them."""
    depth = 0
    for match in _TOKEN.finditer(content):
        byte = content[match.start() : match.start() + 1]
        depth += byte in _OPEN
        yield _Token(match.start(), match.end(), depth, byte)
        depth -= byte in _SHUT


def _parsed(content: bytes) -> Any:
    """Return the object, or an `Unparsed` that says why it can't be read."""
    shallow, deepest = _shallow(content)
    known = json.loads(shallow.decode(errors="replace"), parse_int=len, parse_float=len)
    if deepest > DEEPEST:
        return Unparsed(known, f"nested {deepest} levels deep, expected at most {DEEPEST}")
    try:
        return json.loads(content.decode())
    except UnicodeDecodeError:
        return Unparsed(known, "not UTF-8")
    except ValueError as error:
        return Unparsed(known, f"not JSON: {error}")


def _shallow_only(item: Any) -> Any:
    """Return the object, or an `Unparsed` if it is nested too deeply for other parsers.

    Level by level, without recursion.
    """
    level, depth = [item] if isinstance(item, dict | list) else [], 0
    while level:
        depth += 1
        inner = [one.values() if isinstance(one, dict) else one for one in level]
        level = [one for values in inner for one in values if isinstance(one, dict | list)]
        if depth > DEEPEST:
            return Unparsed(item, f"nested more than {DEEPEST} levels deep")
    return item


def _shallow(content: bytes) -> tuple[bytes, int]:
    """Return the object with null for parts that are nested too deeply, and its depth."""
    kept, last, deepest = list[bytes](), 0, 0
    for token in _tokens(content):
        deepest = max(deepest, token.depth)
        if token.depth == DEEPEST + 1 and token.byte in _OPEN:
            kept += [content[last : token.at], b"null"]
        elif token.depth == DEEPEST + 1 and token.byte in _SHUT:
            last = token.end
    return b"".join([*kept, content[last:]]), deepest
