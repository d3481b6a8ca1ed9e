"""Attacks by the names asked for: other machines', the cluster's, and names that aren't.

From: Kubernetes "TLS bootstrapping" (DNS and IP only, at least one); RFC 5280 section 4.2.1.6;
Go crypto/x509, parseSANExtension (other kinds of names are skipped).
"""

from collections.abc import Callable

from sandbox.csr_builder import der
from sandbox.csr_builder.entry import CatalogueEntry, genuine
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import Names, dns, ip, rdn, san_extension

_TLS = "Kubernetes, TLS bootstrapping; RFC 5280 section 4.2.1.6"


def _names(
    name: str,
    title: str,
    description: str,
    refused_by: str,
    names: Callable[[Names, Names], tuple[bytes, ...]],
) -> CatalogueEntry:
    def make(key: Key, good: Names, evil: Names) -> bytes:
        return genuine(key, good).sans(*names(good, evil)).pem()

    return CatalogueEntry(f"san/{name}", title, description, make, refused_by, source=_TLS)


def _added(
    name: str, title: str, description: str, refused_by: str, *names: bytes
) -> CatalogueEntry:
    """Request these names after the node's own."""
    return _names(name, title, description, refused_by, lambda good, _: (*good.sans, *names))


def _bent(
    name: str,
    title: str,
    description: str,
    bend: Callable[[str, str], str | bytes],
    by: str = "san-kinds",
) -> CatalogueEntry:
    """Request the node's own IPs, and a DNS name made from its own and the evil one."""

    def names(good: Names, evil: Names) -> tuple[bytes, ...]:
        return (dns(bend(good.dns[0], evil.dns[0])), *map(ip, good.ips))

    return _names(name, title, description, by, names)


_WELL_FORMED = "request-well-formed"

NAMES = (
    # Another machine's names.
    _names(
        "other-node",
        "Another node's names",
        "Asks for all names of another node.",
        "dns-names",
        lambda _, evil: evil.sans,
    ),
    _bent(
        "other-dns",
        "Another node's DNS name",
        "Asks for another node's DNS name, with the node's own addresses.",
        lambda _, other: other,
        "dns-names",
    ),
    _names(
        "other-ip",
        "Another node's address",
        "Asks for another node's address, with the node's own DNS names.",
        "ip-addresses",
        lambda good, evil: (*map(dns, good.dns), *map(ip, evil.ips)),
    ),
    _names(
        "own-200-times-then-other",
        "Evil name behind 200 own ones",
        "Hides another node's name behind many own ones, for readers that stop or log early.",
        "dns-names",
        lambda good, evil: (*map(dns, good.dns * 200), *evil.sans),
    ),
    _names(
        "compatible-ipv6",
        "IPv4-compatible IPv6 address",
        "Writes another node's address as ::a.b.c.d.",
        "ip-addresses",
        lambda good, evil: (*map(dns, good.dns), ip(f"::{evil.ips[0]}")),
    ),
    _bent(
        "punycode",
        "Punycode label",
        "Asks for a name with a label that browsers show as another.",
        lambda own, _: "xn--p-10-0-1-10-8cj." + own.partition(".")[2],
        "dns-names",
    ),
    # Names that are not allowed for anyone.
    _added(
        "api-server",
        "The API server's name",
        "Asks for the name under which pods find the API server.",
        "reserved-names",
        dns("kubernetes.default.svc"),
    ),
    _added(
        "service",
        "A Service's name",
        "Asks for the name of a Service of the cluster.",
        "reserved-names",
        dns("payments.prod.svc.cluster.local"),
    ),
    _added(
        "localhost",
        "localhost and 127.0.0.1",
        "Asks for names that every machine answers to.",
        "reserved-names",
        dns("localhost"),
        ip("127.0.0.1"),
    ),
    _added(
        "unspecified",
        "The unspecified address",
        "Asks for the unspecified address.",
        "reserved-names",
        ip(bytes(4)),
    ),
    _added(
        "metadata-service",
        "The instance metadata address",
        "Asks for the link-local address at which instances get credentials.",
        "reserved-names",
        ip("169.254.169.254"),
    ),
    _added(
        "aws-service",
        "An AWS service's name",
        "Asks for the name of an AWS API.",
        "reserved-names",
        dns("sts.amazonaws.com"),
    ),
    # Names that are none.
    _bent(
        "wildcard",
        "Wildcard",
        "Asks for all names of the node's own domain.",
        lambda own, _: "*." + own.partition(".")[2],
    ),
    _bent("wildcard-alone", "Wildcard *", "Asks for all names.", lambda _, __: "*"),
    _bent(
        "wildcard-inside",
        "Wildcard in a label",
        "Asks for all names like the node's own.",
        lambda own, _: own.replace(".", "*.", 1),
    ),
    _bent("leading-dot", "Leading dot", "Asks for a domain.", lambda own, _: "." + own),
    _bent(
        "two-trailing-dots", "Two trailing dots", "Ends the name twice.", lambda own, _: own + ".."
    ),
    _bent("empty-dns", "Empty DNS name", "Asks for the empty name.", lambda _, __: ""),
    _bent(
        "ip-as-dns",
        "Address as a DNS name",
        "Writes another node's address as a DNS name.",
        lambda _, __: "10.0.1.20",
    ),
    _bent(
        "ip-as-dns-hexadecimal",
        "Hexadecimal address as a DNS name",
        "Writes another node's address as a DNS name that some clients take for an address.",
        lambda _, __: "0x0a.0x00.0x01.0x14",
    ),
    _bent(
        "nul-after-own",
        "NUL after the node's own name",
        "Ends the node's own name by a NUL and continues it, for readers that stop there.",
        lambda own, other: f"{own}\0.{other}",
    ),
    _bent(
        "nul-after-other",
        "NUL after another's name",
        "Ends another node's name by a NUL and continues with the node's own.",
        lambda own, other: f"{other}\0.{own}",
    ),
    _bent(
        "newline",
        "Newline between two names",
        "Writes two names with a newline between, for readers that print and split.",
        lambda own, other: f"{own}\n{other}",
    ),
    _bent(
        "comma",
        "Two names in the words of openssl",
        "Writes two names with `, DNS:` between, for readers that parse what openssl prints.",
        lambda own, other: f"{own}, DNS:{other}",
    ),
    _bent("blank", "Blank after the name", "Adds a blank.", lambda own, _: own + " "),
    _bent("underscore", "Underscores", "Has underscores.", lambda own, _: own.replace("-", "_")),
    _bent(
        "label-too-long",
        "Label of 64 characters",
        "Has a label longer than DNS allows.",
        lambda own, _: f"{'a' * 64}.{own}",
    ),
    _bent(
        "300-characters",
        "Name of 300 characters",
        "Is longer than DNS allows.",
        lambda own, _: "a" * (300 - len(own)) + own,
    ),
    _bent(
        "cyrillic",
        "Cyrillic letter in UTF-8",
        "Has a letter that only looks like the one in the node's name; Go refuses it.",
        lambda own, _: own.replace("i", "\u0456", 1),
    ),
    _bent(
        "full-width-digit",
        "Full-width digit in UTF-8",
        "Has a digit that some normalise to the one in the node's name; Go refuses it.",
        lambda own, _: own.replace("1", "\uff11", 1),
    ),
    _bent(
        "latin-1",
        "Latin-1 byte",
        "Has a byte that is neither ASCII nor UTF-8.",
        lambda own, _: own.encode() + b"\xe9",
        _WELL_FORMED,
    ),
    # Addresses that are none.
    _names(
        "mapped-own",
        "IPv4-mapped own address",
        "Writes the node's own address as ::ffff:a.b.c.d, which some readers print as IPv4; newer"
        " Go refuses it.",
        "san-kinds",
        lambda good, _: (*map(dns, good.dns), ip(f"::ffff:{good.ips[0]}")),
    ),
    _names(
        "mapped-other",
        "IPv4-mapped address of another node",
        "Writes another node's address as ::ffff:a.b.c.d.",
        "san-kinds",
        lambda good, evil: (*map(dns, good.dns), ip(f"::ffff:{evil.ips[0]}")),
    ),
    _added("network-all-ipv4", "The network 0.0.0.0/0", "Asks for all.", "san-kinds", ip(bytes(8))),
    _added("network-all-ipv6", "The network ::/0", "Asks for all.", "san-kinds", ip(bytes(32))),
    _added(
        "network-one",
        "A network of one address",
        "Writes an address with its mask.",
        "san-kinds",
        ip(b"\x0a\0\x01\x14\xff\xff\xff\xff"),
    ),
    _added("ip-5-bytes", "Address of 5 bytes", "Is no address.", _WELL_FORMED, ip(bytes(5))),
    _added("ip-empty", "Address of 0 bytes", "Is no address.", _WELL_FORMED, ip(b"")),
    # Other kinds of names.
    _added(
        "other-name",
        "otherName",
        "Adds a user principal name, which Go skips.",
        "san-kinds",
        der.explicit(
            0, der.oid("1.3.6.1.4.1.311.20.2.3"), der.explicit(0, der.utf8("root@example.com"))
        ),
    ),
    _added("email", "Email address", "Adds one.", "san-kinds", der.context(1, b"a@example.com")),
    _added(
        "x400",
        "X.400 address",
        "Adds a kind of name that no parser reads.",
        _WELL_FORMED,
        der.explicit(3, der.sequence()),
    ),
    _added(
        "directory-name",
        "directoryName",
        "Adds the name of an administrator, which Go skips.",
        "san-kinds",
        der.explicit(4, der.sequence(rdn("2.5.4.3", der.utf8("kubernetes-admin")))),
    ),
    _added(
        "edi-party",
        "ediPartyName",
        "Adds a kind of name that no parser reads.",
        _WELL_FORMED,
        der.explicit(5, der.explicit(1, der.utf8("x"))),
    ),
    _added(
        "uri", "URI", "Adds a workload's identity.", "san-kinds", der.context(6, b"spiffe://x/y")
    ),
    _added(
        "uri-malformed",
        "URI that is none",
        "Adds a URI that Go can't parse.",
        "san-kinds",
        der.context(6, b"http://[::1"),
    ),
    _added(
        "registered-id",
        "registeredID",
        "Adds an OID as a name, which Go skips.",
        "san-kinds",
        der.context(8, b"\x2a\x03\x04"),
    ),
    _added(
        "unknown-kind",
        "Unknown kind of name",
        "Adds a name of tag [9], which Go skips.",
        _WELL_FORMED,
        der.context(9, b"x"),
    ),
    _added(
        "constructed-dns",
        "DNS name under a constructed tag",
        "Adds a name tagged as constructed, which Go skips.",
        _WELL_FORMED,
        der.explicit(2, b"kubernetes.default.svc"),
    ),
    # Round the names.
    _names("none", "No names", "Asks for an empty SAN.", "san-kinds", lambda _, __: ()),
    CatalogueEntry(
        "san/bytes-after",
        "Names after the SAN's end",
        "Adds another node's names after the SAN sequence, which Go doesn't read.",
        lambda key, good, evil: (
            genuine(key, good)
            .extensions(
                der.sequence(
                    der.oid("2.5.29.17"),
                    der.octets(der.sequence(*good.sans) + der.sequence(*evil.sans)),
                )
            )
            .pem()
        ),
        _WELL_FORMED,
        source=_TLS,
    ),
    CatalogueEntry(
        "san/critical-false",
        "SAN with critical FALSE spelled out",
        "Encodes a default value, which DER forbids and Go accepts.",
        lambda key, good, _: (
            genuine(key, good).extensions(san_extension(*good.sans, critical=der.boolean(0))).pem()
        ),
        _WELL_FORMED,
        source=_TLS,
    ),
    CatalogueEntry(
        "san/critical-one",
        "SAN with critical 0x01",
        "Encodes TRUE as 1, which DER forbids.",
        lambda key, good, _: (
            genuine(key, good).extensions(san_extension(*good.sans, critical=der.boolean(1))).pem()
        ),
        _WELL_FORMED,
        source=_TLS,
    ),
)
