"""A PKCS#10 request as read by the strict reader (`core.pkcs10`)."""

from dataclasses import dataclass
from enum import Enum

from core.model.aws import IpAddress

#: From: X.520 as profiled by RFC 5280 appendix A.1.
COMMON_NAME = "2.5.4.3"


class StringType(Enum):
    """ASN.1 string types of a subject's attribute. Go and OpenSSL read all others differently."""

    PRINTABLE = "PrintableString"
    UTF8 = "UTF8String"
    OTHER = "another string type"


@dataclass(frozen=True, slots=True)
class SubjectAttribute:
    """One attribute of the subject: dotted OID, value, string type, and which RDN it stood in."""

    oid: str
    value: str
    string_type: StringType
    rdn: int


@dataclass(frozen=True, slots=True)
class DnsName:
    """A dNSName as it stands in the request: any characters, any length."""

    value: str


@dataclass(frozen=True, slots=True)
class IpName:
    """An iPAddress of 4 or 16 bytes."""

    address: IpAddress


@dataclass(frozen=True, slots=True)
class OtherName:
    """A subject alternative name that is neither; `kind` is its GeneralName's name."""

    kind: str
    value: str


San = DnsName | IpName | OtherName


class KeyRule(Enum):
    """What the policy says of a public key's kind."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    #: Can't be verified here (ML-DSA, unknown algorithms): no proof either way.
    UNVERIFIABLE = "unverifiable"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key. `spki`: its SubjectPublicKeyInfo re-encoded, so that equal keys are equal."""

    kind: str
    rule: KeyRule
    spki: bytes


@dataclass(frozen=True, slots=True)
class Pkcs10:
    """A request that every reader reads alike.

    `signature_hash` is empty for Ed25519; `signature_valid` is None where the key can't be
    verified. `sans` is empty both without the extension and with an empty one. `usages` are those
    that keyUsage and extendedKeyUsage ask for, in Kubernetes's words, or as OIDs.
    """

    subject: tuple[SubjectAttribute, ...]
    sans: tuple[San, ...]
    extensions: tuple[str, ...]
    key: PublicKey
    signature_algorithm: str
    signature_hash: str
    signature_valid: bool | None
    usages: frozenset[str] = frozenset()
    asks_ca: bool = False

    @property
    def dns(self) -> tuple[str, ...]:
        """The DNS names, as they stand."""
        return tuple(san.value for san in self.sans if isinstance(san, DnsName))

    @property
    def common_names(self) -> tuple[str, ...]:
        """The CNs of the subject."""
        return tuple(one.value for one in self.subject if one.oid == COMMON_NAME)

    @property
    def addresses(self) -> tuple[IpAddress, ...]:
        """The IP addresses."""
        return tuple(san.address for san in self.sans if isinstance(san, IpName))


@dataclass(frozen=True, slots=True)
class UnreadableRequest:
    """What stands in for a Pkcs10 that the strict reader refused, with its words for why."""

    why: str


#: The request of a CSR of which nothing was read yet.
NOT_READ = UnreadableRequest("not read")
