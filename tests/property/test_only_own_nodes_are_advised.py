"""Only a requester that EC2 and IAM confirm as this cluster's node is advised to be mapped as one.

An operator follows the advice, so a requester that gets it by a session's name gets a node's
rights.
"""

from collections.abc import Mapping
from typing import Any

from hypothesis import example, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.identity import claimed_by_session
from core.model import CANONICAL_ARN, Case, Decision, Role, RoleUnknown
from tests.builders import INSTANCE_ID, ROLE, a_case, a_csr, a_policy, an_extra, an_instance

#: For each part of the evidence, values with which nothing is confirmed, whatever the settings.
SPOILS: Mapping[str, tuple[Any, ...]] = {
    "session": ("alice", "", "i-0bbbbbbbbbbbbbbbb", f"{INSTANCE_ID} "),
    "arn": ("arn:aws:iam::111122223333:role/admin", ""),
    "role": (Role("aws", "111122223333", "other"), RoleUnknown("no answer")),
    "tags": ({}, {"Name": "prod"}, {"eks:cluster-name": "dev"}),
    "tags of aws": ({"kubernetes.io/cluster/prod": "", "aws:eks:cluster-name": "dev"},),
    "state": ("stopped", "pending"),
    "id": ("i-0cccccccccccccccc",),
    "count": (0, 2),
}
GOOD: Mapping[str, Any] = {
    "session": INSTANCE_ID,
    "arn": str(ROLE),
    "role": ROLE,
    "tags": {"kubernetes.io/cluster/prod": "owned"},
    "state": "running",
    "id": INSTANCE_ID,
    "count": 1,
}

_policies = st.builds(
    a_policy,
    require_cluster_tag=st.booleans(),
    allow_other_vpcs=st.booleans(),
    verify_node_role=st.booleans(),
)
_users = st.one_of(st.text(max_size=20), st.sampled_from(("ops", "system:node:", str(ROLE))))


def advised(values: Mapping[str, Any], username: str, policy: Any) -> bool:
    """Return whether the requester is advised; it must be left in any case."""
    extra = an_extra(values["session"]) | {CANONICAL_ARN: (values["arn"],)}
    csr = a_csr(username=username, groups=("system:masters",), extra=extra)
    tags = values.get("tags of aws", values["tags"])
    instance = an_instance(id=values["id"], state=values["state"], tags=tags)
    case: Case = a_case(
        csr=csr,
        identity=claimed_by_session(csr),
        instances=(instance,) * values["count"],
        role=values["role"],
        policy=policy,
    )
    verdict = decide(case, KUBELET_SERVING_CHECKS)
    assert verdict.decision is Decision.LEAVE
    return any("map its role" in refusal.detail for refusal in verdict.refusals)


@given(
    spoiled=st.dictionaries(st.sampled_from(sorted(SPOILS)), st.integers(0, 9), max_size=3),
    username=_users,
    policy=_policies,
)
@example(spoiled={"role": 0}, username="ops", policy=a_policy())
@example(spoiled={"tags": 0}, username="ops", policy=a_policy(require_cluster_tag=False))
@example(spoiled={"tags": 1}, username="ops", policy=a_policy(require_cluster_tag=False))
@tried(max_examples=300, deadline=None)
def test_only_a_running_instance_of_this_cluster_with_its_own_role_is_advised(
    spoiled: Mapping[str, int], username: str, policy: Any
) -> None:
    """Anyone else is left without advice, whatever the settings allow."""
    bad = {part: SPOILS[part][number % len(SPOILS[part])] for part, number in spoiled.items()}

    assert (not spoiled) == advised({**GOOD, **bad}, username, policy)
