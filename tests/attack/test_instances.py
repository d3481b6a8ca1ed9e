"""Sessions, roles and tags that resemble those of the node's instance."""

import pytest

from core.model import Decision
from tests.attack.refusals import decided, refusals
from tests.builders import INSTANCE_ID, a_case, a_csr, an_extra, an_instance

KELVIN = "\u212a"
LONG_S = "\u017f"


@pytest.mark.parametrize(
    "tags",
    [
        {"kubernetes.io/cluster/PROD": "owned"},
        {"kubernetes.io/cluster/prod2": "owned"},
        {"kubernetes.io/cluster/prod ": "owned"},
        {"Kubernetes.io/cluster/prod": "owned"},
        {"eks:cluster-name": "prod2"},
        {"eks:cluster-name": "Prod"},
        {"eks:cluster-name": ""},
        {"aws:eks:cluster-name": "prod,dev"},
        {"karpenter.sh/discovery": "prod"},
        {"Name": "prod"},
    ],
)
def test_a_tag_that_resembles_the_clusters_is_not_accepted(tags: dict[str, str]) -> None:
    """Tags are compared as a whole, with letter case."""
    assert {"cluster": "leave"} == refusals(a_case(instance=an_instance(tags=tags)))


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:role/eks-node\n",
        "arn:aws:iam::111122223333:role/eks-node/",
        "arn:aws:iam::111122223333:role/eks-node/other",
        "arn:aws:iam::111122223333:user/eks-node",
        "arn:aws:sts::111122223333:assumed-role/eks-node/i-0aaaaaaaaaaaaaaaa",
        f"arn:aws:iam::111122223333:role/e{KELVIN}s-node",
        "arn:aws:iam::\u0661\u0661\u0661\u0661222233\u0663\u0663:role/eks-node",
        "arn:AWS:iam::111122223333:role/eks-node",
        " arn:aws:iam::111122223333:role/eks-node",
    ],
)
def test_an_arn_that_resembles_the_roles_is_left(arn: str) -> None:
    """`node-role` leaves the request."""
    case = a_case(csr=a_csr(extra=an_extra() | {"canonicalArn": (arn,)}))

    assert {"node-role": "leave"} == refusals(case)


@pytest.mark.parametrize(
    "session",
    [
        INSTANCE_ID.upper(),
        f" {INSTANCE_ID}",
        f"{INSTANCE_ID}\0",
        f"{INSTANCE_ID},i-0bbbbbbbbbbbbbbbb",
        INSTANCE_ID.replace("a", "\u0430"),
        "i-0aaaaaaaaaaaaaaa",
        "i-\u0660aaaaaaaaaaaaaaaa",
        "i-*",
        "i-0aaaaaaaaaaaaaaa?",
    ],
)
def test_a_session_name_that_resembles_an_instance_id_is_left(session: str) -> None:
    """The requester isn't an instance, but a person or program that assumed the role."""
    assert {"node-kind": "leave"} == refusals(a_case(csr=a_csr(extra=an_extra(session))))


@pytest.mark.parametrize(
    "extra",
    [
        {"sessionname": (INSTANCE_ID,)},
        {"SessionName": (INSTANCE_ID,), "canonicalArn": an_extra()["canonicalArn"]},
        {f"{LONG_S}essionName": (INSTANCE_ID,)},
        an_extra() | {"sessionname": (INSTANCE_ID,)},
        an_extra() | {"SESSIONNAME": ("i-0bbbbbbbbbbbbbbbb",)},
    ],
)
def test_a_session_name_under_another_key_is_left(extra: dict[str, tuple[str, ...]]) -> None:
    """Impersonation headers arrive in lower case; the authenticator writes one form only."""
    case = a_case(csr=a_csr(extra=extra), identity=None, instances=())

    assert decided(case) is Decision.LEAVE
