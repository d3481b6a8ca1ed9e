"""The wire format of Protocol Buffers: a message as its fields, whatever the fields mean.

Each field states its length, so that what is of no interest is passed over without being looked at.
Numbers and types of the fields are the callers' business.
From: protobuf.dev, "Encoding".
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

# A varint of 64 bits takes ten bytes.
_LONGEST_VARINT: Final = 10
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5


class Malformed(ValueError):
    """The bytes are no message, or have more fields than the caller reads."""


class Field(NamedTuple):
    """One field. `content` is empty for a number; `whole` is the field with its tag and length."""

    number: int
    content: memoryview
    value: int
    whole: memoryview


_EMPTY: Final = memoryview(b"")


def fields(message: memoryview, most: int) -> Iterator[Field]:
    """Yield a message's fields in their order, without copying; at most so many.

    Raises:
        Malformed: as far as the message was read until then.
    """
    at, end = 0, len(message)
    for _ in range(most):
        if at >= end:
            return
        start = at
        tag, at = _varint(message, at)
        size, value, at = _length(message, at, tag & 7)
        start_of_content, at = at, at + size
        if at > end:
            raise Malformed("a field is longer than its message")
        content = message[start_of_content:at] if size else _EMPTY
        yield Field(tag >> 3, content, value, message[start:at])
    if at < end:
        raise Malformed(f"more than {most} fields")


def grouped(message: memoryview, most: int) -> dict[int, list[Field]]:
    """Return a message's fields by number, those of one number in their order.

    Raises:
        Malformed: the bytes are no message, or have more fields than that.
    """
    groups: dict[int, list[Field]] = {}
    for field in fields(message, most):
        groups.setdefault(field.number, []).append(field)
    return groups


def encoded(number: int, content: bytes) -> bytes:
    """Return a field that holds text, bytes or a message."""
    return _encoded_varint(number << 3 | _BYTES) + _encoded_varint(len(content)) + content


def signed_32(value: int) -> int:
    """Return the int32 that a varint stands for: negative ones are sent as 64 bits."""
    low = value & 0xFFFF_FFFF
    return low - (1 << 32) if low >> 31 else low


def signed_64(value: int) -> int:
    """Return the int64 that a varint stands for."""
    return value - (1 << 64) if value >> 63 else value


def _length(message: memoryview, at: int, kind: int) -> tuple[int, int, int]:
    """Return how many bytes the content has, the number where it is one, and where it begins."""
    if kind == _BYTES:
        size, at = _varint(message, at)
        return size, 0, at
    if kind == _VARINT:
        value, at = _varint(message, at)
        return 0, value, at
    if kind == _FIXED_64:
        return 8, 0, at
    if kind == _FIXED_32:
        return 4, 0, at
    raise Malformed("a field of an unknown kind")


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 7 * _LONGEST_VARINT, 7):
        if at >= len(message):
            raise Malformed("a number is cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise Malformed("a number is too long")


def _encoded_varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
