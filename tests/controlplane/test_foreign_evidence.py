"""A session's name that its user chose, on a real API server: it shows no other instance."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from sandbox.kubelet import kubelet_request
from tests.controlplane.nodes import (
    CSRS,
    REGION,
    Node,
    conditions,
    join,
    log_in,
    message,
    new_machine,
    reviewer,
    stored,
)
from tests.real.controlplane import ControlPlane

_CHOSEN: Final = "session-node"


@pytest.fixture(scope="module")
def own_profile(aws: FakeAws) -> str:
    """Return the profile of the role whose sessions the user names."""
    return aws.add_profile(_CHOSEN)


def _file(user: Node, name: str) -> str:
    """File a request for this name as the node that is named like the session."""
    pem, _ = kubelet_request(user.machine.id, dns=[name])
    return user.send(pem)


def _review(plane: ControlPlane, **settings: str) -> None:
    reviewer(Logger(service="foreign"), **settings).handle(message(plane), WallClock(50))


@pytest.mark.parametrize(
    "changes",
    [
        {"tags": {"kubernetes.io/cluster/dev": "owned"}},
        {"vpc_id": "vpc-0bbbbbbbbbbbbbbbb"},
        {"profile_arn": ""},
    ],
    ids=["another cluster's tag", "another VPC", "another role"],
)
def test_a_denial_shows_nothing_of_another_clusters_instance(
    plane: ControlPlane, aws: FakeAws, own_profile: str, changes: Mapping[str, Any]
) -> None:
    """A guessed name is left; a forbidden one is denied, and the message is about it alone."""
    machine = new_machine(plane.cluster, **{"profile_arn": own_profile, **changes})
    user = log_in(plane, aws, machine, _CHOSEN, "system:node:{{SessionName}}")
    guessed = _file(user, "ip-10-0-0-9.ec2.internal")
    _review(plane)
    assert {} == conditions(plane, guessed)
    plane.admin.request("DELETE", f"{CSRS}/{guessed}")  # it may supersede one of the same second

    forbidden = _file(user, "kubernetes.default.svc")
    _review(plane)

    (condition,) = stored(plane, forbidden)["status"]["conditions"]
    assert "Denied" == condition["type"]
    assert (
        "reserved-names: reserved name (got 'kubernetes.default.svc', "
        "expected none of the cluster's or AWS's)"
    ) == condition["message"]


@pytest.mark.parametrize(
    "tags",
    [
        {"kubernetes.io/cluster/dev": "owned"},
        {"kubernetes.io/cluster/slice": "owned", "aws:eks:cluster-name": "dev"},
    ],
    ids=["another cluster's tag alone", "both, and AWS's own of the other"],
)
def test_a_node_of_another_cluster_is_left_whatever_the_settings_allow(
    plane: ControlPlane, aws: FakeAws, profile: str, tags: Mapping[str, str]
) -> None:
    """The request is correct, and would be approved if the instance had no tag at all."""
    node = join(plane, aws, profile)
    name, _ = node.file()
    loose = {"REQUIRE_CLUSTER_TAG": "false", "ALLOW_OTHER_VPCS": "true"}
    tags = {key.replace("slice", plane.cluster): value for key, value in tags.items()}
    aws.change_machine(REGION, node.machine.id, tags=tags)
    _review(plane, **loose)
    assert {} == conditions(plane, name)

    aws.change_machine(REGION, node.machine.id, tags={})
    _review(plane, **loose)

    assert {"Approved"} == conditions(plane, name).keys()
