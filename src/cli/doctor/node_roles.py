"""Who may assume a node's role: that caller chooses the session name, and so the instance."""

from collections.abc import Sequence
from typing import Final

from adapters.aws_account import Aws
from adapters.eks import DescribedCluster
from cli.account import access_entries
from cli.doctor import roles
from cli.doctor.chain import Finding, broken, ok, still_open, unknown
from core.errors import EvidenceUnavailable
from core.model import CANONICAL_ARN, Csr, Role
from core.printable import printable

# A hostile API server can list any number of roles in its requests, and each costs a call to IAM,
# which throttles the whole account.
_MAX_REPORTED: Final = 20


def look_at_node_roles(
    own: Aws, account: str, cluster: DescribedCluster, csrs: Sequence[Csr]
) -> Finding:
    """Return whether only EC2 may assume the node roles in access entries and requests.

    Raises:
        EvidenceUnavailable: IAM couldn't be asked.
    """
    entries, unchecked = _of_entries(own, cluster)
    reported = {
        arn for one in csrs if one.node for arn in one.extra.get(CANONICAL_ARN, ())
    } - entries
    known = [*sorted(entries), *sorted(reported)[:_MAX_REPORTED]]
    assumable: list[str] = []
    for arn in known:
        role = Role.of_arn(arn)
        if role is None or role.account != account:
            unchecked.append(f"{printable(arn)} belongs to another account")
            continue
        policy = roles.trust_policy(own.client("iam"), role.name)
        others = [] if policy is None else roles.other_principals(policy)
        assumable += [f"{role.name} may be assumed by {', '.join(others)}"] if others else []
    if len(reported) > _MAX_REPORTED:
        unchecked.append(f"{len(reported) - _MAX_REPORTED} more in requests, not checked")
    if assumable:
        return broken("; ".join(assumable), "let only ec2.amazonaws.com assume a node's role")
    if unchecked:
        return unknown("; ".join(unchecked))
    if not known:
        return still_open("no node role is known: no access entry and no request has one")
    return ok(f"only EC2 may assume {', '.join(map(printable, known))}")


def _of_entries(own: Aws, cluster: DescribedCluster) -> tuple[set[str], list[str]]:
    """Return the node roles of the access entries, and why these can't be read."""
    if cluster.auth_mode == "CONFIG_MAP":
        return set(), []
    client = own.client("eks", cluster.cluster.region)
    try:
        return set(access_entries.node_principals(client, cluster.cluster.name)), []
    except EvidenceUnavailable as error:
        return set(), [str(error)]
