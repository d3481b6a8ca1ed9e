"""Public names and addresses, on a real API server: not allowed by a setting, or moved away."""

import json
from dataclasses import replace

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from sandbox.aws import Eni, FakeAws
from sandbox.kubelet import kubelet_request
from tests.controlplane.nodes import (
    NODE_ROLE,
    REGION,
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


def test_a_public_name_that_no_setting_allows_is_left(
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


@pytest.mark.parametrize("is_taken", [False, True], ids=["free", "another node's now"])
def test_a_public_address_that_has_moved_is_denied_and_counted_apart(
    plane: ControlPlane,
    aws: FakeAws,
    profile: str,
    capsys: pytest.CaptureFixture[str],
    *,
    is_taken: bool,
) -> None:
    """If another instance has the address now, the denial counts as an attack."""
    gone, now = ("54.7.2.1", "54.7.2.2") if is_taken else ("54.7.3.1", "54.7.3.2")
    node = _public_node(plane, aws, profile, gone)
    pem, _ = kubelet_request(node.name, dns=[node.machine.public_name], ips=[gone])
    name = node.send(pem)
    enis = (replace(node.machine.enis[0], public=now),)
    aws.change_machine(REGION, node.machine.id, enis=enis)
    if is_taken:
        _public_node(plane, aws, profile, gone)
    capsys.readouterr()

    _review(plane)

    assert {"Denied"} == conditions(plane, name).keys()
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [metrics] = [line for line in printed if "_aws" in line and "Cluster" not in line]
    denied, moved = ([1.0], None) if is_taken else (None, [1.0])
    assert (denied, moved) == (metrics.get("Denied"), metrics.get("MovedAddress"))
