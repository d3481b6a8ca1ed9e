"""What a cluster's tokens are signed for: its name, or the id of a local cluster on an Outpost."""

from collections.abc import Callable
from typing import Any, Final

import pytest

from adapters.eks import cluster_of, describe
from core.errors import ClusterUnavailable
from tests.adapters.test_eks import CLUSTER, an_output, eks_saying

LOCAL_ID: Final = "0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"


def local(**changes: object) -> Callable[[dict[str, Any]], None]:
    """Return the change that makes a cluster local to an Outpost."""
    own = {
        "id": LOCAL_ID,
        "outpostConfig": {"outpostArns": ["arn"], "controlPlaneInstanceType": "m5"},
    }
    return lambda cluster: cluster.update(own | changes)


def test_a_local_clusters_tokens_are_for_its_id() -> None:
    """A cluster on an Outpost accepts tokens for its id; everything else uses its name."""
    with eks_saying("describe_cluster", an_output(local())) as eks:
        described = describe(eks, "prod", "eu-west-1")

    assert described.token_for == LOCAL_ID
    assert described.cluster == CLUSTER


def test_without_an_outpost_the_token_is_for_the_name() -> None:
    """A cluster in the Region accepts tokens for its name, whatever else the answer has."""
    with eks_saying(
        "describe_cluster", an_output(lambda cluster: cluster.update(id=LOCAL_ID))
    ) as eks:
        assert describe(eks, "prod", "eu-west-1").token_for == "prod"


@pytest.mark.parametrize(
    "cluster_id",
    [
        None,
        "",
        "prod",
        "staging",
        LOCAL_ID.upper(),
        LOCAL_ID.replace("-", ""),
        f"{LOCAL_ID}\n",
        f" {LOCAL_ID}",
        f"{LOCAL_ID}\r\nx-evil: 1",
        f"{LOCAL_ID}0",
        f"{{{LOCAL_ID}}}",
        LOCAL_ID.replace("0", "\u0660"),  # an Arabic-Indic zero, which `\d` would match
    ],
)
def test_a_local_cluster_without_a_valid_id_gets_no_token(cluster_id: str | None) -> None:
    """No token is signed, not even for the cluster's name, and the error names the field."""

    def change(cluster: dict[str, Any]) -> None:
        local(id=cluster_id)(cluster)
        if cluster_id is None:
            del cluster["id"]

    with (
        eks_saying("describe_cluster", an_output(change)) as eks,
        pytest.raises(ClusterUnavailable, match=r"^describe: EKS DescribeCluster: cluster\.id: "),
    ):
        describe(eks, "prod", "eu-west-1")


class Answering:
    """An EKS client with an answer that botocore wouldn't return."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def describe_cluster(self, **_: str) -> dict[str, Any]:
        return self._answer


@pytest.mark.parametrize("cluster_id", [5, ["a"], {"a": "b"}, True])
def test_an_id_that_is_not_text_gets_no_token(cluster_id: object) -> None:
    """An id that is a number, a list or an object is refused like any other invalid id."""
    with pytest.raises(ClusterUnavailable, match=r"cluster\.id: "):
        describe(Answering(an_output(local(id=cluster_id))), "prod", "eu-west-1")


@pytest.mark.parametrize("config", [{}, [], "", False])
def test_any_outpost_config_makes_a_cluster_local(config: object) -> None:
    """A cluster with this field, of any shape, isn't in the Region."""
    eks = Answering(an_output(local(outpostConfig=config)))

    assert describe(eks, "prod", "eu-west-1").token_for == LOCAL_ID


def test_an_ordinary_cluster_may_have_a_name_like_an_id() -> None:
    """The tokens of a cluster that is not local are for its name, even if that looks like an id.

    See "One name, two clusters" in docs/threat-model.md.
    """
    answer = an_output(lambda cluster: cluster.update(name=LOCAL_ID, id="another"))
    with eks_saying("describe_cluster", answer) as eks:
        assert describe(eks, LOCAL_ID, "eu-west-1").token_for == LOCAL_ID


def test_a_local_clusters_own_name_is_never_signed() -> None:
    """A token is for the cluster's own id, even if its name is another local cluster's id."""
    another_id = "ffffffff-ffff-ffff-ffff-ffffffffffff"
    with eks_saying("describe_cluster", an_output(local(name=another_id))) as eks:
        assert describe(eks, another_id, "eu-west-1").token_for == LOCAL_ID


@pytest.mark.parametrize("status", ["CREATING", "DELETING", "FAILED"])
def test_a_local_cluster_that_is_not_reviewable_needs_no_id_yet(status: str) -> None:
    """A local cluster without an id is described, because nothing is sent to it in this state."""

    def change(cluster: dict[str, Any]) -> None:
        local(status=status)(cluster)
        del cluster["id"]

    with eks_saying("describe_cluster", an_output(change)) as eks:
        assert describe(eks, "prod", "eu-west-1").token_for == ""


def test_a_saved_cluster_with_an_invalid_id_is_read() -> None:
    """Offline commands sign no token, so they don't validate the id."""
    assert cluster_of(an_output(local(id="bad"))) == CLUSTER
