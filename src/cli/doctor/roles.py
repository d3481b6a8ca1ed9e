"""IAM roles, and who may assume them."""

from collections.abc import Mapping
from typing import Any, Final

from adapters.aws_clients import AWS_FAULTS, error_code, reported
from cli.doctor.policies import allowing, principals
from core.errors import EvidenceUnavailable

#: The actions that create a session of a role; the caller chooses the session's name.
_ASSUMING: Final = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")

_EC2: Final = frozenset({("Service", "ec2.amazonaws.com"), ("Service", "ec2.amazonaws.com.cn")})


def trust_policy(iam: Any, name: str) -> Mapping[str, Any] | None:
    """Return a role's trust policy; None if there is no such role.

    Raises:
        EvidenceUnavailable: IAM couldn't be asked.
    """
    try:
        policy = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    except AWS_FAULTS as error:
        if error_code(error) == "NoSuchEntity":
            return None
        raise EvidenceUnavailable(reported("IAM GetRole", error)) from error
    if not isinstance(policy, Mapping):
        raise EvidenceUnavailable("IAM GetRole: unreadable trust policy")
    return policy


def other_principals(policy: Mapping[str, Any]) -> list[str]:
    """Return the principals that a trust policy lets assume the role, but EC2's own service.

    Conditions and denials aren't evaluated: principals that they stop are returned, too.
    """
    found = set[str]()
    for statement in allowing(policy, *_ASSUMING):
        if "NotPrincipal" in statement:
            found.add("everyone except some principals")
        found |= {who for kind, who in principals(statement) if (kind, who) not in _EC2}
    return sorted(found)
