"""Kubernetes's protobuf for what this API answers and accepts: CSRs, their lists, and errors.

Inside the API objects are JSON. Each client gets the format that it asks for. The tables are not
shared with `src/adapters`: the tests would not find its mistakes.
From: k8s.io/api, certificates/v1/generated.proto; k8s.io/apimachinery, generated.proto of
pkg/apis/meta/v1 and pkg/runtime.
"""

import base64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.fake_apiserver.status import GROUP, KIND, Json, bad_request

MEDIA_TYPE: Final = "application/vnd.kubernetes.protobuf"

_MAGIC: Final = b"k8s\x00"

# A field's name in JSON and its type: `[…]` is a repeated field, `{…}` a map with such values.
_Message = Mapping[int, tuple[str, str]]

_MESSAGES: Final[Mapping[str, _Message]] = {
    f"{KIND}List": {1: ("metadata", "ListMeta"), 2: ("items", f"[{KIND}]")},
    KIND: {1: ("metadata", "ObjectMeta"), 2: ("spec", "Spec"), 3: ("status", "CsrStatus")},
    "ListMeta": {
        2: ("resourceVersion", "text"),
        3: ("continue", "text"),
        4: ("remainingItemCount", "number"),
    },
    "ObjectMeta": {
        1: ("name", "text"),
        2: ("generateName", "text"),
        5: ("uid", "text"),
        6: ("resourceVersion", "text"),
        8: ("creationTimestamp", "time"),
        11: ("labels", "{text}"),
        12: ("annotations", "{text}"),
        14: ("finalizers", "[text]"),
        17: ("managedFields", "[ManagedFieldsEntry]"),
    },
    "ManagedFieldsEntry": {
        1: ("manager", "text"),
        2: ("operation", "text"),
        3: ("apiVersion", "text"),
        4: ("time", "time"),
        6: ("fieldsType", "text"),
        7: ("fieldsV1", "raw"),
    },
    "Spec": {
        1: ("request", "bytes"),
        2: ("username", "text"),
        3: ("uid", "text"),
        4: ("groups", "[text]"),
        5: ("usages", "[text]"),
        6: ("extra", "{ExtraValue}"),
        7: ("signerName", "text"),
        8: ("expirationSeconds", "number"),
    },
    "CsrStatus": {1: ("conditions", "[Condition]"), 2: ("certificate", "bytes")},
    "Condition": {
        1: ("type", "text"),
        2: ("reason", "text"),
        3: ("message", "text"),
        4: ("lastUpdateTime", "time"),
        5: ("lastTransitionTime", "time"),
        6: ("status", "text"),
    },
    "Status": {
        1: ("metadata", "ListMeta"),
        2: ("status", "text"),
        3: ("message", "text"),
        4: ("reason", "text"),
        6: ("code", "number"),
    },
}

_GROUPS: Final = {"Status": "v1"}


def can_say(content: Json) -> bool:
    """Return whether this answer can be encoded in protobuf here."""
    return content.get("kind") in _MESSAGES


def encode(content: Json) -> bytes:
    """Return an answer in protobuf, by its `kind`."""
    kind = str(content["kind"])
    version = _GROUPS.get(kind, f"{GROUP}/v1")
    type_meta = field(1, version.encode()) + field(2, kind.encode())
    return _MAGIC + field(1, type_meta) + field(2, message(kind, content))


def decode(body: bytes) -> Json:
    """Return an object sent in protobuf as JSON. Raises `ApiError` 400."""
    if not body.startswith(_MAGIC):
        raise bad_request("the body is not a Kubernetes object in protobuf")
    try:
        envelope = dict(_split(body[len(_MAGIC) :]))
        type_meta = dict(_split(envelope[1]))
        version, kind = (type_meta[number].decode() for number in (1, 2))
        return {"apiVersion": version, "kind": kind, **_read(kind, envelope[2])}
    except (KeyError, ValueError, IndexError) as error:
        raise bad_request(f"the body is not protobuf: {error!r}") from None


def message(kind: str, content: Any) -> bytes:
    """Return a message's bytes.

    Unknown fields are left out. A value of a wrong type becomes a byte 0xff.
    """
    if not isinstance(content, dict):
        return b"" if content is None else b"\xff"
    return b"".join(
        _encoded(number, form, content[name])
        for number, (name, form) in _MESSAGES[kind].items()
        if content.get(name) is not None
    )


def field(number: int, content: bytes) -> bytes:
    """Return a field that holds text, bytes or a message."""
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _encoded(number: int, form: str, value: Any) -> bytes:
    if form.startswith("["):
        values = value if isinstance(value, list) else [value]
        return b"".join(field(number, _value(form[1:-1], element)) for element in values)
    if form.startswith("{"):
        entries = value.items() if isinstance(value, dict) else [(value, "")]
        return b"".join(
            field(number, field(1, _value("text", key)) + field(2, _value(form[1:-1], one)))
            for key, one in entries
        )
    if form == "number":
        return _varint(number << 3) + _varint(int(value) & 2**64 - 1)
    return field(number, _value(form, value))


def _value(form: str, value: Any) -> bytes:
    if form == "bytes":
        return _bytes(value)
    if form == "raw":
        return field(1, _value("text", value))
    if form == "ExtraValue":
        return _encoded(1, "[text]", value)
    if form == "time":
        return _time(value)
    if form != "text":
        return message(form, value)
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else b"\xff"


def _bytes(value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (ValueError, TypeError):
        return b"\xff"


def _time(value: Any) -> bytes:
    """Return a time; text that isn't RFC 3339 becomes a time after the year 9999."""
    try:
        seconds = int(datetime.fromisoformat(value).timestamp())
    except (ValueError, TypeError, OverflowError):
        seconds = 2**60
    return _varint(1 << 3) + _varint(seconds & 2**64 - 1)


def _read(kind: str, content: bytes) -> Json:
    read: Json = {}
    for number, value in _split(content):
        name, form = _MESSAGES[kind].get(number, ("", ""))
        if form.startswith("["):
            read.setdefault(name, []).append(_read_value(form[1:-1], value))
        elif form.startswith("{"):
            entry = dict(_split(value))
            key = entry.get(1, b"").decode("utf-8", "replace")
            read.setdefault(name, {})[key] = _read_value(form[1:-1], entry.get(2, b""))
        elif form:
            read[name] = _read_value(form, value)
    return read


def _read_value(form: str, value: bytes) -> Any:
    match form:
        case "bytes":
            return base64.b64encode(value).decode()
        case "raw":
            return dict(_split(value)).get(1, b"").decode("utf-8", "surrogateescape")
        case "number":
            number = int.from_bytes(value, "little")
            return number - (1 << 64) if number >> 63 else number
        case "ExtraValue":
            return [one.decode("utf-8", "replace") for _, one in _split(value)]
        case "time":
            seconds = int.from_bytes(dict(_split(value)).get(1, b""), "little")
            return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        case "text":
            return value.decode("utf-8", "replace")
    return _read(form, value)


def _split(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield a message's fields; a number as its eight bytes."""
    at = 0
    while at < len(content):
        tag, at = _unvarint(content, at)
        size, at = _unvarint(content, at)
        if tag & 7 == 2:
            if at + size > len(content):
                raise ValueError("a field is cut off")
            yield tag >> 3, content[at : at + size]
            at += size
        elif tag & 7 == 0:
            yield tag >> 3, size.to_bytes(8, "little")
        else:
            raise ValueError("a kind of field that Kubernetes doesn't use")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _unvarint(content: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
