"""A PKCS#10 request as read by the strict reader (`core.pkcs10`)."""

from dataclasses import dataclass
from enum import Enum, auto

from core.model.aws import IpAddress

#: From: X.520 as profiled by RFC 5280 appendix A.1.
COMMON_NAME = "2.5.4.3"


class StringType(Enum):
    """ASN.1 string types of a subject's attribute. Go and OpenSSL read all others differently."""

    PRINTABLE = auto()
    UTF8 = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class SubjectAttribute:
    """One attribute of the subject: dotted OID, value, string type, and the number of its RDN."""

    oid: str
    value: str
    string_type: StringType
    rdn: int


@dataclass(frozen=True, slots=True)
class DnsName:
    """A dNSName as in the request: any characters, any length."""

    value: str


@dataclass(frozen=True, slots=True)
class IpName:
    """An iPAddress of 4 or 16 bytes."""

    address: IpAddress


@dataclass(frozen=True, slots=True)
class OtherName:
    """A subject alternative name of another kind; `kind` is its GeneralName's name."""

    kind: str
    value: str


San = DnsName | IpName | OtherName


class KeyRule(Enum):
    """Whether a public key's kind is allowed."""

    ALLOWED = auto()
    FORBIDDEN = auto()
    #: Can't be verified here (ML-DSA, unknown algorithms): no proof either way.
    UNVERIFIABLE = auto()


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key. `spki`: its SubjectPublicKeyInfo re-encoded, so that equal keys are equal."""

    kind: str
    rule: KeyRule
    spki: bytes


@dataclass(frozen=True, slots=True)
class Pkcs10:
    """A request that every parser reads alike.

    `signature_hash` is empty for Ed25519; `signature_valid` is None if the key can't be verified.
    `sans` is empty both without the extension and with an empty one. `usages`: what keyUsage and
    extendedKeyUsage ask for, in Kubernetes's words, or as OIDs.
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
        """Return the DNS names, unchanged."""
        return tuple(san.value for san in self.sans if isinstance(san, DnsName))

    @property
    def common_names(self) -> tuple[str, ...]:
        """Return the CNs of the subject."""
        return tuple(one.value for one in self.subject if one.oid == COMMON_NAME)

    @property
    def addresses(self) -> tuple[IpAddress, ...]:
        """Return the IP addresses."""
        return tuple(san.address for san in self.sans if isinstance(san, IpName))


@dataclass(frozen=True, slots=True)
class UnreadableRequest:
    """Stands in for a Pkcs10 that the strict reader rejected, with its reason."""

    why: str


#: The request of a CSR that wasn't read yet.
NOT_READ = UnreadableRequest("not read")
