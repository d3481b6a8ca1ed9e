"""Names that are the node's own, but that aren't accepted, on a real API server."""

from dataclasses import replace

from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from sandbox.aws import Eni, FakeAws
from sandbox.kubelet import kubelet_request
from tests.controlplane.nodes import (
    NODE_ROLE,
    Node,
    conditions,
    log_in,
    message,
    new_machine,
    reviewer,
)
from tests.real.controlplane import ControlPlane


def _public_node(plane: ControlPlane, aws: FakeAws, profile: str, public: str) -> Node:
    """Return a node in a public subnet."""
    machine = new_machine(plane.cluster, profile_arn=profile)
    machine = replace(machine, enis=(Eni(machine.enis[0].ip, public=public),))
    return log_in(plane, aws, machine, NODE_ROLE, "system:node:{{EC2PrivateDNSName}}")


def _review(plane: ControlPlane, **settings: str) -> None:
    reviewer(Logger(service="own"), **settings).handle(message(plane), WallClock(50))


def test_a_public_name_that_isnt_wanted_is_left(
    plane: ControlPlane, aws: FakeAws, profile: str
) -> None:
    """The same request is approved once the setting allows public names."""
    node = _public_node(plane, aws, profile, "54.7.1.1")
    pem, _ = kubelet_request(node.name, dns=[node.machine.public_name], ips=["54.7.1.1"])
    name = node.send(pem)
    _review(plane, ALLOW_PUBLIC_ADDRESSES="false")
    assert {} == conditions(plane, name)

    _review(plane)

    assert {"Approved"} == conditions(plane, name).keys()
