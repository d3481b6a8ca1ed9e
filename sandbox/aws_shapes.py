"""EC2 instances of the fake AWS, in the shape of DescribeInstances.

From: EC2 API reference, Instance, InstanceNetworkInterface and Filter.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final

from sandbox.fake_apiserver.status import Json

_CODES: Final = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}

#: The most instances that EC2 returns on a page.
_LARGEST_PAGE: Final = 1_000

#: The characters of a filter's value that don't stand for themselves.
_SPECIAL: Final = frozenset("*?\\")

#: The values that each supported filter compares.
_FILTERS: Final[Mapping[str, Callable[[Any], list[str]]]] = {
    "instance-id": lambda item: [item["InstanceId"]],
    "instance-state-name": lambda item: [item["State"]["Name"]],
    "private-dns-name": lambda item: [item["PrivateDnsName"]],
    "vpc-id": lambda item: [item["VpcId"]],
    "launch-time": lambda item: [f"{item['LaunchTime']:%Y-%m-%dT%H:%M:%S.000Z}"],
    "tag-key": lambda item: [tag["Key"] for tag in item["Tags"]],
    "ip-address": lambda item: [item.get("PublicIpAddress", "")],
    "network-interface.addresses.association.public-ip": lambda item: [
        one["Association"]["PublicIp"] for one in _addresses_of(item) if "Association" in one
    ],
    "network-interface.addresses.private-ip-address": lambda item: [
        one["PrivateIpAddress"] for one in _addresses_of(item)
    ],
}


def _addresses_of(item: Json) -> list[Json]:
    return [one for eni in item["NetworkInterfaces"] for one in eni["PrivateIpAddresses"]]


@dataclass(frozen=True, slots=True)
class Eni:
    """A network interface. `public` is on the primary address; `prefixes` are delegated to it."""

    ip: str = ""
    public: str = ""
    secondary: tuple[str, ...] = ()
    ipv6: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    kind: str = "interface"
    device: int = 0
    card: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """An EC2 instance, its first interface first.

    `resource_name`: named by its id instead of its address. `public_dns`: its VPC gives public
    addresses a name (`enableDnsHostnames`). `managed`: EC2 shows it only if managed
    resources are requested, as with the nodes of EKS Auto Mode.
    """

    id: str
    region: str
    vpc_id: str
    launched: datetime
    enis: tuple[Eni, ...]
    profile_arn: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    state: str = "running"
    resource_name: bool = False
    public_dns: bool = True
    managed: bool = False

    @property
    def name(self) -> str:
        """Return PrivateDnsName; empty while the instance is pending and after it is terminated."""
        if self.state in ("pending", "shutting-down", "terminated"):
            return ""
        host = self.id if self.resource_name else f"ip-{self.enis[0].ip.replace('.', '-')}"
        inner = "ec2" if self.region == "us-east-1" else f"{self.region}.compute"
        return f"{host}.{inner}.internal"

    @property
    def public_name(self) -> str:
        """Return PublicDnsName; empty unless it runs and has a public address with a name."""
        if self.state != "running" or not self.public_dns or not self.enis[0].public:
            return ""
        inner = "compute-1" if self.region == "us-east-1" else f"{self.region}.compute"
        return f"ec2-{self.enis[0].public.replace('.', '-')}.{inner}.amazonaws.com"

    def describe(self) -> Json:
        """Return one element of `Reservations[].Instances[]`."""
        enis = () if self.state == "terminated" else self.enis
        first = enis[0] if enis else Eni()
        item: Json = {
            "InstanceId": self.id,
            "InstanceType": "m7g.large",
            "State": {"Name": self.state, "Code": _CODES[self.state]},
            "LaunchTime": self.launched,
            "VpcId": self.vpc_id,
            "Placement": {"AvailabilityZone": f"{self.region}a"},
            "PrivateDnsName": self.name,
            "PublicDnsName": self.public_name,
            "PrivateDnsNameOptions": {
                "HostnameType": "resource-name" if self.resource_name else "ip-name"
            },
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            "NetworkInterfaces": [self._eni(at, eni) for at, eni in enumerate(enis)],
        }
        optional = {
            "PrivateIpAddress": first.ip,
            "PublicIpAddress": first.public if self.state == "running" else "",
            "Ipv6Address": first.ipv6[0] if first.ipv6 else "",
            "IamInstanceProfile": {"Arn": self.profile_arn} if self.profile_arn else {},
            "Operator": {"Managed": True, "Principal": "eks.amazonaws.com"} if self.managed else {},
        }
        return item | {key: value for key, value in optional.items() if value}

    def _eni(self, at: int, eni: Eni) -> Json:
        owner = {"Association": self._association(eni)} if eni.public else {}
        addresses = [{"PrivateIpAddress": eni.ip, "Primary": True, **owner}] if eni.ip else []
        addresses += [{"PrivateIpAddress": ip, "Primary": False} for ip in eni.secondary]
        prefixes = [ip_network(prefix) for prefix in eni.prefixes]
        return {
            "NetworkInterfaceId": f"eni-{self.id.removeprefix('i-')[:-1]}{at}",
            "InterfaceType": eni.kind,
            "Status": "in-use",
            "VpcId": self.vpc_id,
            "Attachment": {
                "Status": "attached",
                "DeviceIndex": eni.device or at,
                "NetworkCardIndex": eni.card,
            },
            **({"PrivateIpAddress": eni.ip} if eni.ip else {}),
            "PrivateIpAddresses": addresses,
            "Ipv6Addresses": [{"Ipv6Address": ip} for ip in eni.ipv6],
            "Ipv4Prefixes": [
                {"Ipv4Prefix": str(network)} for network in prefixes if network.version == 4
            ],
            "Ipv6Prefixes": [
                {"Ipv6Prefix": str(network)} for network in prefixes if network.version == 6
            ],
            **owner,
        }

    def _association(self, eni: Eni) -> Json:
        return {
            "PublicIp": eni.public,
            "PublicDnsName": self.public_name,
            "IpOwnerId": "amazon",
        }


def answer(machines: Mapping[str, Machine], asked: Mapping[str, Any]) -> Json:
    """Return the answer of DescribeInstances for the machines of a Region.

    Raises:
        KeyError: an id of `InstanceIds` is unknown, which fails the whole call.
        ValueError: a filter isn't supported; a guess would prove nothing.
    """
    managed = bool(asked.get("IncludeManagedResources"))
    wanted = (machines[instance_id] for instance_id in asked.get("InstanceIds") or machines)
    shown = [machine.describe() for machine in wanted if managed or not machine.managed]
    items = _matching(shown, asked.get("Filters") or ())
    start = int(asked.get("NextToken") or 0)
    end = start + int(asked.get("MaxResults") or _LARGEST_PAGE)
    reservations = [
        {"ReservationId": f"r-{item['InstanceId'].removeprefix('i-')}", "Instances": [item]}
        for item in items[start:end]
    ]
    more = {"NextToken": str(end)} if end < len(items) else {}
    return {"Reservations": reservations, **more}


def _matching(items: Iterable[Json], filters: Iterable[Mapping[str, Any]]) -> list[Json]:
    """Return the items that match every filter, by one of its values."""
    found = list(items)
    for pattern in filters:
        values_of = _FILTERS.get(pattern["Name"])
        if values_of is None:
            # With a guessed filter, tests would pass that fail with EC2.
            name = pattern["Name"]
            raise ValueError(f"DescribeInstances: {name} isn't supported; add it to _FILTERS")
        matches = _matcher([str(value) for value in pattern["Values"]])
        found = [item for item in found if any(map(matches, values_of(item)))]
    return found


def _matcher(wanted: list[str]) -> Callable[[str], bool]:
    """Return whether a value matches one of a filter's; most of these have no wildcard."""
    plain = {value for value in wanted if not _SPECIAL & set(value)}
    patterns = [_pattern(value) for value in wanted if value not in plain]
    return lambda value: value in plain or any(one.fullmatch(value) for one in patterns)


def _pattern(value: str) -> re.Pattern[str]:
    r"""Return a filter's value as a pattern: `*` is any text, `?` any character, `\` escapes."""
    parts = re.findall(r"\\.|.", value, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    return re.compile("".join(wild.get(p) or re.escape(p[-1]) for p in parts), re.DOTALL)
