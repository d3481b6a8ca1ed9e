"""Read the output of `aws ec2 describe-instances`, or of boto3, into `core.model.Instance`.

From: EC2 API reference, Instance and InstanceNetworkInterface. Only the fields that the checks use
are read. A missing one is empty, and one of another shape is an error.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from socket import AF_INET, inet_pton
from typing import Annotated, Any, Final

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
)
from pydantic.alias_generators import to_pascal

from adapters.shapes import AS_TEXT, Text, explain, or_
from core.model import Instance, IpAddress, NetworkInterface, PrivateAddress


def instance_of(item: object) -> Instance:
    """Read one element of `Reservations[].Instances[]`.

    Raises:
        ValueError: it isn't an instance; names the field.
    """
    try:
        read = _Instance.model_validate(item)
    except ValidationError as error:
        raise ValueError(explain(error)) from error
    return Instance(
        id=read.instance_id,
        state=read.state.name,
        launched=read.launch_time,
        vpc_id=read.vpc_id,
        private_dns_name=read.private_dns_name,
        public_dns_name=read.public_dns_name,
        profile_arn=read.iam_instance_profile.arn,
        tags={tag.key: tag.value for tag in read.tags},
        interfaces=tuple(_interface(eni) for eni in read.network_interfaces),
        other_addresses=frozenset(_other_addresses(read)),
    )


def instances_of(response: object) -> list[Instance]:
    """Read a whole answer of DescribeInstances, in its order.

    Raises:
        ValueError: it isn't such an answer, or has a bad instance; names the field.
    """
    instances = []
    for index, item in enumerate(items_of(response)):
        try:
            instances.append(instance_of(item))
        except ValueError as error:
            raise ValueError(f"instance {index}: {error}") from error
    return instances


def items_of(response: object) -> list[object]:
    """Return the instances of an answer, each still unread.

    Raises:
        ValueError: it isn't an answer of DescribeInstances; names the field.
    """
    try:
        read = _Response.model_validate(response)
    except ValidationError as error:
        raise ValueError(explain(error)) from error
    return [item for reservation in read.reservations for item in reservation.instances]


def _ipv4(value: object) -> IPv4Address:
    """Read an address as `ipaddress` does, in a quarter of its time.

    An EKS node shows dozens of addresses, so pydantic's slower reader isn't used.
    """
    if not isinstance(value, str):
        raise ValueError("expected text")  # noqa: TRY004  pydantic reports ValueErrors
    try:
        return IPv4Address(inet_pton(AF_INET, value))
    except (OSError, ValueError) as error:
        raise ValueError("expected an IPv4 address") from error


def _ipv4_or_none(value: object) -> IPv4Address | None:
    return _ipv4(value) if value not in (None, "") else None


_Ipv4Text = Annotated[IPv4Address, PlainValidator(_ipv4)]
_Ipv4 = Annotated[IPv4Address | None, PlainValidator(_ipv4_or_none)]
_Ipv6 = Annotated[IPv6Address | None, AS_TEXT]

_NONE: Final[frozenset[IPv4Address]] = frozenset()


class _Shape(BaseModel):
    """Fields by EC2's names; others are ignored."""

    model_config = ConfigDict(alias_generator=to_pascal, extra="ignore", frozen=True)


class _Named(_Shape):
    name: Text = ""


class _Profile(_Shape):
    arn: Text = ""


class _Tag(_Shape):
    key: StrictStr
    value: Text = ""


class _Association(_Shape):
    public_ip: _Ipv4 = None
    carrier_ip: _Ipv4 = None
    customer_owned_ip: _Ipv4 = None


_MaybeAssociation = Annotated[_Association, or_({})]


class _PrivateIp(_Shape):
    private_ip_address: _Ipv4Text
    primary: StrictBool | None = None
    association: _MaybeAssociation = _Association()


class _Ipv6Item(_Shape):
    ipv6_address: Annotated[IPv6Address, AS_TEXT]


class _Ipv4PrefixItem(_Shape):
    ipv4_prefix: Annotated[IPv4Network, AS_TEXT]


class _Ipv6PrefixItem(_Shape):
    ipv6_prefix: Annotated[IPv6Network, AS_TEXT]


class _Attachment(_Shape):
    status: Text = ""
    device_index: StrictInt | None = None
    network_card_index: Annotated[StrictInt, or_(0)] = 0


class _Interface(_Shape):
    network_interface_id: Text = ""
    interface_type: Text = ""
    status: Text = ""
    vpc_id: Text = ""
    attachment: Annotated[_Attachment, or_({})] = _Attachment()
    association: _MaybeAssociation = _Association()
    private_ip_address: _Ipv4 = None
    private_ip_addresses: Annotated[tuple[_PrivateIp, ...], or_(())] = ()
    ipv6_addresses: Annotated[tuple[_Ipv6Item, ...], or_(())] = ()
    ipv4_prefixes: Annotated[tuple[_Ipv4PrefixItem, ...], or_(())] = ()
    ipv6_prefixes: Annotated[tuple[_Ipv6PrefixItem, ...], or_(())] = ()


class _SecondaryIp(_Shape):
    private_ip_address: _Ipv4 = None


class _SecondaryInterface(_Shape):
    private_ip_addresses: Annotated[tuple[_SecondaryIp, ...], or_(())] = ()


class _Instance(_Shape):
    instance_id: Annotated[StrictStr, Field(min_length=1)]
    state: Annotated[_Named, or_({})] = _Named()
    launch_time: Annotated[AwareDatetime | None, AS_TEXT] = None
    vpc_id: Text = ""
    private_dns_name: Text = ""
    public_dns_name: Text = ""
    private_ip_address: _Ipv4 = None
    public_ip_address: _Ipv4 = None
    ipv6_address: _Ipv6 = None
    iam_instance_profile: Annotated[_Profile, or_({})] = _Profile()
    tags: Annotated[tuple[_Tag, ...], or_(())] = ()
    network_interfaces: Annotated[tuple[_Interface, ...], or_(())] = ()
    secondary_interfaces: Annotated[tuple[_SecondaryInterface, ...], or_(())] = ()


class _Reservation(_Shape):
    instances: list[Any]


class _Response(_Shape):
    reservations: list[_Reservation]


def _interface(eni: _Interface) -> NetworkInterface:
    return NetworkInterface(
        id=eni.network_interface_id,
        kind=eni.interface_type,
        attached=eni.attachment.status == "attached" and eni.status == "in-use",
        device_index=eni.attachment.device_index,
        card_index=eni.attachment.network_card_index,
        vpc_id=eni.vpc_id,
        ipv4=tuple(_private(ip, eni) for ip in eni.private_ip_addresses),
        ipv6=tuple(item.ipv6_address for item in eni.ipv6_addresses),
        prefixes=(
            *(item.ipv4_prefix for item in eni.ipv4_prefixes),
            *(item.ipv6_prefix for item in eni.ipv6_prefixes),
        ),
    )


def _private(ip: _PrivateIp, eni: _Interface) -> PrivateAddress:
    public = _public(ip.association)
    # The interface's own association belongs to its primary address.
    if ip.primary and eni.private_ip_address in (None, ip.private_ip_address):
        public |= _public(eni.association)
    return PrivateAddress(ip.private_ip_address, ip.primary is True, public)


def _public(association: _Association) -> frozenset[IPv4Address]:
    addresses = association.public_ip, association.carrier_ip
    # A shortcut: most addresses have neither, and an instance has many addresses.
    if addresses == (None, None):
        return _NONE
    return frozenset(address for address in addresses if address is not None)


def _other_addresses(read: _Instance) -> Iterator[IpAddress]:
    """Return all addresses in the answer: a request for one of them is left, never denied."""
    shown: list[IpAddress | None] = [
        read.private_ip_address,
        read.public_ip_address,
        read.ipv6_address,
    ]
    for eni in read.network_interfaces:
        shown.append(eni.private_ip_address)
        for one in (eni.association, *(ip.association for ip in eni.private_ip_addresses)):
            shown += [one.public_ip, one.carrier_ip, one.customer_owned_ip]
    for secondary in read.secondary_interfaces:
        shown += [ip.private_ip_address for ip in secondary.private_ip_addresses]
    return (address for address in shown if address is not None)
