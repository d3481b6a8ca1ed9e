"""The messages of the CSR API in protobuf: a page of the list, and the body of a decision.

Why not JSON: a requester can fill `metadata.managedFields` with bytes that aren't UTF-8, or with
thousands of levels of nesting. One such CSR makes a page of JSON unreadable, and with 10,001 levels
the API server itself ends the page there. In protobuf each item states its length, so it can be
read alone.
From: k8s.io/api, certificates/v1/generated.proto.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.csr_objects import (
    METADATA,
    MOST_FIELDS,
    STATUS,
    read_condition,
)
from adapters.kubernetes_protobuf import text, unwrapped, wrapped
from adapters.protobuf import Malformed, encoded, fields, parts
from core.model import Write

_API: Final = "certificates.k8s.io/v1"
_KIND: Final = "CertificateSigningRequest"


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `items`: unread. `token`: to continue; empty on the last page."""

    items: Sequence[memoryview]
    token: str


def read_page(body: bytes, most: int) -> Page:
    """Return a page's items, unread, which takes a microsecond per item.

    `most`: how many items it may have.

    Raises:
        Malformed: it isn't a list of CSRs, or it has more items.
    """
    items, token = list[memoryview](), b""
    # One more field for the list's metadata.
    for part in fields(unwrapped(body, f"{_KIND}List"), most + 1):
        if part.number == 1:
            token = parts(bytes(part.content), MOST_FIELDS).last(3)
        elif part.number == 2:
            items.append(part.content)
    return Page(items, text(token, "metadata.continue"))


def decision(message: bytes, write: Write) -> bytes:
    """Return the body of a PUT: the CSR as listed, with the condition added.

    The server deletes what a PUT leaves out, except `spec` and `managedFields`, which it keeps.
    The new condition replaces those of the same type. With `metadata.uid` and `resourceVersion` in
    the body, the server refuses (409) an object that has changed since, or that was deleted and
    created again under the same name. The server fills in the condition's times.
    """
    kept, status = list[bytes](), list[bytes]()
    for part in fields(memoryview(message), MOST_FIELDS):
        if part.number == STATUS:
            status += _others(part.content, write.condition)
        else:
            kept.append(bytes(part.whole))
    new = b"".join([*status, encoded(1, _condition(write))])
    return wrapped(_API, _KIND, b"".join([*kept, encoded(STATUS, new)]))


def shows(body: bytes, write: Write) -> bool:
    """Return whether the answer is the decided object, with the decision in it."""
    try:
        whole = parts(bytes(unwrapped(body, _KIND)), MOST_FIELDS)
        uid = parts(whole.last(METADATA), MOST_FIELDS).last(5)
        status = parts(whole.last(STATUS), MOST_FIELDS)
        shown = [read_condition(one) for one in status.all(1)]
    except Malformed:
        return False
    wanted = (write.condition, "True", write.reason)
    decided = wanted in [(one.type, one.status, one.reason) for one in shown]
    return decided and uid == write.csr.uid.encode()


def _others(status: memoryview, condition: str) -> Iterator[bytes]:
    """Yield the fields of a status, without the conditions of one type."""
    for one in fields(status, MOST_FIELDS):
        if one.number != 1 or read_condition(bytes(one.content)).type != condition:
            yield bytes(one.whole)


def _condition(write: Write) -> bytes:
    texts = ((1, write.condition), (2, write.reason), (3, write.message), (6, "True"))
    return b"".join(encoded(number, value.encode()) for number, value in texts)
