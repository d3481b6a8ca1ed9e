"""The benchmarks' AWS answers boto3 as AWS does."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest

from adapters import eks
from adapters.aws_clients import client_config
from adapters.ec2 import Ec2Fleet
from adapters.iam import InstanceProfiles
from benchmarks.aws_server import AwsServer
from benchmarks.nodes import CLUSTER, PROFILE, ROLE, VPC, a_node
from tests.adapters.scripted_api import CA_PEM, StillClock

NODE = a_node(0)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Send the SDK's calls to the benchmarks' AWS."""
    nodes = {NODE.instance.id: NODE}
    with AwsServer(nodes, "https://api.example", CA_PEM, shape="eks", seconds=0.0) as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        yield


def client(service: str) -> Any:
    return boto3.client(service, region_name=CLUSTER.region, config=client_config())


@pytest.mark.usefixtures("aws")
def test_ec2_and_iam_confirm_a_node_and_know_no_other_instance() -> None:
    """Only the instances that were asked for, and exist, are in the answer."""
    profiles = InstanceProfiles(client("iam"), lambda: datetime.now(UTC))
    fleet = Ec2Fleet(client("ec2"), profiles, StillClock())

    known = fleet.by_id([NODE.instance.id, "i-0fffffffffffffff0"])

    assert [NODE.instance.id] == list(known)
    assert ROLE == fleet.role_of_profile(PROFILE)


@pytest.mark.usefixtures("aws")
def test_eks_describes_the_cluster() -> None:
    """With the endpoint and the CA of the API server that is measured."""
    described = eks.describe(client("eks"), CLUSTER.name, CLUSTER.region)

    assert ("https://api.example", CA_PEM) == (described.endpoint, described.ca_pem)
    assert VPC == described.cluster.vpc_id
