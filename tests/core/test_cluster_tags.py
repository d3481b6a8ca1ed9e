"""The cluster that an instance's tags name. `tests/core/check_cases/cluster.py` has its checks."""

import pytest

from core.cluster_tags import joined_cluster
from tests.builders import an_instance


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"kubernetes.io/cluster/prod": "owned"}, "prod"),
        ({"eks:cluster-name": "prod"}, "prod"),
        ({"eks:eks-cluster-name": "prod"}, "prod"),
        ({"aws:eks:cluster-name": "prod"}, "prod"),
        ({"kubernetes.io/cluster/prod": "owned", "eks:cluster-name": "prod"}, "prod"),
        ({"kubernetes.io/cluster/prod": "owned", "kubernetes.io/cluster/dev": "shared"}, None),
        ({f"kubernetes.io/cluster/c{n}": "owned" for n in range(50)}, None),
        ({"kubernetes.io/cluster/dev": "owned", "aws:eks:cluster-name": "prod"}, "prod"),
        ({"aws:eks:cluster-name": "", "eks:cluster-name": "prod"}, "prod"),
        ({"eks:cluster-name": ""}, None),
        ({"Name": "prod"}, None),
        ({"kubernetes.io/cluster/": "owned"}, None),
    ],
)
def test_an_instance_joins_the_one_cluster_that_its_tags_name(
    tags: dict[str, str], expected: str | None
) -> None:
    """One with the tags of fifty clusters would have fifty clusters reviewed more often."""
    assert expected == joined_cluster(an_instance(tags=tags))
