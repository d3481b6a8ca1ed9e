"""Read from EC2's XML answer the fields that `ec2_items` reads, and no others.

An EKS node's description has some 270 elements. botocore's parser makes a value of each, which was
the largest cost of approving a CSR. Here only the needed elements become values, under boto3's
names, and `ec2_items` validates them. botocore still makes the call: signing, time-outs, retries,
errors, pages.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

from botocore.parsers import ResponseParserError

# botocore emits it before it parses an answer: a handler may parse a part itself.
_EVENT: Final = "before-parse.ec2.DescribeInstances"

_OK: Final = 200
_ROOT: Final = "DescribeInstancesResponse"
_REQUEST_ID: Final = "requestId"

# Of a time such as 2026-11-22T12:00:00.000Z, the length of its date.
_DATE: Final = len("2026-11-22")

# The most tags that are kept for each structure; beyond it a tag is looked up each time.
_MOST_TAGS: Final = 500

# EC2's indexes have one or two digits.
_MAX_DIGITS: Final = 9


def read_needed_fields(ec2: Any) -> None:
    """Make this client's DescribeInstances return the needed fields only.

    `ec2`: a boto3 client. Calling this again for the same client changes nothing.
    """
    ec2.meta.events.register(_EVENT, _before_parse, unique_id="csr-approver-needed-fields")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for an element that EC2 doesn't write so. No field of `ec2_items` accepts it."""

    because: str


_Read = Callable[[Element], object]
_Fields = Mapping[str, tuple[str, _Read]]


class _ByTag(dict[str, tuple[str, _Read] | None]):
    """The fields of a structure by their elements' tags; None for an element that isn't needed.

    A tag has a namespace, which is ignored, as botocore ignores it.
    """

    def __missing__(self, tag: str) -> tuple[str, _Read] | None:
        field = self.get(tag.rpartition("}")[2])
        if len(self) < _MOST_TAGS:
            self[tag] = field
        return field


def _before_parse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Read a successful answer, and leave only the request's id for botocore to parse.

    Raises:
        ResponseParserError: it isn't an answer of DescribeInstances. botocore raises the same.
    """
    if response_dict["status_code"] != _OK:
        return  # botocore reads errors, and retries
    root = _parsed(response_dict["body"])
    if _name(root) != _ROOT:
        raise ResponseParserError("the answer isn't a DescribeInstancesResponse")
    answer = _fields_of(root, _ANSWER)
    if any(isinstance(value, Unreadable) for value in answer.values()):
        raise ResponseParserError("the answer has an element of a form that EC2 doesn't use")
    customized_response_dict.update(answer)
    rest = Element(_ROOT)
    rest.extend(child for child in root if _name(child) == _REQUEST_ID)
    response_dict["body"] = ET.tostring(rest)


def _parsed(body: bytes) -> Element:
    # Without a document type there are no entities. EC2 sends none, and escapes each "<" in the
    # tags that people write.
    if b"<!DOCTYPE" in body:
        raise ResponseParserError("the answer has a document type")
    try:
        # Always UTF-8, whatever the document declares, so that the check above sees the same text.
        return ET.fromstring(body, ET.XMLParser(encoding="utf-8"))  # noqa: S314  no entities
    except ET.ParseError as error:
        raise ResponseParserError("the answer isn't XML") from error


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _fields_of(element: Element, fields: _ByTag) -> dict[str, object]:
    found: dict[str, object] = {}
    for child in element:
        field = fields[child.tag]
        if field is not None:
            key, read = field
            found[key] = Unreadable("repeated") if key in found else read(child)
    return found


def _text(element: Element) -> object:
    return Unreadable("expected text") if len(element) else element.text or ""


def _flag(element: Element) -> object:
    # Any other text stays text, which the flag's field rejects.
    text = _text(element)
    return text == "true" if text in {"true", "false"} else text


def _index(element: Element) -> object:
    # Any other text stays text, which the index's field rejects.
    text = _text(element)
    if isinstance(text, str) and text.isascii() and text.isdecimal() and len(text) <= _MAX_DIGITS:
        return int(text)
    return text


def _time(element: Element) -> object:
    # Pydantic would read empty text as no time, and digits as seconds.
    text = _text(element)
    if isinstance(text, str) and text[_DATE:][:1] == "T":
        return text
    return Unreadable("expected a date and a time")


_ITEM: Final = _ByTag({"item": ("", _text)})


def _structure(fields: _Fields) -> _Read:
    by_tag = _ByTag(fields)
    return lambda element: _fields_of(element, by_tag)


def _list_of(fields: _Fields) -> _Read:
    by_tag = _ByTag(fields)

    def read(element: Element) -> object:
        return [
            _fields_of(item, by_tag)
            if _ITEM[item.tag] is not None
            else Unreadable("expected an item")
            for item in element
        ]

    return read


# From: EC2 API reference, DescribeInstances (response elements), and the names that botocore's
# model of the API gives them.

_ASSOCIATION: Final[_Fields] = {
    "publicIp": ("PublicIp", _text),
    "carrierIp": ("CarrierIp", _text),
    "customerOwnedIp": ("CustomerOwnedIp", _text),
}
_PRIVATE_IP: Final[_Fields] = {
    "privateIpAddress": ("PrivateIpAddress", _text),
    "primary": ("Primary", _flag),
    "association": ("Association", _structure(_ASSOCIATION)),
}
_ATTACHMENT: Final[_Fields] = {
    "status": ("Status", _text),
    "deviceIndex": ("DeviceIndex", _index),
    "networkCardIndex": ("NetworkCardIndex", _index),
}
_INTERFACE: Final[_Fields] = {
    "networkInterfaceId": ("NetworkInterfaceId", _text),
    "interfaceType": ("InterfaceType", _text),
    "status": ("Status", _text),
    "vpcId": ("VpcId", _text),
    "attachment": ("Attachment", _structure(_ATTACHMENT)),
    "association": ("Association", _structure(_ASSOCIATION)),
    "privateIpAddress": ("PrivateIpAddress", _text),
    "privateIpAddressesSet": ("PrivateIpAddresses", _list_of(_PRIVATE_IP)),
    "ipv6AddressesSet": ("Ipv6Addresses", _list_of({"ipv6Address": ("Ipv6Address", _text)})),
    "ipv4PrefixSet": ("Ipv4Prefixes", _list_of({"ipv4Prefix": ("Ipv4Prefix", _text)})),
    "ipv6PrefixSet": ("Ipv6Prefixes", _list_of({"ipv6Prefix": ("Ipv6Prefix", _text)})),
}
_SECONDARY_INTERFACE: Final[_Fields] = {
    "privateIpAddressSet": (
        "PrivateIpAddresses",
        _list_of({"privateIpAddress": ("PrivateIpAddress", _text)}),
    ),
}
_INSTANCE: Final[_Fields] = {
    "instanceId": ("InstanceId", _text),
    "instanceState": ("State", _structure({"name": ("Name", _text)})),
    "launchTime": ("LaunchTime", _time),
    "vpcId": ("VpcId", _text),
    "privateDnsName": ("PrivateDnsName", _text),
    "dnsName": ("PublicDnsName", _text),
    "privateIpAddress": ("PrivateIpAddress", _text),
    "ipAddress": ("PublicIpAddress", _text),
    "ipv6Address": ("Ipv6Address", _text),
    "iamInstanceProfile": ("IamInstanceProfile", _structure({"arn": ("Arn", _text)})),
    "tagSet": ("Tags", _list_of({"key": ("Key", _text), "value": ("Value", _text)})),
    "networkInterfaceSet": ("NetworkInterfaces", _list_of(_INTERFACE)),
    "secondaryInterfaceSet": ("SecondaryInterfaces", _list_of(_SECONDARY_INTERFACE)),
}
_ANSWER: Final = _ByTag(
    {
        "nextToken": ("NextToken", _text),
        "reservationSet": (
            "Reservations",
            _list_of({"instancesSet": ("Instances", _list_of(_INSTANCE))}),
        ),
    }
)
