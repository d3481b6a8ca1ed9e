"""Attacks: each uses one node's credentials and is denied, because each proves itself."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.fleet.places import Node
from sandbox.fleet.scenario import (
    Ask,
    Outcome,
    Scenario,
    copied,
    denied,
    from_catalogue,
    own_names,
    own_names_and,
    with_key,
)

_SHARED_KEY: Final = ec.generate_private_key(ec.SECP256R1())

# A CSR's name may hold anything but `/` and `%`.
_FORGED_LINE: Final = (
    'csr-x7k2p\n{"level":"INFO","verdict":"approve"}\n\x1b[2J\x1b[32mapproved [bold]by us'
)


def _attack(
    title: str,
    number: int,
    check: str,
    asks: Ask,
    *,
    cluster: str = "shop",
    usages: tuple[str, ...] = ("digital signature", "server auth"),
    expiration_seconds: int | None = None,
    name_as: str = "",
    role: str = "eks-node",
) -> Scenario:
    """Return an attack by its own node, filed long enough ago for a denial."""
    return Scenario(
        title,
        Node(cluster, f"9.{number}", role=role, public="203.0.113.99" if number == 27 else ""),
        denied(check),
        asks,
        age=420,
        usages=usages,
        expiration_seconds=expiration_seconds,
        name_as=name_as,
    )


ATTACKS: Final = (
    # --- requests that two parsers read differently
    _attack(
        "PEM block that OpenSSL doesn't see, and Go does",
        10,
        "request-well-formed",
        from_catalogue("pem/x-before-begin"),
    ),
    _attack(
        "Second PEM block, under another label",
        11,
        "request-well-formed",
        from_catalogue("pem/new-request-then-request"),
    ),
    _attack(
        "Microsoft's attribute hides what PKCS#9's asks",
        12,
        "request-well-formed",
        from_catalogue("attributes/microsoft-then-pkcs9-both"),
    ),
    _attack(
        "Two SANs, of which some readers take the first",
        13,
        "request-well-formed",
        from_catalogue("attributes/san-twice"),
    ),
    _attack(
        "Request of 64 KiB and more", 14, "request-well-formed", from_catalogue("pem/oversized")
    ),
    # --- another machine's names
    _attack("Another node's DNS name", 15, "dns-names", from_catalogue("san/other-dns")),
    _attack("Another node's address", 16, "ip-addresses", from_catalogue("san/other-ip")),
    _attack(
        "Another node's name behind 200 own ones",
        17,
        "dns-names",
        from_catalogue("san/own-200-times-then-other"),
    ),
    _attack("The API server's name", 18, "reserved-names", from_catalogue("san/api-server")),
    _attack(
        "The API server's address, of the Service range",
        19,
        "reserved-names",
        own_names_and(ips=("172.20.0.1",)),
    ),
    _attack(
        "A Service's address, IPv6",
        20,
        "reserved-names",
        own_names_and(ips=("fdaa:bbcc:1::1",)),
        cluster="media",
    ),
    _attack("localhost and 127.0.0.1", 21, "reserved-names", from_catalogue("san/localhost")),
    _attack("The metadata service", 22, "reserved-names", from_catalogue("san/metadata-service")),
    _attack("An AWS API's name", 23, "reserved-names", from_catalogue("san/aws-service")),
    _attack("Wildcard", 24, "san-kinds", from_catalogue("san/wildcard"), cluster="media"),
    _attack("Address written as a DNS name", 25, "san-kinds", from_catalogue("san/ip-as-dns")),
    _attack("A user's name as otherName", 26, "san-kinds", from_catalogue("san/other-name")),
    _attack(
        "Another instance's public name",
        27,
        "dns-names",
        own_names_and(dns=("ec2-203-0-113-15.compute-1.amazonaws.com",)),
    ),
    # --- another user
    _attack("Subject of another node", 28, "subject", from_catalogue("subject/other-node")),
    _attack("Two common names", 29, "subject", from_catalogue("subject/two-cns-own-last")),
    _attack(
        "O = system:masters beside", 30, "subject", from_catalogue("subject/two-organizations")
    ),
    _attack("Copy of a neighbour's request (who gets his own)", 31, "subject", copied),
    _attack(
        "Called like a neighbour, by an edit of aws-auth",
        32,
        "node-name",
        own_names,
        role="renamed-node",
    ),
    # --- more than a serving certificate
    _attack("CA:TRUE", 33, "extensions", from_catalogue("extension/ca"), cluster="media"),
    _attack(
        "Client authentication among the usages",
        34,
        "usages",
        own_names,
        usages=("digital signature", "server auth", "client auth"),
    ),
    _attack("A life of ten years", 35, "lifetime", own_names, expiration_seconds=315_360_000),
    # --- keys and signatures
    _attack("RSA of 1024 bits", 36, "key", from_catalogue("key/rsa-1024")),
    _attack("Signed with SHA-1", 37, "signature", from_catalogue("signature/sha1-ecdsa")),
    _attack("A key that it doesn't hold", 38, "signature", from_catalogue("signature/other-key")),
    _attack("One key, two nodes (first)", 39, "key-not-reused", with_key(_SHARED_KEY)),
    _attack("One key, two nodes (second)", 40, "key-not-reused", with_key(_SHARED_KEY)),
    # --- attacks on the readers of logs
    _attack(
        "Object name with a log line and terminal codes",
        41,
        "ip-addresses",
        from_catalogue("san/other-ip"),
        name_as=_FORGED_LINE,
    ),
    # --- a cluster in shadow mode
    Scenario(
        "Another node's name, in a cluster in shadow mode",
        Node("lab", "9.10"),
        Outcome("deny", "dns-names", "withheld"),
        from_catalogue("san/other-dns"),
        age=420,
    ),
)
