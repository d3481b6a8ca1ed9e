"""Which clusters the approver serves."""

import pytest

from core.model import Cluster
from core.selection import is_named, is_reviewable, is_selected
from core.settings import Selection


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
