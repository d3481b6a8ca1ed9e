"""The strict parser: which requests it accepts, and how it refuses the others."""

import base64
import warnings
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from core import pkcs10
from core.errors import MalformedRequest
from core.model import (
    MAX_REQUEST_BYTES,
    DnsName,
    IpName,
    OtherName,
    Pkcs10,
    StringType,
    SubjectAttribute,
)
from sandbox.csr_builder import CsrBuilder, Names, der, keys
from sandbox.csr_builder import request as csr_builder
from sandbox.kubelet import kubelet_request
from tests.builders import ADDRESS, NODE, a_request, a_subject

KEY = keys.ecdsa("a kubelet's key")
GOOD = CsrBuilder.of_node(KEY, NODE, Names(NODE, (NODE,), (ADDRESS,)))
BEGIN, END = b"-----BEGIN CERTIFICATE REQUEST-----", b"-----END CERTIFICATE REQUEST-----"
ONE_BLOCK = "not exactly one CERTIFICATE REQUEST block, first byte to last"


def refusal(request: bytes) -> str:
    """Return why the parser refuses this."""
    with pytest.raises(MalformedRequest) as caught:
        pkcs10.read(request)
    return str(caught.value)


def test_a_kubelets_request_is_read_completely() -> None:
    """The parser returns everything that the checks compare."""
    private = ec.generate_private_key(ec.SECP256R1())
    pem, _ = kubelet_request(NODE, dns=[NODE], ips=[ADDRESS, "2001:db8::a"], key=private)

    got = pkcs10.read(pem)

    assert (
        SubjectAttribute("2.5.4.10", "system:nodes", StringType.PRINTABLE, 0),
        SubjectAttribute("2.5.4.3", f"system:node:{NODE}", StringType.PRINTABLE, 1),
    ) == got.subject
    assert (NODE,) == got.dns
    assert (IPv4Address(ADDRESS), IPv6Address("2001:db8::a")) == got.addresses
    assert ("2.5.29.17",) == got.extensions
    assert ("1.2.840.10045.4.3.2", "sha256", True) == (
        got.signature_algorithm,
        got.signature_hash,
        got.signature_valid,
    )


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(GOOD.pem(), id="LF"),
        pytest.param(GOOD.pem().removesuffix(b"\n"), id="no-final-line-end"),
        pytest.param(GOOD.pem().replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(GOOD.pem().replace(b"\n", b"\r\n").removesuffix(b"\r\n"), id="CRLF-no-final"),
        pytest.param(
            BEGIN + b"\n" + base64.b64encode(GOOD.der()) + b"\n" + END + b"\n", id="one-long-line"
        ),
        pytest.param(
            csr_builder.framed(csr_builder.base64_lines(GOOD.der(), width=4)),
            id="four-characters-a-line",
        ),
    ],
)
def test_line_ends_and_line_lengths_make_no_difference(pem: bytes) -> None:
    """Go and this parser read the same request from each of these PEM forms."""
    assert pkcs10.read(GOOD.pem()) == pkcs10.read(pem)


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(GOOD.pem() + b"\n", id="two-final-line-ends"),
        pytest.param(b"\n" + GOOD.pem(), id="a-line-end-before"),
        pytest.param(b" " + GOOD.pem(), id="a-blank-before"),
        pytest.param(b"\xef\xbb\xbf" + GOOD.pem(), id="a-byte-order-mark"),
        pytest.param(GOOD.pem() + b"\0", id="a-NUL-after"),
        pytest.param(GOOD.pem() * 2, id="two-blocks"),
        pytest.param(GOOD.pem().replace(b"\n", b"\r"), id="CR-alone"),
        pytest.param(
            csr_builder.framed(csr_builder.base64_lines(GOOD.der(), b"\r\r\n")), id="two-CRs"
        ),
        pytest.param(GOOD.pem().removesuffix(b"\n") + b"\r\r\n", id="two-CRs-at-the-end"),
        pytest.param(GOOD.pem().replace(BEGIN, BEGIN + b"\r\r"), id="two-CRs-at-the-beginning"),
        pytest.param(GOOD.pem().replace(END, b"\n" + END), id="a-blank-line-inside"),
        pytest.param(GOOD.pem().replace(b"\n" + END, END), id="END-on-the-last-base64-line"),
        pytest.param(GOOD.pem().replace(BEGIN, BEGIN + b"\nX-A: 1\n"), id="a-header"),
        pytest.param(GOOD.pem().replace(b"CERTIFICATE", b"NEW CERTIFICATE"), id="another-label"),
        pytest.param(BEGIN + b"\n" + END + b"\n", id="no-base64"),
        pytest.param(GOOD.der(), id="DER"),
    ],
)
def test_anything_but_one_plain_block_is_refused(pem: bytes) -> None:
    """Parsers differ on bytes before, after or within the block."""
    assert ONE_BLOCK == refusal(pem)


@pytest.mark.parametrize(
    "text",
    [
        b"AAAAA",
        b"AAAAAA",
        b"AAA",
        b"AA=",
        b"A===",
        b"AA=A",
        b"=AAA",
        b"AAAA=",
        b"AAAA==",
        b"AAAA====",
        b"AA==AAAA",
    ],
)
def test_base64_that_is_wrongly_padded_is_refused(text: bytes) -> None:
    """Parsers skip or accept different bytes of invalid base64."""
    assert refusal(csr_builder.framed(text + b"\n")).startswith("the PEM block is not base64: ")


def test_a_request_of_exactly_the_largest_size_is_read() -> None:
    """65,536 bytes are within the limit."""
    pem = padded_to(MAX_REQUEST_BYTES)

    assert len(pem) == 65_536
    assert isinstance(pkcs10.read(pem), Pkcs10)


def test_a_byte_over_the_largest_size_is_refused_unread() -> None:
    """65,537 bytes are not read, whatever they contain."""
    assert refusal(b"x" * 65_537) == "got 65537 bytes, expected at most 65536"


def padded_to(size: int) -> bytes:
    """Return a good request of this size; its base64 is split into lines to reach it."""
    names = (NODE, *("a" * 60 for _ in range(700)))
    whole = CsrBuilder.of_node(KEY, NODE, Names(NODE, names))
    text = base64.b64encode(whole.der())
    breaks = size - len(BEGIN) - len(END) - 1 - len(text)
    lines = [text[at : at + 1] for at in range(breaks - 1)] + [text[breaks - 1 :]]
    return BEGIN + b"\n" + b"".join(line + b"\n" for line in lines) + END


@pytest.mark.parametrize(
    ("attributes", "got"),
    [
        pytest.param((), "none", id="none"),
        pytest.param(
            (
                csr_builder.microsoft_extension_request(
                    csr_builder.san_extension(csr_builder.dns(NODE))
                ),
            ),
            "1.3.6.1.4.1.311.2.1.14",
            id="only-Microsofts",
        ),
        pytest.param(
            (csr_builder.extension_request(csr_builder.san_extension(csr_builder.dns(NODE))),) * 2,
            "1.2.840.113549.1.9.14, 1.2.840.113549.1.9.14",
            id="two",
        ),
        pytest.param(
            (
                csr_builder.attribute("1.2.840.113549.1.9.7", der.utf8("x")),
                csr_builder.extension_request(csr_builder.san_extension(csr_builder.dns(NODE))),
            ),
            "1.2.840.113549.1.9.7, 1.2.840.113549.1.9.14",
            id="a-challenge-password-besides",
        ),
    ],
)
def test_there_is_one_attribute_the_extension_request(
    attributes: tuple[bytes, ...], got: str
) -> None:
    """Go and OpenSSL pick different ones of several attributes."""
    assert f"got attributes {got}, expected extensionRequest (1.2.840.113549.1.9.14)" == refusal(
        GOOD.attributes(*attributes).pem()
    )


SAN = csr_builder.san_extension(csr_builder.dns(NODE))


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(csr_builder.pem(b"\x30\x00"), id="an-empty-sequence"),
        pytest.param(csr_builder.pem(GOOD.der() + b"\0"), id="bytes-after-the-request"),
        pytest.param(csr_builder.pem(GOOD.der()[:-1]), id="a-truncated-request"),
        pytest.param(GOOD.version(1).pem(), id="version-1"),
        pytest.param(GOOD.extensions(SAN, SAN).pem(), id="an-extension-twice"),
        pytest.param(GOOD.sans(der.element(0xA3, b"")).pem(), id="an-X400-address"),
        pytest.param(
            GOOD.subject(csr_builder.rdn("2.5.4.3", der.bits(b"x"))).pem(), id="a-CN-of-bits"
        ),
        pytest.param(GOOD.sans(csr_builder.ip(b"\x0a\0\1")).pem(), id="an-address-of-three-bytes"),
        pytest.param(
            CsrBuilder.of_node(
                keys.with_spki(KEY, keys.ec_spki(b"\x04" + bytes(64))), NODE, Names(NODE, (NODE,))
            ).pem(),
            id="a-point-off-the-curve",
        ),
    ],
)
def test_a_request_that_cryptography_cant_read_is_malformed(pem: bytes) -> None:
    """Every failure of the library becomes the same kind of error."""
    assert refusal(pem).startswith("not a readable PKCS#10 request: ")


def test_every_kind_of_name_is_kept_separate() -> None:
    """Names that are neither DNS names nor single addresses keep their kind, as text."""
    sans = (
        csr_builder.dns(f"{NODE}."),
        csr_builder.ip(ADDRESS),
        csr_builder.ip(bytes([10, 0, 1, 0, 255, 255, 255, 0])),
        csr_builder.ip(bytes(16) + b"\xff" * 16),
        der.context(1, b"a@b.example"),
        der.context(6, b"https://b.example"),
        der.context(8, b"\x2a\x03\x04"),
        der.explicit(4, der.sequence(csr_builder.rdn("2.5.4.3", der.utf8("a,b")))),
        der.explicit(0, der.oid("1.2.3.4"), der.explicit(0, der.utf8("x"))),
    )

    assert (
        DnsName(f"{NODE}."),
        IpName(IPv4Address(ADDRESS)),
        OtherName("IP network", "10.0.1.0/24"),
        OtherName("IP network", "::/128"),
        OtherName("RFC822Name", "a@b.example"),
        OtherName("UniformResourceIdentifier", "https://b.example"),
        OtherName("RegisteredID", "1.2.3.4"),
        OtherName("DirectoryName", r"CN=a\,b"),
        OtherName("OtherName", "1.2.3.4 0c0178"),
    ) == pkcs10.read(GOOD.sans(*sans).pem()).sans


@pytest.mark.parametrize(
    ("extensions", "oids"),
    [
        pytest.param((), (), id="no-extension"),
        pytest.param((csr_builder.san_extension(),), ("2.5.29.17",), id="an-empty-one"),
    ],
)
def test_a_request_without_names_is_readable(
    extensions: tuple[bytes, ...], oids: tuple[str, ...]
) -> None:
    """A check requires names, not the parser."""
    got = pkcs10.read(GOOD.extensions(*extensions).pem())

    assert ((), oids) == (got.sans, got.extensions)


def test_strings_of_other_types_are_marked() -> None:
    """Python reads a BMPString as text, Go reads it as something else."""
    subject = (
        csr_builder.rdn("2.5.4.10", der.printable("system:nodes")),
        csr_builder.rdn("2.5.4.3", der.bmp("system:node:b")),
        csr_builder.rdn("2.5.4.45", der.bits(b"\x0a")),
    )

    assert (
        SubjectAttribute("2.5.4.10", "system:nodes", StringType.PRINTABLE, 0),
        SubjectAttribute("2.5.4.3", "system:node:b", StringType.OTHER, 1),
        SubjectAttribute("2.5.4.45", "000a", StringType.OTHER, 2),
    ) == pkcs10.read(GOOD.subject(*subject).pem()).subject


def test_the_common_names_of_a_request_are_its_subjects_cns() -> None:
    """No other attribute is one, and a subject may have several."""
    subject = a_subject(
        ("2.5.4.10", "o"),
        ("2.5.4.3", "a"),
        ("2.5.4.5", "serial"),
        ("2.5.4.3", "b"),
        ("2.5.4.6", "c"),
    )

    assert ("a", "b") == a_request(subject=subject).common_names


def test_attributes_of_one_rdn_share_its_position() -> None:
    """A check can see whether O and CN are in one RDN or in one each."""
    values = [
        csr_builder.attribute_value("2.5.4.10", der.utf8("o")),
        csr_builder.attribute_value("2.5.4.3", der.utf8("cn")),
    ]

    got = pkcs10.read(GOOD.subject(der.set_of(*values)).pem()).subject

    assert [0, 0] == [attribute.rdn for attribute in got]


def test_a_long_common_name_causes_no_warning() -> None:
    """A node's name may make the CN longer than 64 characters."""
    pem = GOOD.subject(*csr_builder.kubelet_rdns("n" * 80)).pem()

    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        got = pkcs10.read(pem)

    assert [] == heard
    assert f"system:node:{'n' * 80}" == got.subject[1].value


# --- what the second signer also accepts --------------------------------------------------------


def test_a_request_without_attributes_is_read_where_that_is_allowed() -> None:
    """OpenSSL makes such a request unless it is given names; it contains a subject only."""
    pem = GOOD.attributes().pem()

    got = pkcs10.read(pem, bare=True)

    assert got == replace(pkcs10.read(GOOD.pem()), sans=(), extensions=())
    assert "got attributes none" in refusal(pem)


def test_other_attributes_are_refused_there_too() -> None:
    """A request has no attribute, or the one that Go reads."""
    challenge = csr_builder.attribute("1.2.840.113549.1.9.7", der.utf8("secret"))

    with pytest.raises(MalformedRequest, match="got attributes"):
        pkcs10.read(GOOD.attributes(challenge).pem(), bare=True)


def asking(*extensions: bytes) -> Pkcs10:
    return pkcs10.read(
        GOOD.extensions(csr_builder.san_extension(csr_builder.dns(NODE)), *extensions).pem()
    )


@pytest.mark.parametrize(
    ("kind", "value", "usages"),
    [
        ("2.5.29.15", der.bits(b"\xa0", 5), {"digital signature", "key encipherment"}),
        ("2.5.29.15", der.bits(b"\x80", 7), {"digital signature"}),
        ("2.5.29.15", der.bits(b"\x40", 6), {"content commitment"}),
        ("2.5.29.15", der.bits(b"\x20", 5), {"key encipherment"}),
        ("2.5.29.15", der.bits(b"\x10", 4), {"data encipherment"}),
        ("2.5.29.15", der.bits(b"\x08", 3), {"key agreement"}),
        ("2.5.29.15", der.bits(b"\x04", 2), {"cert sign"}),
        ("2.5.29.15", der.bits(b"\x02", 1), {"crl sign"}),
        ("2.5.29.15", der.bits(b"\x09", 0), {"key agreement", "encipher only"}),
        ("2.5.29.15", der.bits(b"\x08\x80", 7), {"key agreement", "decipher only"}),
        ("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.1")), {"server auth"}),
        ("2.5.29.37", der.sequence(der.oid("1.3.6.1.5.5.7.3.2")), {"client auth"}),
        ("2.5.29.37", der.sequence(der.oid("2.5.29.37.0")), {"any"}),
        ("2.5.29.37", der.sequence(der.oid("1.2.3.4")), {"1.2.3.4"}),
    ],
)
def test_the_usages_asked_for_are_read(kind: str, value: bytes, usages: set[str]) -> None:
    """The usages have Kubernetes's names."""
    got = asking(csr_builder.extension(kind, value))

    assert (frozenset(usages), False) == (got.usages, got.asks_ca)


@pytest.mark.parametrize(
    ("value", "asks_ca"),
    [(der.sequence(), False), (der.sequence(der.element(0x01, b"\xff")), True)],
)
def test_whether_a_ca_is_asked_for_is_read(value: bytes, asks_ca: bool) -> None:  # noqa: FBT001
    """Whether a CA is requested is read from basicConstraints."""
    assert asks_ca is asking(csr_builder.extension("2.5.29.19", value)).asks_ca
