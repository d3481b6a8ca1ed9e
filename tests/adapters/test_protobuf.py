"""The wire format: fields by their numbers, and malformed messages."""

import pytest

from adapters.protobuf import Malformed, encoded, fields, parts


def test_fields_are_found_by_number_in_their_order() -> None:
    """Texts and messages are bytes; `last` returns the last of a repeated field."""
    read = parts(encoded(1, b"a") + encoded(300, b"b" * 200) + encoded(1, b"c"), 3)

    assert ([b"a", b"c"], b"c", b"b" * 200) == (read.all(1), read.last(1), read.last(300))
    assert ([], b"", False) == (read.all(2), read.last(2), read.has(2))


@pytest.mark.parametrize(
    ("message", "number"),
    [
        (b"\x08\x00", 0),
        (b"\x08\xac\x02", 300),
        (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", -1),
        (b"\x08\x80\xfc\xff\xff\xff\xff\xff\xff\xff\x01", -512),
        (b"", None),
    ],
)
def test_numbers_are_signed_ones_of_64_bits(message: bytes, number: int | None) -> None:
    """A negative int32 is encoded as one, too."""
    assert number == parts(message, 1).integer(1)


def test_fields_of_fixed_size_are_skipped() -> None:
    """Kubernetes has none yet; a newer server may send some."""
    message = b"\x09" + b"x" * 8 + b"\x15" + b"x" * 4 + encoded(3, b"a")

    assert b"a" == parts(message, 3).last(3)
    assert [b"", b"", b"a"] == [bytes(field.content) for field in fields(memoryview(message), 3)]


@pytest.mark.parametrize(
    "message",
    [
        b"\x0a\x05abc",
        b"\x0a",
        b"\x80",
        b"\x0a" + b"\xff" * 10 + b"\x01",
        b"\x0a" + b"\xff" * 9 + b"\x7f",
        b"\x0b",
        b"\x0c",
        b"\x09abc",
        b"\x08" + b"\xff" * 11,
        encoded(1, b"") * 4,
    ],
)
def test_a_message_that_is_cut_off_or_too_long_is_malformed(message: bytes) -> None:
    """Both walkers of the message report it as malformed."""
    with pytest.raises(Malformed):
        parts(message, 3)
    with pytest.raises(Malformed):
        list(fields(memoryview(message), 3))
