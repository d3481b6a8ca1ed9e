"""Continue tokens that lead past names by which a list can't be read on.

A token is base64 of JSON with the name of the last object. A requester may choose a name of half a
megabyte, by which the token outgrows what servers take in a URL; or, in protobuf, one that is not
UTF-8, which the token holds with U+FFFD, so that the list goes on from before that name, with the
same objects again. Either would hide every object with a later name.
From: Kubernetes apiserver pkg/storage/continue.go.
"""

import base64
import json
import re
from typing import Any, Final

# To which other objects' names are held, and CSRs' aren't. From: Kubernetes apimachinery
# pkg/util/validation, DNS1123SubdomainMaxLength.
_LONGEST_NAME: Final = 253

_ASCII: Final = re.compile(r"[\x00-\x7f]{0,253}")


def past(token: str) -> str:
    """Return a token that leads past all names that begin as the one in this does; else empty.

    They are longer than any that Kubernetes's own rules allow, or not ASCII. The beginning is what
    is ASCII of a name, 253 characters at most.
    """
    try:
        read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        start = read["start"]
        begin = _ASCII.match(start)
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    # The start of an ordinary token has one character more than the name.
    if begin is None or not begin[0] or (start.isascii() and len(start) <= _LONGEST_NAME + 1):
        return ""
    after = begin[0][:-1] + chr(ord(begin[0][-1]) + 1)
    return _encoded({**read, "start": after})


def _encoded(token: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(token).encode()).decode().rstrip("=")
