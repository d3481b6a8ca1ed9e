"""Who may assume a node's role: that caller chooses the session name, and so the instance.

Only roles of EC2 nodes count: EKS itself judges the others, whose roles must be assumed by other
services. "Let only EC2 assume it" would cut those nodes off.
"""

from collections.abc import Collection, Sequence
from typing import Final

from adapters.aws_account import Aws
from adapters.eks import DescribedCluster
from cli.account import access_entries
from cli.doctor import roles
from cli.doctor.chain import Finding, broken, ok, still_open, unknown
from cli.node_kinds import NodeKind, kind_of
from core.errors import EvidenceUnavailable
from core.model import CANONICAL_ARN, Csr, Role
from core.printable import printable

#: The services that give other kinds of nodes their role's credentials.
#: From: EKS User Guide, "Pod execution role" and "Prepare credentials for hybrid nodes"; Amazon
#: SageMaker Developer Guide, "IAM role for SageMaker HyperPod".
_OF_OTHER_NODES: Final = {
    "eks-fargate-pods.amazonaws.com": "Fargate",
    "ssm.amazonaws.com": "hybrid",
    "rolesanywhere.amazonaws.com": "hybrid",
    "sagemaker.amazonaws.com": "HyperPod",
}
_EC2_ALONE: Final = "let only ec2.amazonaws.com assume an EC2 node's role"

# A hostile API server can list any number of roles in its requests, and each costs a call to IAM,
# which throttles the whole account.
_MAX_REPORTED: Final = 20


def look_at_node_roles(
    own: Aws, account: str, cluster: DescribedCluster, csrs: Sequence[Csr]
) -> Finding:
    """Return whether only EC2 may assume the roles of EC2 nodes in access entries and requests.

    Raises:
        EvidenceUnavailable: IAM couldn't be asked.
    """
    entries, unchecked = _of_entries(own, cluster)
    # A node of no known kind may be a person in a node's role.
    judged = [one for one in csrs if one.node and kind_of(one) in {NodeKind.EC2, None}]
    reported = {arn for one in judged for arn in one.extra.get(CANONICAL_ARN, ())} - entries
    known = [*sorted(entries), *sorted(reported)[:_MAX_REPORTED]]
    assumable: list[str] = []
    principals: set[str] = set()
    for arn in known:
        role = Role.of_arn(arn)
        if role is None or role.account != account:
            unchecked.append(f"{printable(arn)} belongs to another account")
            continue
        policy = roles.trust_policy(own.client("iam"), role.name)
        others = [] if policy is None else roles.other_principals(policy)
        assumable += [f"{role.name} may be assumed by {', '.join(others)}"] if others else []
        principals |= set(others)
    if len(reported) > _MAX_REPORTED:
        unchecked.append(f"{len(reported) - _MAX_REPORTED} more in requests, not checked")
    if assumable:
        return broken("; ".join(assumable), _fix(principals))
    if unchecked:
        return unknown("; ".join(unchecked))
    if not known:
        return still_open("no EC2 node's role is known: no access entry and no request has one")
    return ok(f"only EC2 may assume {', '.join(map(printable, known))}")


def _fix(principals: Collection[str]) -> str:
    """Return the fix, which takes a role from no node of another kind."""
    kinds = sorted({_OF_OTHER_NODES[one] for one in principals if one in _OF_OTHER_NODES})
    if not kinds:
        return _EC2_ALONE
    return f"give the {' and '.join(kinds)} nodes a role of their own, and then {_EC2_ALONE}"


def _of_entries(own: Aws, cluster: DescribedCluster) -> tuple[set[str], list[str]]:
    """Return the node roles of the access entries, and why these can't be read."""
    if cluster.auth_mode == "CONFIG_MAP":
        return set(), []
    client = own.client("eks", cluster.cluster.region)
    try:
        return set(access_entries.node_principals(client, cluster.cluster.name)), []
    except EvidenceUnavailable as error:
        return set(), [str(error)]
