"""IAM roles: who may take them. From: IAM User Guide, "IAM JSON policy elements"."""

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Final

from adapters.aws_clients import AWS_FAULTS, error_code, reported
from core.errors import EvidenceUnavailable

#: By which a role's session, and with it a session's name, is had.
_TAKING: Final = ("sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity")

_EC2: Final = frozenset({"ec2.amazonaws.com", "ec2.amazonaws.com.cn"})


def trust_policy(iam: Any, name: str) -> Mapping[str, Any] | None:
    """The trust policy of a role; None where there is no such role.

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


def takers(policy: Mapping[str, Any]) -> list[str]:
    """All whom a trust policy allows to take the role, but EC2's own service.

    Conditions and denials aren't weighed: whom they stop is told as well.
    """
    found = [
        who
        for statement in _list(policy.get("Statement"))
        if isinstance(statement, Mapping) and _lets_take(statement)
        for who in _principals(statement)
    ]
    return sorted(set(found))


def _lets_take(statement: Mapping[str, Any]) -> bool:
    if statement.get("Effect") != "Allow":
        return False
    actions = [str(one).lower() for one in _list(statement.get("Action"))]
    matched = any(fnmatchcase(one, action) for one in _TAKING for action in actions)
    return matched or "NotAction" in statement


def _principals(statement: Mapping[str, Any]) -> Iterator[str]:
    if "NotPrincipal" in statement:
        yield "everybody but some"
    principal = statement.get("Principal")
    if isinstance(principal, str):
        yield principal
    elif isinstance(principal, Mapping):
        for kind, values in principal.items():
            for value in map(str, _list(values)):
                if not (kind == "Service" and value in _EC2):
                    yield value


def _list(value: object) -> Sequence[Any]:
    """IAM lets one stand for a list of one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
