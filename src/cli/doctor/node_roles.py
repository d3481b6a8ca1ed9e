"""Who may take a node's role. He chooses the session's name, and with it the instance."""

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

# What an API server says of its requests has no end where it is hostile, and each role that they
# tell is a question to IAM, which throttles the whole account.
_MOST_TOLD: Final = 20


def look_at_node_roles(
    own: Aws, account: str, cluster: DescribedCluster, csrs: Sequence[Csr]
) -> Finding:
    """Whether EC2 alone may take the roles that the access entries and the requests tell.

    Raises:
        EvidenceUnavailable: IAM couldn't be asked.
    """
    entries, untold = _of_entries(own, cluster)
    reported = {
        arn for one in csrs if one.node for arn in one.extra.get(CANONICAL_ARN, ())
    } - entries
    known = [*sorted(entries), *sorted(reported)[:_MOST_TOLD]]
    taken: list[str] = []
    for arn in known:
        role = Role.of_arn(arn)
        if role is None or role.account != account:
            untold.append(f"{printable(arn)} isn't this account's")
            continue
        policy = roles.trust_policy(own.client("iam"), role.name)
        others = [] if policy is None else roles.takers(policy)
        taken += [f"{role.name} may be taken by {', '.join(others)}"] if others else []
    if len(reported) > _MOST_TOLD:
        untold.append(f"requests tell {len(reported) - _MOST_TOLD} more, not looked at")
    if taken:
        return broken("; ".join(taken), "let ec2.amazonaws.com alone take a node's role")
    if untold:
        return unknown("; ".join(untold))
    if not known:
        return still_open("no node's role is known: neither entries nor requests tell one")
    return ok(f"only EC2 may take {', '.join(map(printable, known))}")


def _of_entries(own: Aws, cluster: DescribedCluster) -> tuple[set[str], list[str]]:
    """The nodes' roles by access entries, and why they can't be told."""
    if cluster.auth_mode == "CONFIG_MAP":
        return set(), []
    client = own.client("eks", cluster.cluster.region)
    try:
        return set(access_entries.node_principals(client, cluster.cluster.name)), []
    except EvidenceUnavailable as error:
        return set(), [str(error)]
