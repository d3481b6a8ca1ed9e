"""What EC2, IAM and EKS report, reduced to what the checks compare."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

#: The names that EKS accepts for a cluster. From: EKS API reference, CreateCluster, `name`.
CLUSTER_NAME = re.compile(r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}")

#: The form of a Region's name, of all partitions: us-gov-west-1, cn-north-1, us-isob-east-1,
#: eusc-de-east-1.
REGION_NAME = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")

# A path is one slash, or begins and ends with one. From: IAM API, CreateRole, `Path`.
_ROLE_ARN = re.compile(
    r"arn:([a-z0-9-]+):iam::([0-9]{12}):role(?:/|/[!-~]+/)([\w+=,.@-]{1,64})", re.ASCII
)

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class PrivateAddress:
    """An IPv4 address of a network interface, with the public ones (Elastic, carrier) on it."""

    address: IPv4Address
    primary: bool
    public: frozenset[IPv4Address] = frozenset()


@dataclass(frozen=True, slots=True)
class NetworkInterface:
    """An ENI of an instance. `attached`: the attachment is `attached` and the ENI `in-use`."""

    id: str
    kind: str
    attached: bool
    device_index: int | None
    card_index: int
    vpc_id: str
    ipv4: tuple[PrivateAddress, ...] = ()
    ipv6: tuple[IPv6Address, ...] = ()
    prefixes: tuple[IpNetwork, ...] = ()


@dataclass(frozen=True, slots=True)
class Instance:
    """An EC2 instance. A string that EC2 doesn't report is empty, and empty matches nothing."""

    id: str
    state: str
    launched: datetime | None
    vpc_id: str
    private_dns_name: str
    public_dns_name: str
    profile_arn: str
    tags: Mapping[str, str]
    interfaces: tuple[NetworkInterface, ...]
    #: Every address of the description outside `interfaces`, such as PublicIpAddress.
    other_addresses: frozenset[IpAddress] = frozenset()

    def addresses(self) -> Iterator[IpAddress]:
        """Yield every address that EC2 shows on the instance, without delegated prefixes."""
        yield from self.other_addresses
        for interface in self.interfaces:
            yield from interface.ipv6
            for private in interface.ipv4:
                yield private.address
                yield from private.public


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role: its partition, its account, and its name without path."""

    partition: str
    account: str
    name: str

    @classmethod
    def of_arn(cls, arn: str) -> "Role | None":
        """Return the role of an IAM ARN, with or without a path; None for any other text.

        From: IAM User Guide, "IAM identifiers"; the authenticator's form has no path.
        """
        match = _ROLE_ARN.fullmatch(arn)
        return cls(*match.groups()) if match else None

    def matches(self, other: "Role") -> bool:
        """Return True for the same role. From: IAM API, CreateRole (names ignore case)."""
        return (self.partition, self.account, self.name.casefold()) == (
            other.partition,
            other.account,
            other.name.casefold(),
        )

    def __str__(self) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{self.name}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The parts of DescribeCluster that the checks use. `service_ranges` is empty if unknown."""

    name: str
    region: str
    vpc_id: str
    service_ranges: tuple[IpNetwork, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)


class NotProvided(Enum):
    """Stands in for evidence that wasn't provided at all (only offline, in `evaluate`)."""

    NOT_PROVIDED = auto()


NOT_PROVIDED = NotProvided.NOT_PROVIDED


@dataclass(frozen=True, slots=True)
class RoleUnknown:
    """Why an instance's role is unknown. `fault`: IAM gave no answer, which a metric counts."""

    why: str
    fault: bool = False
