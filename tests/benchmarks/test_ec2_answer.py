"""The benchmarks' EC2 answers have the elements and the size of real ones."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET
from xml.etree.ElementTree import Element

import boto3
import pytest
from botocore.model import ListShape, Shape, StructureShape
from moto import mock_aws

from adapters.ec2_items import instances_of as read
from adapters.ec2_xml import read_needed_fields
from benchmarks import ec2_answer
from benchmarks.nodes import a_node
from core.model import Instance
from tests.adapters.ec2_answers import Wire, page

NODES = [a_node(0), a_node(1)]

#: The benchmarks' nodes are in private subnets.
PUBLIC = {
    ".Instances.PublicIpAddress",
    ".Instances.NetworkInterfaces.Association.PublicIp",
    ".Instances.NetworkInterfaces.PrivateIpAddresses.Association.PublicIp",
}


def answer(shape: str) -> bytes:
    instances = ec2_answer.instances_of(NODES, shape)
    return ec2_answer.described(instances, [node.instance.id for node in NODES])


def instances(shape: str) -> list[Instance]:
    return read(page(answer(shape), needed_fields=True))


def unknown(element: Element, shape: Shape) -> Iterator[str]:
    """Yield the elements that botocore's model of EC2's answers doesn't have."""
    for child in element:
        name = child.tag.rpartition("}")[2]
        if isinstance(shape, ListShape):
            yield from unknown(child, shape.member) if name == "item" else (name,)
        elif name != "requestId":
            known = shape.members if isinstance(shape, StructureShape) else {}
            members = {one.serialization.get("name"): one for one in known.values()}
            yield from unknown(child, members[name]) if name in members else (name,)


def fields(value: object, where: str = "") -> set[str]:
    """Return the paths of all fields of an answer as boto3 returns it."""
    if isinstance(value, list):
        return {path for one in value for path in fields(one, where)}
    if isinstance(value, dict):
        return {path for key, one in value.items() for path in fields(one, f"{where}.{key}")}
    return {where}


@pytest.mark.parametrize("shape", ec2_answer.SHAPES)
def test_ec2_has_every_element_of_an_answer(shape: str) -> None:
    """An invented element would be skipped for less time than a real one takes."""
    model = Wire().client.meta.service_model.operation_model("DescribeInstances")

    assert [] == list(unknown(ET.fromstring(answer(shape)), model.output_shape))  # noqa: S314  ours


@mock_aws
@pytest.mark.parametrize("shape", ec2_answer.SHAPES)
def test_an_answer_has_every_needed_field_that_moto_shows(shape: str) -> None:
    """So the benchmarks read no less of an instance than of a real one."""
    moto = boto3.client("ec2", region_name="us-east-1")
    read_needed_fields(moto)
    moto.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)
    shown = {
        path for path in fields(moto.describe_instances()["Reservations"]) if path not in PUBLIC
    }

    assert set() == shown - fields(page(answer(shape), needed_fields=True)["Reservations"])


@pytest.mark.parametrize(
    ("shape", "interfaces", "addresses", "kilobytes"), [("eks", 3, 10, 11), ("lean", 1, 1, 5)]
)
def test_an_instance_has_the_interfaces_and_the_size_of_its_shape(
    shape: str, interfaces: int, addresses: int, kilobytes: int
) -> None:
    """The EKS shape is that of a node with the VPC CNI."""
    for instance in instances(shape):
        assert [addresses] * interfaces == [len(one.ipv4) for one in instance.interfaces]
    assert kilobytes == round(len(answer(shape)) / len(NODES) / 1_000)


@pytest.mark.parametrize("shape", ec2_answer.SHAPES)
def test_an_answer_confirms_the_nodes(shape: str) -> None:
    """Each node's own instance, with the address that its request names."""
    assert [node.instance.id for node in NODES] == [one.id for one in instances(shape)]
    for node, instance in zip(NODES, instances(shape), strict=True):
        assert set(node.instance.addresses()) <= set(instance.addresses())
        assert (node.instance.private_dns_name, node.instance.profile_arn) == (
            instance.private_dns_name,
            instance.profile_arn,
        )
