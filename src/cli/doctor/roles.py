"""IAM roles, and who may assume them. From: IAM User Guide, "IAM JSON policy elements"."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from adapters.aws_clients import AWS_FAULTS, error_code, reported
from core.errors import EvidenceUnavailable

#: The actions that create a session of a role; the caller chooses the session's name.
_ASSUMING: Final = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")

_EC2: Final = frozenset({"ec2.amazonaws.com", "ec2.amazonaws.com.cn"})


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
    found = [
        who
        for statement in _list(policy.get("Statement"))
        if isinstance(statement, Mapping) and _allows_assuming(statement)
        for who in _principals(statement)
    ]
    return sorted(set(found))


def _allows_assuming(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    actions = [str(one).lower() for one in _list(statement.get("Action"))]
    matched = any(fnmatchcase(one, action) for one in _ASSUMING for action in actions)
    return matched or "NotAction" in statement


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield "everyone except some principals"
    principal = statement.get("Principal")
    if isinstance(principal, str):
        yield principal
    elif isinstance(principal, Mapping):
        for kind, values in principal.items():
            for value in map(str, _list(values)):
                if not (kind == "Service" and value in _EC2):
                    yield value


def _list(value: object) -> Sequence[Any]:
    """Return a list: IAM accepts a single value in place of a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
