"""`csr-approver diagnose` on a real kube-apiserver, whose signer is off."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.aws import FakeAws
from sandbox.fake_apiserver.bodies import time_text
from tests.cli.conftest import CommandRunner
from tests.controlplane.nodes import CSRS, Node, join, stored
from tests.real.controlplane import ControlPlane


@pytest.fixture
def node(plane: ControlPlane, aws: FakeAws, profile: str) -> Iterator[Node]:
    """Yield a node, with the signer off."""
    plane.stop("signer")
    yield join(plane, aws, profile)
    plane.start_process("signer")


def approve(plane: ControlPlane, name: str) -> None:
    """Approve as another approver did three minutes ago."""
    condition = {
        "type": "Approved",
        "status": "True",
        "reason": "AutoApproved",
        "message": "by another",
        "lastUpdateTime": time_text(datetime.now(UTC) - timedelta(minutes=3)),
    }
    body = stored(plane, name) | {"status": {"conditions": [condition]}}
    assert plane.admin.request("PUT", f"{CSRS}/{name}/approval", body)[0] == 200


def reported(runner: CommandRunner, plane: ControlPlane, name: str, *options: str) -> Any:
    """Return the report about this request alone: other tests leave requests too."""
    [cluster] = runner.json("diagnose", plane.cluster, *options, code=1)["clusters"]
    [csr] = [entry for entry in cluster["csrs"] if entry["csr"] == name]
    return csr


def test_a_request_goes_from_pending_to_approved_and_not_issued(
    plane: ControlPlane, node: Node
) -> None:
    runner = CommandRunner()
    name, _ = node.file()
    pending = reported(runner, plane, name, "--set", "APPROVE_AFTER_SECONDS=0")

    approve(plane, name)
    missing = reported(runner, plane, name)

    assert ("pending", ["not-approved"], node.machine.id) == (
        pending["state"],
        [cause["cause"] for cause in pending["causes"]],
        pending["instance"],
    )
    assert {True} == {entry["confirmed"] for entry in pending["names"]}
    assert ("approved", ["not-issued"]) == (
        missing["state"],
        [entry["cause"] for entry in missing["causes"]],
    )


def test_a_name_that_ec2_does_not_confirm_is_reported(plane: ControlPlane, node: Node) -> None:
    other = f"{node.name.partition('.')[0]}.corp.example"
    name, _ = node.file(dns=[node.name, other])

    csr = reported(CommandRunner(), plane, name)

    assert {node.name: True, other: False, node.machine.enis[0].ip: True} == {
        entry["name"]: entry["confirmed"] for entry in csr["names"]
    }
    assert ["names-need-setting"] == [cause["cause"] for cause in csr["causes"]]
