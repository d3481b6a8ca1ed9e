"""The needed fields of EC2's XML answer: they have the same values as from botocore."""

import re
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from hypothesis import given, settings
from moto import mock_aws

from adapters.ec2_items import instance_of, items_of
from adapters.ec2_xml import read_needed_fields
from core.model import Instance
from tests.adapters.ec2_answers import (
    ANSWERS,
    Content,
    Wire,
    answer_with,
    document,
    everything,
    page,
)

ID: tuple[str, Content] = ("instanceId", "i-1")
IP: tuple[str, Content] = ("privateIpAddress", "10.0.1.10")


def read(answer: dict[str, Any]) -> list[Instance | str]:
    """Return each instance, or its error; one error if the whole answer is unreadable."""
    try:
        return [_one(item) for item in items_of(answer)]
    except ValueError as error:
        return [_words(error)]


def _one(item: object) -> Instance | str:
    try:
        return instance_of(item)
    except ValueError as error:
        return _words(error)


def _words(error: ValueError) -> str:
    return re.sub(r" \(got .*", "", str(error))  # botocore's value of a time is a datetime


def ours(content: Content) -> dict[str, Any]:
    return page(document(content), needed_fields=True)


def botocores(content: Content) -> dict[str, Any]:
    return page(document(content), needed_fields=False)


@settings(max_examples=320, deadline=None)
@given(ANSWERS)
def test_any_answer_is_read_as_by_botocore(content: Content) -> None:
    """Instances, errors by field, the next page's token and the request's id are the same."""
    mine, theirs = ours(content), botocores(content)

    assert read(mine) == read(theirs)
    assert mine.get("NextToken") == theirs.get("NextToken")
    assert mine["ResponseMetadata"] == theirs["ResponseMetadata"]


def test_an_answer_with_every_element_of_the_api_is_read_as_by_botocore() -> None:
    """A field that `ec2_items` reads, and this module doesn't, shows as a difference."""
    model = Wire().client.meta.service_model.operation_model("DescribeInstances")
    content = everything(model.output_shape)
    mine, theirs = ours(content), botocores(content)
    [instance] = read(mine)

    assert isinstance(instance, Instance)
    assert [instance] == read(theirs)
    assert mine["NextToken"] == theirs["NextToken"]


def test_an_answer_has_the_needed_fields_only() -> None:
    """Botocore alone would return the image's id, too."""
    found = ours(answer_with([ID, ("imageId", "ami-1"), ("cpuOptions", [("coreCount", "1")])]))

    assert found["Reservations"] == [{"Instances": [{"InstanceId": "i-1"}]}]


def test_a_client_may_be_prepared_twice() -> None:
    """A client is used by many runs, and each prepares it."""
    wire = Wire()
    wire.body = document([*answer_with([ID]), ("requestId", "r-1")])
    read_needed_fields(wire.client)
    read_needed_fields(wire.client)

    assert wire.client.describe_instances()["ResponseMetadata"]["RequestId"] == "r-1"


@mock_aws
def test_motos_answers_are_read_as_by_botocore() -> None:
    """Instances with tags, addresses and a profile, in two reservations."""
    client = boto3.client("ec2", region_name="us-east-1")
    for name in ("<&>", "Zoë"):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        client.run_instances(ImageId="ami-1", MinCount=2, MaxCount=2, TagSpecifications=tags)
    theirs = client.describe_instances()
    read_needed_fields(client)
    mine = client.describe_instances()

    assert "ImageId" not in mine["Reservations"][0]["Instances"][0]
    assert read(mine) == read(theirs)
    assert len(items_of(mine)) == 4


def test_elements_count_by_name_whatever_their_namespace() -> None:
    """A new version of the API has another namespace; botocore ignores it, too."""
    body = document(answer_with([ID])).replace(b"2016-11-15", b"2036-11-15")
    prefixed = body.replace(b"<instanceId>", b'<x:instanceId xmlns:x="y">').replace(
        b"</instanceId>", b"</x:instanceId>"
    )
    theirs = read(page(body, needed_fields=False))

    assert theirs == read(page(body, needed_fields=True))
    assert theirs == read(page(prefixed, needed_fields=True))


def eni(*fields: tuple[str, Content]) -> tuple[str, Content]:
    return "networkInterfaceSet", [("item", [*fields])]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        pytest.param([("vpcId", "a"), ("vpcId", "a")], "VpcId", id="text twice"),
        pytest.param([("vpcId", [("b", "c")])], "VpcId", id="text with elements"),
        pytest.param([("tagSet", []), ("tagSet", [])], "Tags", id="list twice"),
        pytest.param([("instanceState", []), ("instanceState", [])], "State", id="structure twice"),
        pytest.param([("launchTime", "")], "LaunchTime", id="empty time"),
        pytest.param([("launchTime", "1764000000")], "LaunchTime", id="time in seconds"),
        pytest.param([("launchTime", "22 Nov 2026 12:00 GMT")], "LaunchTime", id="time for mail"),
        pytest.param([("launchTime", "2026-11-22Tx")], "LaunchTime", id="no time"),
        pytest.param(
            [eni(("attachment", [("deviceIndex", "")]))],
            "NetworkInterfaces.0.Attachment.DeviceIndex",
            id="empty index",
        ),
        pytest.param(
            [eni(("attachment", [("deviceIndex", "-1")]))],
            "NetworkInterfaces.0.Attachment.DeviceIndex",
            id="negative index",
        ),
        pytest.param(
            [eni(("attachment", [("networkCardIndex", "9" * 5000)]))],
            "NetworkInterfaces.0.Attachment.NetworkCardIndex",
            id="index without end",
        ),
        pytest.param(
            [eni(("privateIpAddressesSet", [("item", [IP, ("primary", "True")])]))],
            "NetworkInterfaces.0.PrivateIpAddresses.0.Primary",
            id="other flag",
        ),
        pytest.param(
            [eni(("privateIpAddressesSet", [("item", [IP, ("primary", [("a", "b")])])]))],
            "NetworkInterfaces.0.PrivateIpAddresses.0.Primary",
            id="flag with elements",
        ),
        pytest.param(
            [eni(("ipv6AddressesSet", [("member", [("ipv6Address", "::1")])]))],
            "NetworkInterfaces.0.Ipv6Addresses.0",
            id="no item",
        ),
    ],
)
def test_an_element_in_another_form_makes_its_instance_unreadable(
    fields: list[tuple[str, Content]], problem: str
) -> None:
    """Botocore would guess, or fail the whole answer; here the other instances are read."""
    refused, other = read(ours(answer_with([ID, *fields], [("instanceId", "i-2")])))

    assert isinstance(refused, str)
    assert problem in refused
    assert isinstance(other, Instance)


def test_a_second_id_leaves_no_id() -> None:
    """With two ids it is unknown for which of them the instance is evidence."""
    [refused] = read(ours(answer_with([ID, ("instanceId", "i-2")])))

    assert isinstance(refused, str)
    assert refused.startswith("InstanceId: ")


RESERVATIONS = answer_with([ID])
TOKEN: tuple[str, Content] = ("nextToken", "t")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html><body>sign in<br></body></html>", id="HTML"),
        pytest.param(b"<html><body>sign in</body></html>", id="HTML that is XML"),
        pytest.param(b'{"Reservations": []}', id="JSON"),
        pytest.param(document(RESERVATIONS)[:-9], id="cut off"),
        pytest.param(document(RESERVATIONS) + b"<a/>", id="two documents"),
        pytest.param(document(RESERVATIONS).replace(b"i-1", b"i-\xff"), id="not UTF-8"),
        pytest.param(document(RESERVATIONS).replace(b"i-1", b"i&copy;"), id="unknown entity"),
        pytest.param(
            b"<!DOCTYPE DescribeInstancesResponse>"
            + document(RESERVATIONS).removeprefix(b"<?xml version='1.0' encoding='utf-8'?>"),
            id="document type",
        ),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY b "i-1">]><DescribeInstancesResponse><reservationSet><item>'
            b"<instancesSet><item><instanceId>&b;</instanceId></item></instancesSet></item>"
            b"</reservationSet></DescribeInstancesResponse>",
            id="entities",
        ),
        pytest.param(
            document(RESERVATIONS, "DescribeImagesResponse"), id="another operation's answer"
        ),
        pytest.param(document([*RESERVATIONS, *RESERVATIONS]), id="reservations twice"),
        pytest.param(
            document([*RESERVATIONS, ("nextToken", "a"), ("nextToken", "b")]), id="tokens"
        ),
        pytest.param(
            document([*RESERVATIONS, ("nextToken", [("a", "b")])]), id="token of elements"
        ),
    ],
)
def test_an_answer_that_is_not_ec2s_raises_botocores_own_error(body: bytes) -> None:
    """A proxy's page or half an answer isn't read as an answer without instances."""
    with pytest.raises(ResponseParserError):
        page(body, needed_fields=True)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param([("requestId", "r-1")], id="no reservations"),
        pytest.param([("reservationSet", [("item", [("ownerId", "1")])])], id="no instances"),
        pytest.param([("reservationSet", [("instancesSet", [])])], id="no reservation"),
        pytest.param(
            [("reservationSet", [("item", [("instancesSet", []), ("instancesSet", [])])])],
            id="instances twice",
        ),
    ],
)
def test_an_answer_without_its_lists_is_unreadable(content: Content) -> None:
    """An answer that lacks a list isn't read as an answer without instances."""
    [refused] = read(ours(content))

    assert "Reservations" in str(refused)


def test_an_empty_answer_has_no_instances() -> None:
    """EC2 has none of the requested instances."""
    assert read(ours([("reservationSet", [])])) == []


def test_botocore_reads_errors() -> None:
    """The error's code decides on retries, and is logged."""
    body = b"<Response><Errors><Error><Code>AuthFailure</Code></Error></Errors></Response>"
    with pytest.raises(ClientError, match="AuthFailure"):
        page(body, needed_fields=True, status=401)
