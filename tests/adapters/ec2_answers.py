"""EC2's answers as XML documents, and what botocore's client returns for them."""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

import boto3
from botocore.model import ListShape, Shape, StructureShape
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from adapters.aws_clients import client_config
from adapters.ec2_xml import read_needed_fields
from tests.faults.wire import reply

#: The children of an element, in order, or its text.
Content = str | list[tuple[str, "Content"]]

NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/"


class Wire:
    """An EC2 client without network: each call gets the response that is set here."""

    def __init__(self) -> None:
        self.status, self.body = 200, b""
        self.client: Any = boto3.client(
            "ec2",
            region_name="us-east-1",
            aws_access_key_id="AKIA",
            aws_secret_access_key="s",
            config=client_config(),
        )
        self.client.meta.events.register("before-send.ec2", self._response)

    def _response(self, **_: object) -> object:
        return reply(self.status, self.body)


@cache
def _wire(*, needed_fields: bool) -> Wire:
    wire = Wire()
    if needed_fields:
        read_needed_fields(wire.client)
    return wire


def page(body: bytes, *, needed_fields: bool, status: int = 200) -> dict[str, Any]:
    """Return what the client returns for this response."""
    wire = _wire(needed_fields=needed_fields)
    wire.status, wire.body = status, body
    answer: dict[str, Any] = wire.client.describe_instances()
    return answer


def document(content: Content, root: str = "DescribeInstancesResponse") -> bytes:
    """Render an answer as EC2 does."""
    element = Element(root, xmlns=NAMESPACE)
    _fill(element, content)
    return b"<?xml version='1.0' encoding='utf-8'?>" + bytes(tostring(element, encoding="utf-8"))


def answer_with(*instances: Content) -> Content:
    """Return an answer with one reservation."""
    items: Content = [("item", instance) for instance in instances]
    return [("reservationSet", [("item", [("instancesSet", items)])])]


def everything(shape: Shape) -> Content:
    """Return an element with every field of botocore's model, each with its own value."""
    return _all(shape, "", count(1))


#: By name, shape or type: the format of a value that isn't plain text.
_WRITTEN: Mapping[str, str] = {
    **dict.fromkeys(["PrivateIpAddress", "PublicIpAddress"], "10.0.{}.1"),
    **dict.fromkeys(["PublicIp", "CarrierIp", "CustomerOwnedIp"], "192.0.{}.1"),
    "Ipv4Prefix": "10.1.{}.0/28",
    "Ipv6Address": "2001:db8::{}",
    "Ipv6Prefix": "2001:db8:{}::/80",
    "AttachmentStatus": "attached",
    "NetworkInterfaceStatus": "in-use",
    "integer": "{}",
    "boolean": "true",
    "timestamp": "2026-11-22T12:00:00.{:03}Z",
}


def _all(shape: Shape, name: str, numbers: Iterator[int]) -> Content:
    if isinstance(shape, StructureShape):
        return [
            (str(member.serialization.get("name", key)), _all(member, key, numbers))
            for key, member in shape.members.items()
        ]
    if isinstance(shape, ListShape):
        return [("item", _all(shape.member, "", numbers))]
    known = (_WRITTEN.get(candidate) for candidate in (name, shape.name, shape.type_name))
    return next((text for text in known if text), "text-{}").format(next(numbers))


def _fill(element: Element, content: Content) -> None:
    if isinstance(content, str):
        element.text = content
        return
    for name, inner in content:
        _fill(SubElement(element, name), inner)


# --- any answer -----------------------------------------------------------------------------------

# Characters that XML doesn't allow can't be in an answer.
_TEXT = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"
    ),
    max_size=12,
) | st.sampled_from(["", " ", "<&>\"'", "]]>", "Zoë 🙂", "a\tb\nc", "in-use", "attached", "null"])


def _mostly(right: SearchStrategy[str], *wrong: str) -> SearchStrategy[str]:
    # One wrong field makes an instance unreadable, so that its others aren't tested.
    return st.integers(0, 39).flatmap(lambda at: right if at else st.sampled_from(wrong))


_IPV4 = _mostly(
    st.sampled_from(["", "10.0.1.10"]) | st.ip_addresses(v=4).map(str),
    *["198.51.100", "010.0.0.1", " 10.0.1.10", "10.0.1.10/32", "::1", "167772426"],
)
_IPV6 = _mostly(
    st.sampled_from(["2001:DB8::1", "fe80::1%1"]) | st.ip_addresses(v=6).map(str), "", "::/0"
)
_PREFIX4 = _mostly(st.sampled_from(["10.0.2.0/28", "10.0.2.0", "0.0.0.0/0"]), "", "10.0.2.1/28")
_PREFIX6 = _mostly(st.sampled_from(["2001:db8:0:1::/80", "::"]), "", "2001:db8::1/64", "10.0.0.0/8")
_TIME = _mostly(
    st.datetimes().map(lambda time: f"{time:%Y-%m-%dT%H:%M:%S}.000Z".rjust(24, "0"))
    | st.sampled_from(["2026-11-22T12:00:00+02:00", "2026-11-22T12:00:00.5Z"]),
    "2026-11-22T12:00:00",
)
_FLAG = st.sampled_from(["true", "false"])
_INDEX = st.integers(0, 20).map(str)
_UNKNOWN: dict[str, SearchStrategy[Content]] = {
    "nameOfTomorrow": _TEXT,
    "setOfTomorrow": st.just([("item", [("instanceId", "i-9"), ("privateIpAddress", "10.9.9.9")])]),
    "description": _TEXT,
}


def _some(*always: str, **fields: SearchStrategy[Any]) -> SearchStrategy[Content]:
    """Draw fields, each once, in any order, with unknown ones; all but `always` may be missing.

    The names are drawn first, because a value that isn't used may take long to draw.
    """
    values = {**fields, **_UNKNOWN}
    rest = st.lists(st.sampled_from([name for name in values if name not in always]), unique=True)
    names = rest.flatmap(lambda drawn: st.permutations([*always, *drawn])) if always else rest

    @st.composite
    def content(draw: st.DrawFn) -> Content:
        return [(name, draw(values[name])) for name in draw(names)]

    return content()


def _items(inner: SearchStrategy[Content], least: int = 0) -> SearchStrategy[Content]:
    return st.lists(st.tuples(st.just("item"), inner), min_size=least, max_size=2)


_ASSOCIATION = _some(publicIp=_IPV4, carrierIp=_IPV4, customerOwnedIp=_IPV4, ipOwnerId=_TEXT)
_OWN_IP = _some("privateIpAddress", privateIpAddress=_IPV4, primary=_FLAG, association=_ASSOCIATION)
_INTERFACE = _some(
    networkInterfaceId=_TEXT,
    interfaceType=_TEXT,
    status=_TEXT,
    vpcId=_TEXT,
    attachment=_some(status=_TEXT, deviceIndex=_INDEX, networkCardIndex=_INDEX),
    association=_ASSOCIATION,
    privateIpAddress=_IPV4,
    privateIpAddressesSet=_items(_OWN_IP),
    ipv6AddressesSet=_items(_some("ipv6Address", ipv6Address=_IPV6, isPrimaryIpv6=_FLAG)),
    ipv4PrefixSet=_items(_some("ipv4Prefix", ipv4Prefix=_PREFIX4)),
    ipv6PrefixSet=_items(_some("ipv6Prefix", ipv6Prefix=_PREFIX6)),
)
_INSTANCE = _some(
    "instanceId",
    "networkInterfaceSet",
    instanceId=_mostly(_TEXT.filter(bool), ""),
    instanceState=_some(code=_INDEX, name=_TEXT),
    launchTime=_TIME,
    vpcId=_TEXT,
    privateDnsName=_TEXT,
    dnsName=_TEXT,
    privateIpAddress=_IPV4,
    ipAddress=_IPV4,
    ipv6Address=_IPV6,
    iamInstanceProfile=_some(arn=_TEXT, id=_TEXT),
    tagSet=_items(_some("key", key=_TEXT, value=_TEXT)),
    networkInterfaceSet=_items(_INTERFACE),
    secondaryInterfaceSet=_items(_some(privateIpAddressSet=_items(_some(privateIpAddress=_IPV4)))),
    operator=_some(managed=_FLAG, principal=_TEXT),
)
_RESERVATION = _some(ownerId=_TEXT, groupSet=_items(_some(groupId=_TEXT))).flatmap(
    lambda rest: _items(_INSTANCE, least=1).map(lambda found: [*rest, ("instancesSet", found)])
)

#: Any answer in EC2's form: fields may be missing, empty, unknown, in any order or wrong.
ANSWERS: SearchStrategy[Content] = _some(
    "reservationSet",
    requestId=_TEXT,
    nextToken=_TEXT,
    reservationSet=_items(_RESERVATION),
)
