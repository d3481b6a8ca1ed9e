"""Mutations of saved JSON documents: of their structure, values, text and bytes.

All functions take a `random.Random`, so that a seed gives the same mutants again.
"""

import copy
import json
import math
from collections.abc import Sequence
from random import Random
from typing import Any

#: The place of a value: its object or list, and its key or index there.
Place = tuple[Any, Any]

_NUMBERS = (
    *(0, 1, -1, 2**31, 2**63, -(2**64), 10**400, 1.5, -0.0, 1e308),
    *(math.inf, -math.inf, math.nan),
)
_TEXTS = (
    *("", " ", "\0", "\ud800", "\udfff\ud800", "\ufeff", "\u202e", "\u2028", "\x1b[31m", "\r\n"),
    *("true", "null", "0", "*", "x" * 5_000, "\U0001f600", "e\u0301", "\u212a"),
    *("system:nodes", "system:node:", "system:masters", "server auth", "running", "prod"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"),
    *("0001-01-01T00:00:00+23:59", "2026-02-30T00:00:00Z", "2026-11-24T11:59:60Z", "1e9"),
    *("2026-11-24T11:53:00.999999999Z", "2026-11-24 11:53:00Z", "2026-11-24T11:53:00"),
    *("::ffff:10.0.1.1", "010.0.1.1", "10.0.1.1 ", "fe80::1%eth0", "0x0a000101", "10.0.1.1/32"),
    *("0.0.0.0/0", "::/0", "10.0.1.1/0", "169.254.169.254", "127.0.0.1"),
    *("i-0AAAAAAAAAAAAAAAA", "i-00000000000000001\n", "i-00000001", "mi-0aaaaaaaaaaaaaaaa"),
    *("kubernetes.io/cluster/", "=", "====", "LS0tLS0=", "not base64"),
)
_EDITS = ("\0", " ", ".", "\n", "\u0131", "\ud800", "=", "/", "A", "0", "%", "\\", "\x85")
_BYTES = (
    *(b"\xef\xbb\xbf", b"\xff\xfe", b"\0", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5", b"\x1a"),
    *(b"NaN", b"-Infinity", b"1e999", b"00", b"'", b"//", b"{", b"]", b'"', b",", b"\\u0000"),
    *(b'"name": 1,', b'"items": [],', b'"spec": {},', b'"InstanceId": null,', b"\\ud800"),
)


def mutated(random: Random, document: Any, others: Sequence[Any]) -> Any:
    """Return a copy with one to three edits; `others`: documents to take pieces from."""
    root = [copy.deepcopy(document)]
    for _ in range(random.randint(1, 3)):
        places = list(_places(root))
        _edit(random, random.choice(places), places, others)
    return root[0]


def _places(holder: Any) -> list[Place]:
    """Return all places in the value, outer ones first."""
    found: list[Place] = []
    waiting = [holder]
    while waiting:
        container = waiting.pop()
        keys = range(len(container)) if isinstance(container, list) else list(container)
        found += [(container, key) for key in keys]
        waiting += [container[key] for key in keys if isinstance(container[key], dict | list)]
    return found


def _edit(random: Random, place: Place, places: Sequence[Place], others: Sequence[Any]) -> None:
    holder, key = place
    value = holder[key]
    match random.randrange(10):
        case 0 | 1:
            holder[key] = _odd(random)
        case 2 if place is not places[0]:
            del holder[key]
        case 3:
            _add(random, value, _piece(random, others))
        case 4 | 5:
            holder[key] = _changed(random, value)
        case 6:
            other, at = random.choice(places)
            holder[key] = copy.deepcopy(other[at])
        case 7:
            holder[key] = _piece(random, others)
        case 8:
            holder[key] = [value] if random.random() < 0.5 else {"items": value}
        case _:
            _renamed(random, holder, key)


def _piece(random: Random, others: Sequence[Any]) -> Any:
    """Return a part of another document, or of this one before the edits."""
    holder, key = random.choice(_places([random.choice(others)]))
    return copy.deepcopy(holder[key])


def _odd(random: Random) -> Any:
    match random.randrange(6):
        case 0:
            return random.choice((None, True, False, [], {}, [None], {"": None}))
        case 1:
            return random.choice(_NUMBERS)
        case 2:
            return nested(random, random.choice((3, 40, 120)))
        case _:
            return random.choice(_TEXTS)


def nested(random: Random, depth: int) -> Any:
    """Return alternately nested lists and objects."""
    value: Any = random.choice(_TEXTS)
    for _ in range(depth):
        value = [value] if random.random() < 0.5 else {random.choice(("a", "items", "spec")): value}
    return value


def _changed(random: Random, value: Any) -> Any:
    if isinstance(value, str):
        return changed_text(random, value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return random.choice((value + 1, -value, str(value), 1.5))
    if isinstance(value, list) and value:
        return random.choice((value[1:], value * 2, value[::-1], value[0]))
    return _odd(random)


def changed_text(random: Random, text: str) -> str:
    at = random.randint(0, len(text))
    match random.randrange(6):
        case 0:
            return text[:at] + random.choice(_EDITS) + text[at:]
        case 1:
            return text[:at] + text[at + 1 :]
        case 2:
            return text.swapcase()
        case 3:
            return text[:at]
        case 4:
            return text[:at] + random.choice("0123456789abcdef.") + text[at + 1 :]
        case _:
            return random.choice((f"{text}.", f" {text}", f"{text}\0", text + text))


def _add(random: Random, value: Any, piece: Any) -> None:
    if isinstance(value, list):
        value.insert(random.randint(0, len(value)), piece)
    if isinstance(value, dict):
        value[random.choice((*value, "items", "extra", "x\ud800"))] = piece


def _renamed(random: Random, holder: Any, key: Any) -> None:
    if isinstance(holder, list):
        random.shuffle(holder)
        return
    value = holder.pop(key)
    holder[random.choice((key.swapcase(), key.lower(), f"{key} ", f"{key}\0", ""))] = value


# --- the text ------------------------------------------------------------------------------------


def encoded(document: Any) -> bytes:
    """Return the document as JSON, with NaN and Infinity, which Python can parse."""
    return json.dumps(document).encode()


def mutated_text(random: Random, text: bytes) -> bytes:
    """Return the bytes of a document with an edit that may break the JSON."""
    at = random.randint(0, len(text))
    match random.randrange(8):
        case 0:
            return text[:at]
        case 1:
            return random.choice((b"", b" ", b"\n", b"null", b"0", b'""', b"\0", b"[]", b"{}"))
        case 2:
            return random.choice(_BYTES) + text
        case 3:
            encoding = random.choice(("utf-16", "utf-32", "utf-16-le", "utf-8-sig"))
            return text.decode().encode(encoding)
        case 4:
            return text[:at] + bytes([random.randrange(256)]) + text[at + 1 :]
        case 5:
            brace = text.rfind(b"{", 0, at) + 1
            return text[:brace] + random.choice(_BYTES) + text[brace:]
        case _:
            return text[:at] + random.choice(_BYTES) + text[at:]
