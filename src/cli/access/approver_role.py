"""The approver's role in this account: the given one, or that of its stack's outputs."""

import re
from dataclasses import dataclass
from typing import Final

from adapters.aws_account import Aws
from cli.account import stack
from cli.account.problems import with_fix
from cli.exits import UNKNOWN, USAGE, stop
from core.errors import EvidenceUnavailable
from core.model import Role
from core.printable import quoted

# From: CloudFormation API reference, CreateStack, `StackName`.
_STACK_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")

# The ARN of a session lacks its role's path. From: IAM User Guide, "IAM identifiers".
_SESSION: Final = re.compile(
    r"arn:[a-z-]+:sts::[0-9]{12}:assumed-role/([\w+=,.@-]{1,64})/.*", re.ASCII
)

_EXPECTED: Final = "expected a letter, then at most 127 letters, digits and hyphens"


@dataclass(frozen=True, slots=True)
class ApproverRole:
    """The role's ARN, and where it comes from."""

    arn: str
    source: str


def check_role(arn: str) -> None:
    """Stop if this isn't a role's ARN.

    Raises:
        typer.Exit: it isn't (2).
    """
    if Role.of_arn(arn) is None:
        expected = f"expected arn:aws:iam::ACCOUNT:role/NAME{_shown_by_iam(arn)}"
        stop(USAGE, f"--role-arn: got {quoted(arn, 200)}, {expected}")


def _shown_by_iam(arn: str) -> str:
    """Return how to get a session's role; `aws sts get-caller-identity` prints the session."""
    session = _SESSION.fullmatch(arn)
    if session is None:
        return ""
    return f", as shown by: aws iam get-role --role-name {session[1]} --query Role.Arn"


def check_stack(name: str) -> None:
    """Stop if this can't be a stack's name.

    Raises:
        typer.Exit: it can't (2).
    """
    if not _STACK_NAME.fullmatch(name):
        stop(USAGE, f"--stack-name: got {quoted(name, 200)}, {_EXPECTED}")


def find_role(aws: Aws, given: str | None, name: str, region: str) -> ApproverRole:
    """Return the given role, or that of the stack, whose role has no predictable name.

    Raises:
        typer.Exit: what is given isn't a role (2), or no role could be found (3).
    """
    if given is not None:
        check_role(given)
        return ApproverRole(given, "from --role-arn")
    check_stack(name)
    try:
        found = stack.describe(aws.client("cloudformation", region), name, region)
    except EvidenceUnavailable as error:
        stop(UNKNOWN, f"{with_fix(str(error))}; or give --role-arn")
    if found is None or Role.of_arn(found.role_arn) is None:
        missing = f"there is no stack {name} in {region} with a role in its outputs"
        stop(UNKNOWN, f"{missing}: give --stack-name, --stack-region or --role-arn")
    return ApproverRole(found.role_arn, f"from the outputs of the stack {name} in {region}")
