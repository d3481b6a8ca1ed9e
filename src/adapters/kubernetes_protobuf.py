"""The envelope of Kubernetes objects in protobuf, and Kubernetes errors in protobuf or JSON.

From: k8s.io/apimachinery, pkg/runtime/generated.proto (Unknown) and
pkg/apis/meta/v1/generated.proto (ListMeta, Status, Time).
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.protobuf import Malformed, encoded, fields, parts

#: The media type of requests and answers.
MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"

_MAGIC: Final = b"k8s\x00"

# The largest message read here, a Status with details, has fewer fields.
_MOST_FIELDS: Final = 100

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Status:
    """What a Kubernetes `Status` says. `token`: the continue token that a 410 may offer."""

    message: str = ""
    token: str = ""


def unwrapped(body: bytes, kind: str) -> memoryview:
    """Return the message of an object of this kind.

    Raises:
        Malformed: the bytes are something else.
    """
    if not body.startswith(_MAGIC):
        raise Malformed("no Kubernetes object in protobuf")
    found, raw = b"", memoryview(b"")
    for field in fields(memoryview(body)[len(_MAGIC) :], _MOST_FIELDS):
        if field.number == 1:
            found = parts(bytes(field.content), _MOST_FIELDS).last(2)
        elif field.number == 2:
            raw = field.content
    if found != kind.encode():
        raise Malformed(f"no {kind}")
    return raw


def wrapped(api_version: str, kind: str, message: bytes) -> bytes:
    """Return the body of a request that carries an object."""
    type_meta = encoded(1, api_version.encode()) + encoded(2, kind.encode())
    return _MAGIC + encoded(1, type_meta) + encoded(2, message)


def text(content: bytes, where: str) -> str:
    """Return text exactly as it was sent: it is compared, so no character is replaced.

    Raises:
        Malformed: it isn't UTF-8.
    """
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Malformed(f"{where}: not UTF-8") from None


def moment(content: bytes, where: str) -> datetime:
    """Return a `Time`, to the second.

    Raises:
        Malformed: it is outside the years 1 to 9999.
    """
    seconds = parts(content, _MOST_FIELDS).integer(1) or 0
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except OverflowError:
        raise Malformed(f"{where}: expected a time of the years 1 to 9999") from None


def read_status(body: bytes) -> Status:
    """Return what an error's body says; empty where it isn't a `Status` in protobuf or JSON.

    Not every error is in the format that was asked for: the API server's filters, and proxies
    before it, may answer in JSON or plain text.
    """
    try:
        if body.startswith(_MAGIC):
            return _status(bytes(unwrapped(body, "Status")))
        return _json_status(json.loads(body))
    except (ValueError, RecursionError):
        return Status()


def _status(message: bytes) -> Status:
    read = parts(message, _MOST_FIELDS)
    token = parts(read.last(1), _MOST_FIELDS).last(3)
    return Status(read.last(3).decode(errors="replace"), text(token, "metadata.continue"))


def _json_status(read: Any) -> Status:
    if not isinstance(read, dict):
        return Status()
    metadata = read.get("metadata")
    token = metadata.get("continue") if isinstance(metadata, dict) else None
    words = read.get("message")
    return Status(words if isinstance(words, str) else "", token if isinstance(token, str) else "")
