"""A small DER encoder that also writes what is not valid.

From: ITU-T X.690. Every function returns the bytes of one element, with its tag and length.
"""

CONSTRUCTED = 0x20
CONTEXT = 0x80


def element(tag: int, *content: bytes) -> bytes:
    """Return any element: the tag byte as given, the definite length in its shortest form."""
    body = b"".join(content)
    return head(tag, len(body)) + body


def head(tag: int, size: int) -> bytes:
    """Return the head of an element: its tag, and this length."""
    return bytes([tag]) + _length(size)


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes([size])
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(digits)]) + digits


def nested(size: int, tag: int = 0x30) -> bytes:
    """Return elements of this tag in one another, as deep as fits into `size` bytes."""
    heads: list[bytes] = []
    length = 0
    while length < size:
        heads.append(head(tag, length))
        length += len(heads[-1])
    return b"".join(reversed(heads))


def long_length(tag: int, *content: bytes) -> bytes:
    """Return an element with one length byte more than needed: BER, not DER."""
    body = b"".join(content)
    digits = len(body).to_bytes(max(1, (len(body).bit_length() + 7) // 8) + (len(body) > 0x7F))
    return bytes([tag, 0x80 | len(digits)]) + digits + body


def indefinite(tag: int, *content: bytes) -> bytes:
    """Return an element of indefinite length: BER, not DER."""
    return bytes([tag, 0x80]) + b"".join(content) + b"\0\0"


def sequence(*parts: bytes) -> bytes:
    """Return a SEQUENCE."""
    return element(0x30, *parts)


def set_of(*parts: bytes) -> bytes:
    """Return a SET OF, sorted as DER requires."""
    return element(0x31, *sorted(parts))


def set_as_given(*parts: bytes) -> bytes:
    """Return a SET OF in the order given, which DER may forbid."""
    return element(0x31, *parts)


def context(number: int, *content: bytes) -> bytes:
    """Return a primitive element with a context tag, as in GeneralName."""
    return element(CONTEXT | number, *content)


def explicit(number: int, *content: bytes) -> bytes:
    """Return a constructed element with a context tag."""
    return element(CONTEXT | CONSTRUCTED | number, *content)


def boolean(value: int) -> bytes:
    """Return a BOOLEAN of this byte; DER allows 0x00 and 0xFF only."""
    return element(0x01, bytes([value]))


def integer(value: int) -> bytes:
    """Return an INTEGER in its shortest form."""
    return element(0x02, value.to_bytes(value.bit_length() // 8 + 1, signed=True))


def bits(content: bytes, unused: int = 0) -> bytes:
    """Return a BIT STRING; `unused` is the declared number of unused bits in its last byte."""
    return element(0x03, bytes([unused]), content)


def octets(content: bytes) -> bytes:
    """Return an OCTET STRING."""
    return element(0x04, content)


def null() -> bytes:
    """Return a NULL."""
    return element(0x05)


def oid(dotted: str) -> bytes:
    """Return an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return element(0x06, *(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(0x80 | arc & 0x7F)
    return bytes(reversed(digits))


def utf8(text: str | bytes) -> bytes:
    """Return a UTF8String."""
    return element(0x0C, _encoded(text, "utf-8"))


def printable(text: str | bytes) -> bytes:
    """Return a PrintableString, of any characters."""
    return element(0x13, _encoded(text, "latin-1"))


def t61(text: str | bytes) -> bytes:
    """Return a T61String (TeletexString)."""
    return element(0x14, _encoded(text, "latin-1"))


def ia5(text: str | bytes) -> bytes:
    """Return an IA5String."""
    return element(0x16, _encoded(text, "latin-1"))


def universal(text: str | bytes) -> bytes:
    """Return a UniversalString: four bytes a character."""
    return element(0x1C, _encoded(text, "utf-32-be"))


def bmp(text: str | bytes) -> bytes:
    """Return a BMPString: two bytes a character."""
    return element(0x1E, _encoded(text, "utf-16-be"))


def _encoded(text: str | bytes, encoding: str) -> bytes:
    return text.encode(encoding) if isinstance(text, str) else text
