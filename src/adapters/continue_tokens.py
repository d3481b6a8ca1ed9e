"""Continue tokens of our own: read a list on from another name than the API server offers.

A token is base64 of JSON with the name of the last object. A requester can choose a name of half a
megabyte: the token is then longer than servers accept in a URL. In protobuf it can also choose a
name that is not UTF-8: the token has U+FFFD in its place, which sorts before that name, so that the
same objects are listed again. Both would hide every object with a later name.
From: Kubernetes apiserver pkg/storage/continue.go.
"""

import base64
import json
import re
from collections.abc import Sequence
from typing import Any, Final

# The limit for the names of other objects; those of CSRs have none. From: Kubernetes apimachinery
# pkg/util/validation, DNS1123SubdomainMaxLength.
_LONGEST_NAME: Final = 253

# A slash before the name, and a character after it.
_ORDINARY: Final = _LONGEST_NAME + 2

_ASCII: Final = re.compile(r"[\x00-\x7f]{0,254}")


def past(token: str) -> str:
    """Return a token that skips all names with the same beginning as the one in `token`.

    The beginning is the part before the first character that isn't ASCII, at most 253 characters.
    Returns "" for an ordinary name (ASCII, at most 253 characters), and for a name that has no such
    beginning, because it sorts after all ASCII names.
    """
    start = _start(token)
    begin = _ASCII.match(start)
    if begin is None or not begin[0].strip("/") or (start.isascii() and len(start) <= _ORDINARY):
        return ""
    return _from(token, begin[0][:-1] + chr(ord(begin[0][-1]) + 1))


def onward(token: str, names: Sequence[str], turn: int) -> str:
    """Return a token for the same list that reads on from one of the `names` after `token`'s.

    `names`: in order. `turn` chooses among those after it. Returns "" if there are none.
    """
    start = _start(token)
    slash = start[:1] if start[:1] == "/" else ""
    later = [slash + name for name in names if start and slash + name > start]
    return _from(token, later[turn % len(later)]) if later else ""


def is_before(token: str, other: str) -> bool:
    """Return whether `token` reads on from an earlier name than `other`."""
    return _start(token) < _start(other)  # characters have the order of their UTF-8 bytes


def _start(token: str) -> str:
    """Return `start`: perhaps a slash, the last name, a character; empty if there is none."""
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
