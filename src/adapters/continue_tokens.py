"""Continue tokens of our own: past names by which a list can't be read on, and to later ones.

A token is base64 of JSON with the name of the last object. A requester may choose a name of half a
megabyte, by which the token outgrows what servers take in a URL; or, in protobuf, one that is not
UTF-8, which the token holds with U+FFFD, so that the list goes on from before that name, with the
same objects again. Either would hide every object with a later name.
From: Kubernetes apiserver pkg/storage/continue.go.
"""

import base64
import json
import re
from collections.abc import Sequence
from typing import Any, Final

# To which other objects' names are held, and CSRs' aren't. From: Kubernetes apimachinery
# pkg/util/validation, DNS1123SubdomainMaxLength.
_LONGEST_NAME: Final = 253

# A slash before the name, and a character after it.
_ORDINARY: Final = _LONGEST_NAME + 2

_ASCII: Final = re.compile(r"[\x00-\x7f]{0,254}")


def past(token: str) -> str:
    """Return a token that leads past all names that begin as the one in this does; else empty.

    They are longer than any that Kubernetes's own rules allow, or not ASCII. The beginning is what
    is ASCII of a name, 253 characters at most.
    """
    start = _start(token)
    begin = _ASCII.match(start)
    if begin is None or not begin[0].strip("/") or (start.isascii() and len(start) <= _ORDINARY):
        return ""
    return _from(token, begin[0][:-1] + chr(ord(begin[0][-1]) + 1))


def onward(token: str, names: Sequence[str], turn: int) -> str:
    """Return a token that leads on from one of these names, in turn, of those ahead; else empty.

    They are in order. The list is the same one still.
    """
    start = _start(token)
    slash = start[:1] if start[:1] == "/" else ""
    ahead = [slash + name for name in names if start and slash + name > start]
    return _from(token, ahead[turn % len(ahead)]) if ahead else ""


def is_before(token: str, other: str) -> bool:
    """Whether a list goes on from an earlier name by this token than by the other."""
    return _start(token) < _start(other)  # letters are in the order of their bytes in UTF-8


def _start(token: str) -> str:
    """Return the name to go on from, after a slash: the last one and a character; or empty."""
    try:
        start = _read(token)["start"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return start if isinstance(start, str) else ""


def _from(token: str, start: str) -> str:
    content = json.dumps({**_read(token), "start": start})
    return base64.urlsafe_b64encode(content.encode()).decode().rstrip("=")


def _read(token: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
