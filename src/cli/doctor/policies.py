"""What IAM's policy documents allow. From: IAM User Guide, "IAM JSON policy elements".

Conditions and denials aren't evaluated: what they stop counts as allowed.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from core.errors import EvidenceUnavailable


def parsed(document: object, what: str) -> Mapping[str, Any]:
    """Return a policy that AWS gives as JSON text. `what`: whose policy, for the error.

    Raises:
        EvidenceUnavailable: it isn't a policy.
    """
    try:
        policy = json.loads(document) if isinstance(document, str) else None
    except (ValueError, RecursionError):
        policy = None
    if not isinstance(policy, Mapping):
        raise EvidenceUnavailable(f"{what}: unreadable policy")
    return policy


def allowing(policy: Mapping[str, Any], *actions: str) -> Iterator[Mapping[str, Any]]:
    """Yield the statements that allow at least one of the actions to their principals."""
    for statement in in_list(policy.get("Statement")):
        if isinstance(statement, Mapping) and statement.get("Effect") == "Allow":
            patterns = [str(pattern).lower() for pattern in in_list(statement.get("Action"))]
            matched = any(
                fnmatchcase(action.lower(), pattern) for action in actions for pattern in patterns
            )
            if matched or "NotAction" in statement:
                yield statement


def principals(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the kind and the value of each principal of a statement; of all: `("AWS", "*")`."""
    principal = statement.get("Principal")
    if isinstance(principal, str):
        yield "AWS", principal
    elif isinstance(principal, Mapping):
        for kind, values in principal.items():
            for value in in_list(values):
                yield str(kind), str(value)


def lets_service(policy: Mapping[str, Any], service: str, action: str) -> bool:
    """Return whether a policy lets an AWS service do this; an account's root isn't a service."""
    wanted = {("Service", service), ("AWS", "*")}
    return any(wanted & set(principals(statement)) for statement in allowing(policy, action))


def in_list(value: object) -> Sequence[Any]:
    """Return a list: IAM accepts a single value in place of a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
