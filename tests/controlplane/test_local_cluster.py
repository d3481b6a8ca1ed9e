"""Local clusters on Outposts, on a real kube-apiserver with EKS's open authenticator.

The authenticator of such a cluster is configured with the cluster's id, all others with the name.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import pytest
from aws_lambda_powertools import Logger

from adapters.aws_account import Aws
from adapters.clock import WallClock
from adapters.eks import DescribedCluster, describe
from sandbox.aws import FakeAws
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.controlplane.nodes import REGION, conditions, enrol, join, message, reviewer
from tests.real.controlplane import ControlPlane

LOCAL_ID: Final = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"
NAME: Final = "edge"
WHO_AM_I: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@pytest.fixture(scope="module")
def local(
    plane: ControlPlane, aws: FakeAws, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ControlPlane]:
    """Yield a second cluster, local to an Outpost, beside the ordinary one."""
    assert plane  # the fixture, which skips the test if there is no control plane
    with ControlPlane(LOCAL_ID).start(tmp_path_factory.mktemp("local")) as local:
        enrol(local, aws, local=NAME)
        yield local


def described(aws: FakeAws, name: str) -> DescribedCluster:
    return describe(aws.client("eks", REGION), name, REGION)


def status(plane: ControlPlane, cluster: DescribedCluster) -> int:
    """Return 201 if the API server accepts our token for this cluster, or 401."""
    token = Aws(REGION).tokens(cluster)()
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    return plane.client(token).request("POST", WHO_AM_I, body)[0]


def test_a_local_cluster_is_reviewed(local: ControlPlane, aws: FakeAws, profile: str) -> None:
    """A message with the cluster's name leads to the approval in the cluster."""
    node = join(local, aws, profile, local=NAME)
    csr, _ = node.file()

    reviewer(Logger(service="slice")).handle(message(local, local=NAME), WallClock(50))

    assert {"Approved": "ApprovedByCsrApprover"} == conditions(local, csr)


def test_a_local_cluster_accepts_tokens_for_its_id_only(local: ControlPlane, aws: FakeAws) -> None:
    """A local cluster refuses a token for its name."""
    cluster = described(aws, NAME)

    assert (LOCAL_ID, 201) == (cluster.token_for, status(local, cluster))
    assert 401 == status(local, replace(cluster, token_for=NAME))


def test_an_ordinary_cluster_accepts_tokens_for_its_name_only(
    plane: ControlPlane, local: ControlPlane, aws: FakeAws
) -> None:
    """An ordinary cluster refuses a local cluster's tokens, and the reverse."""
    cluster = described(aws, plane.cluster)

    assert (plane.cluster, 201) == (cluster.token_for, status(plane, cluster))
    assert 401 == status(plane, described(aws, NAME))
    assert 401 == status(local, cluster)


def test_the_commands_reach_a_local_cluster(
    local: ControlPlane, aws: FakeAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands sign tokens as the reviewer does."""
    assert local
    stub = AwsStub()
    stub.install(monkeypatch)
    stub.stack(aws.role_arn, region=REGION)

    CommandRunner().run("review", NAME)
    # 3, unknown: the mode is CONFIG_MAP, so there is no access entry to look at.
    [cluster] = CommandRunner().json("doctor", NAME, code=3)["clusters"]

    assert ("token", "ok") in [(link["link"], link["status"]) for link in cluster["links"]]
