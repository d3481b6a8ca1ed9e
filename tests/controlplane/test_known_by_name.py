"""Nodes without an IAM identity, which are known by name, on a real API server."""

from collections.abc import Callable

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from sandbox.aws_shapes import Machine
from sandbox.kubelet import kubelet_request
from tests.contract.objects import a_csr, unique
from tests.controlplane.nodes import (
    CSRS,
    REGION,
    conditions,
    message,
    new_machine,
    reviewer,
)
from tests.real.controlplane import ControlPlane

_NAMES: dict[str, Callable[[Machine], str]] = {
    "PrivateDnsName": lambda machine: machine.name,
    "resource name": lambda machine: f"{machine.id}.ec2.internal",
    "instance id": lambda machine: machine.id,
}


@pytest.mark.parametrize("kind", _NAMES)
def test_a_node_is_found_by_each_of_its_names_in_any_vpc(
    plane: ControlPlane, aws: FakeAws, kind: str
) -> None:
    """Its instance must have the cluster's tag; without it the request is left."""
    machine = new_machine(plane.cluster, vpc_id="vpc-0cccccccccccccccc", tags={})
    aws.add_machine(machine)
    node = _NAMES[kind](machine)
    pem, _ = kubelet_request(node, dns=[node], ips=[machine.enis[0].ip])
    name = unique("by-name")
    _file(plane, name, node, pem)
    settings = {"ALLOW_NAME_IDENTITY": "true", "ALLOW_OTHER_VPCS": "true"}
    review = reviewer(Logger(service="by-name"), **settings)
    review.handle(message(plane), WallClock(50))
    assert {} == conditions(plane, name)

    own = {f"kubernetes.io/cluster/{plane.cluster}": "owned"}
    aws.change_machine(REGION, machine.id, tags=own)
    review.handle(message(plane), WallClock(50))

    assert {"Approved"} == conditions(plane, name).keys()


def _file(plane: ControlPlane, name: str, node: str, pem: bytes) -> None:
    """File as a node that doesn't authenticate by IAM: nothing adds IAM's keys."""
    user = {"Impersonate-User": f"system:node:{node}", "Impersonate-Group": "system:nodes"}
    status, answer = plane.admin.request("POST", CSRS, a_csr(name, pem), user)
    assert status == 201, answer
