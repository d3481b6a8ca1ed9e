"""The approver's role in this account: from its stack's outputs, or by its default name."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.aws_account import Aws
from cli.account import stack
from cli.account.caller import Caller, who_am_i
from cli.account.problems import with_fix
from cli.exits import UNKNOWN, USAGE, stop
from core.errors import EvidenceUnavailable
from core.model import Role
from core.printable import quoted

# From: CloudFormation API reference, CreateStack, `StackName`.
_STACK_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")

_EXPECTED: Final = "expected a letter, then at most 127 letters, digits and hyphens"


@dataclass(frozen=True, slots=True)
class ApproverRole:
    """The role's ARN, and where it comes from."""

    arn: str
    source: str


def role_by_name(caller: Caller, name: str, region: str) -> ApproverRole:
    """Return the role that a stack of this name creates by default. From: template.yaml."""
    arn = f"arn:{caller.partition}:iam::{caller.account}:role/{name}-reviewer-{region}"
    return ApproverRole(arn, "by its default name")


def check_role(arn: str) -> None:
    """Stop if this isn't a role's ARN.

    Raises:
        typer.Exit: it isn't (2).
    """
    if Role.of_arn(arn) is None:
        expected = "expected arn:aws:iam::ACCOUNT:role/NAME"
        stop(USAGE, f"--role-arn: got {quoted(arn, 200)}, {expected}")


def check_stack(name: str) -> None:
    """Stop if this can't be a stack's name.

    Raises:
        typer.Exit: it can't (2).
    """
    if not _STACK_NAME.fullmatch(name):
        stop(USAGE, f"--stack-name: got {quoted(name, 200)}, {_EXPECTED}")


def find_role(aws: Aws, given: str | None, name: str, region: str) -> ApproverRole:
    """Return the given role, or that of the stack; without a stack, the role by its default name.

    Raises:
        typer.Exit: what is given isn't a role (2), or AWS couldn't be asked (3).
    """
    if given is not None:
        check_role(given)
        return ApproverRole(given, "from --role-arn")
    check_stack(name)
    try:
        found = stack.describe(aws.client("cloudformation", region), name, region)
        if found is not None and Role.of_arn(found.role_arn) is not None:
            return ApproverRole(found.role_arn, f"from the outputs of the stack {name} in {region}")
        why = f"there is no stack {name} in {region} with a role in its outputs"
    except EvidenceUnavailable as error:
        why = str(error)
    try:
        caller = who_am_i(aws.client("sts"), lambda: datetime.now(UTC))
    except EvidenceUnavailable as error:
        stop(UNKNOWN, with_fix(str(error)))
    if caller.problem:
        stop(UNKNOWN, with_fix(caller.problem))
    role = role_by_name(caller, name, region)
    return ApproverRole(role.arn, f"{role.source}; {why}")
