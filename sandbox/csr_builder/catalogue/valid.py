"""Valid requests, some of them unusual: no check of the request itself refuses them."""

from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.csr_builder import der, keys
from sandbox.csr_builder.entry import CatalogueEntry, Make, genuine
from sandbox.csr_builder.keys import Key
from sandbox.csr_builder.request import (
    COMMON_NAME,
    ORGANIZATION,
    Names,
    base64_lines,
    dns,
    framed,
    ip,
    kubelet_rdns,
    pem,
    rdn,
    san_extension,
)


def _valid(name: str, title: str, make: Make) -> CatalogueEntry:
    return CatalogueEntry(
        f"valid/{name}", title, f"A valid request for the node's own names, {title}.", make
    )


def _with(key: Key) -> Make:
    return lambda _, good, __: genuine(key, good).pem()


def _many_names(key: Key, good: Names, _: Names) -> bytes:
    return genuine(key, good).sans(*good.sans * 2).pem()


VALID = (
    _valid("kubelet", "as a kubelet asks", lambda key, good, _: genuine(key, good).pem()),
    _valid(
        "crlf",
        "with CRLF line ends",
        lambda key, good, _: pem(genuine(key, good).der(), newline=b"\r\n"),
    ),
    _valid(
        "no-final-newline",
        "without the final line end",
        lambda key, good, _: genuine(key, good).pem()[:-1],
    ),
    _valid(
        "one-line",
        "in one long base64 line",
        lambda key, good, _: framed(base64_lines(genuine(key, good).der(), width=10_000)),
    ),
    _valid(
        "76-characters",
        "in lines of 76 characters",
        lambda key, good, _: framed(base64_lines(genuine(key, good).der(), width=76)),
    ),
    _valid(
        "dns-only",
        "for its DNS names only",
        lambda key, good, _: genuine(key, good).sans(*map(dns, good.dns)).pem(),
    ),
    _valid(
        "ip-only",
        "for its addresses only",
        lambda key, good, _: genuine(key, good).sans(*map(ip, good.ips)).pem(),
    ),
    _valid(
        "ip-first",
        "with the addresses first",
        lambda key, good, _: genuine(key, good).sans(*map(ip, good.ips), *map(dns, good.dns)).pem(),
    ),
    _valid("names-twice", "for its names twice", _many_names),
    _valid(
        "upper-case-dns",
        "with the DNS names in upper case",
        lambda key, good, _: (
            genuine(key, good)
            .sans(*(dns(name.upper()) for name in good.dns), *map(ip, good.ips))
            .pem()
        ),
    ),
    _valid(
        "trailing-dot",
        "with a dot at the DNS names' end",
        lambda key, good, _: (
            genuine(key, good)
            .sans(*(dns(f"{name}.") for name in good.dns), *map(ip, good.ips))
            .pem()
        ),
    ),
    _valid(
        "critical-san",
        "with a critical SAN",
        lambda key, good, _: (
            genuine(key, good)
            .extensions(san_extension(*good.sans, critical=der.boolean(0xFF)))
            .pem()
        ),
    ),
    _valid(
        "utf8-subject",
        "with a subject of UTF8Strings",
        lambda key, good, _: (
            genuine(key, good)
            .subject(
                rdn(ORGANIZATION, der.utf8("system:nodes")),
                rdn(COMMON_NAME, der.utf8(f"system:node:{good.node}")),
            )
            .pem()
        ),
    ),
    _valid(
        "cn-first",
        "with CN before O",
        lambda key, good, _: genuine(key, good).subject(*reversed(kubelet_rdns(good.node))).pem(),
    ),
    _valid("p384", "with a P-384 key", _with(keys.ecdsa("p384", ec.SECP384R1(), "sha384"))),
    _valid("p521", "with a P-521 key", _with(keys.ecdsa("p521", ec.SECP521R1(), "sha512"))),
    _valid("rsa-2048", "with RSA of 2048 bits", _with(keys.rsa_key("rsa-2048"))),
    _valid("rsa-4096", "with RSA of 4096 bits", _with(keys.rsa_key("rsa-4096", digest="sha512"))),
    _valid("ed25519", "with an Ed25519 key", _with(keys.ed25519_key("ed25519"))),
)
