"""Which clusters are selected, switched off, and required to let the approver in."""

import pytest

from core.model import Cluster
from core.selection import (
    Choice,
    choice,
    is_named,
    is_off,
    is_reviewable,
    is_selected,
    is_singled_out,
    why_required,
)
from core.settings import ReviewSettings, Selection


@pytest.mark.parametrize(
    ("status", "reviewable"),
    [
        ("ACTIVE", True),
        ("UPDATING", True),
        ("CREATING", False),
        ("DELETING", False),
        ("FAILED", False),
        ("PENDING", False),
        ("", False),
    ],
)
def test_active_and_updating_clusters_are_reviewable(status: str, *, reviewable: bool) -> None:
    """While EKS updates a cluster its API serves."""
    assert is_reviewable(status) is reviewable


@pytest.mark.parametrize(
    ("selection", "selected"),
    [
        pytest.param({}, True, id="all"),
        pytest.param({"cluster_names": "prod"}, True, id="its name"),
        pytest.param({"cluster_names": "dev-*,pr?d"}, True, id="one of several globs"),
        pytest.param({"cluster_names": "PROD"}, False, id="letter case counts"),
        pytest.param({"cluster_names": "pro"}, False, id="part of its name"),
        pytest.param({"cluster_names": "dev-*"}, False, id="another glob"),
        pytest.param({"regions": "us-east-1,eu-west-1"}, True, id="its Region"),
        pytest.param({"regions": "us-east-1"}, False, id="another Region"),
        pytest.param({"cluster_tag": "team"}, True, id="its tag"),
        pytest.param({"cluster_tag": "team=a=b"}, True, id="its tag and value"),
        pytest.param({"cluster_tag": "team=a"}, False, id="its tag, another value"),
        pytest.param({"cluster_tag": "team=b"}, False, id="its tag, a later value"),
        pytest.param({"cluster_tag": "team="}, False, id="its tag without value"),
        pytest.param({"cluster_tag": "empty="}, True, id="a tag without value"),
        pytest.param({"cluster_tag": "other"}, False, id="another tag"),
        pytest.param({"cluster_tag": "=x"}, False, id="a value without tag"),
    ],
)
def test_a_cluster_is_selected_by_region_name_and_tag(
    selection: dict[str, str], *, selected: bool
) -> None:
    """All three must agree; globs are matched whole."""
    cluster = Cluster("prod", "eu-west-1", "", (), {"team": "a=b", "empty": ""})

    assert is_selected(Selection.model_validate(selection), cluster, home="eu-west-1") is selected


def test_without_regions_the_functions_own_is_served() -> None:
    """A cluster in another Region isn't selected."""
    assert is_named(Selection(), "prod", "eu-west-1", home="eu-west-1")
    assert not is_named(Selection(), "prod", "us-east-1", home="eu-west-1")


PROD = Cluster("prod", "eu-west-1", "vpc-1")
TAGGED = Cluster("prod", "eu-west-1", "vpc-1", tags={"csr-approver:mode": "enforce"})


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"csr-approver:mode": "off"}, True),
        ({"csr-approver:mode": " off "}, True),
        ({"csr-approver:mode": "OFF"}, False),
        ({"csr-approver:mode": "shadow"}, False),
        ({"csr-approver:mode": ""}, False),
        ({"mode": "off"}, False),
        ({}, False),
    ],
)
def test_a_cluster_is_off_by_its_tag(tags: dict[str, str], *, expected: bool) -> None:
    """Any other unknown value means the mode that writes nothing, and the cluster is reviewed."""
    assert is_off(Cluster("prod", "eu-west-1", "vpc-1", tags=tags)) is expected


@pytest.mark.parametrize(
    ("status", "tags", "expected"),
    [
        ("ACTIVE", {"team": "x"}, Choice.REVIEWED),
        ("UPDATING", {"team": "x", "csr-approver:mode": "shadow"}, Choice.REVIEWED),
        ("ACTIVE", {"team": "x", "csr-approver:mode": "off"}, Choice.OFF),
        ("ACTIVE", {}, Choice.NOT_SELECTED),
        ("ACTIVE", {"csr-approver:mode": "off"}, Choice.NOT_SELECTED),
        ("CREATING", {"team": "x"}, Choice.NOT_READY),
        ("DELETING", {"team": "x", "csr-approver:mode": "off"}, Choice.NOT_READY),
        ("CREATING", {}, Choice.NOT_READY),
    ],
)
def test_a_cluster_is_reviewed_by_its_status_and_tags(
    status: str, tags: dict[str, str], expected: Choice
) -> None:
    """The status comes first: a cluster that is being created may not have its tags yet."""
    cluster = Cluster("prod", "eu-west-1", "vpc-1", tags=tags)
    served = Selection.model_validate({"cluster_tag": "team"})

    assert choice(served, cluster, status, home="eu-west-1") is expected


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        pytest.param({}, False, id="every cluster"),
        pytest.param({"cluster_names": "**"}, False, id="every cluster, in other letters"),
        pytest.param({"cluster_names": "prod"}, True, id="its name"),
        pytest.param({"cluster_names": "pr*"}, True, id="a glob"),
        pytest.param({"cluster_names": "*,prod"}, True, id="its name beside all others"),
        pytest.param({"cluster_names": "*,dev"}, False, id="another name beside all others"),
        pytest.param({"cluster_tag": "team=x"}, True, id="the tag that selects"),
    ],
)
def test_a_cluster_is_singled_out_by_a_glob_other_than_the_star_or_by_cluster_tag(
    chosen: dict[str, str], *, expected: bool
) -> None:
    """Where all clusters are served, no one has said anything about this one."""
    assert is_singled_out(Selection.model_validate(chosen), "prod") is expected


@pytest.mark.parametrize(
    ("given", "cluster", "why"),
    [
        pytest.param({}, PROD, "", id="one of all"),
        pytest.param({}, TAGGED, "tagged csr-approver:mode", id="tagged"),
        pytest.param(
            {"cluster_names": "prod"}, PROD, "selected by CLUSTER_NAMES or CLUSTER_TAG", id="named"
        ),
        pytest.param({"require_access": "all"}, PROD, "REQUIRE_ACCESS=all", id="all"),
        pytest.param({"require_access": "none"}, PROD, "", id="none"),
        pytest.param(
            {"require_access": "none", "cluster_names": "prod"}, TAGGED, "", id="none, though named"
        ),
    ],
)
def test_which_clusters_must_let_the_approver_in(
    given: dict[str, str], cluster: Cluster, why: str
) -> None:
    """By default those that someone chose; the log names the reason."""
    assert why_required(ReviewSettings.model_validate(given), cluster) == why
