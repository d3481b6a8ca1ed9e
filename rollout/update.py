"""One update of an existing stack, by a change set."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import ClientError, WaiterError

from rollout.refusal import Refused

#: Of a stack that can be updated. From: CloudFormation User Guide, "Stack status codes".
_SETTLED: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    }
)
#: SAM's transform is a macro; the released template has none, and needs only the first.
_CAPABILITIES: Final = ("CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND")
_NO_CHANGE: Final = ("didn't contain changes", "No updates are to be performed")
_SOON: Final = {"Delay": 5, "MaxAttempts": 120}
_LATER: Final = {"Delay": 15, "MaxAttempts": 480}


@dataclass(frozen=True, slots=True)
class Update:
    """An update of a stack.

    `parameters`: those to change. `kept`: the names of those that the stack has; the others keep
    their values. `tags`: all of them, or none to keep the stack's.
    """

    stack: str
    template_url: str
    parameters: Mapping[str, str]
    kept: Sequence[str]
    tags: Mapping[str, str]


def kept_parameters(cloudformation: Any, stack: str) -> list[str]:
    """Return the names of the stack's parameters, whose values an update keeps.

    Raises:
        Refused: there is no such stack, or it can't be updated now.
    """
    try:
        [found] = cloudformation.describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        raise Refused(
            f"there is no stack {stack}, and ROLLBACK is for updates only, because a new stack has "
            "no alarms yet. Run make deploy without ROLLBACK."
        ) from error
    if found["StackStatus"] not in _SETTLED:
        raise Refused(f"{stack} is {found['StackStatus']}: wait, or see its events")
    return [one["ParameterKey"] for one in found.get("Parameters", [])]


def create_change_set(
    cloudformation: Any, update: Update, name: str, rollback: Mapping[str, Any]
) -> list[str]:
    """Create a change set and return its changes, a line each; nothing if there are none.

    Raises:
        Refused: CloudFormation can't create it; has the reason.
    """
    summary = cloudformation.get_template_summary(TemplateURL=update.template_url)
    declared = {one["ParameterKey"] for one in summary["Parameters"]}
    if unknown := set(update.parameters) - declared:
        raise Refused(f"the template has no parameter {', '.join(sorted(unknown))}")
    cloudformation.create_change_set(
        StackName=update.stack,
        ChangeSetName=name,
        TemplateURL=update.template_url,
        Parameters=_parameters(update.parameters, [key for key in update.kept if key in declared]),
        Capabilities=list(_CAPABILITIES),
        RollbackConfiguration=dict(rollback),
        **({"Tags": _tags(update.tags)} if update.tags else {}),
    )
    which = {"StackName": update.stack, "ChangeSetName": name}
    try:
        cloudformation.get_waiter("change_set_create_complete").wait(**which, WaiterConfig=_SOON)
    except WaiterError as error:
        reason = error.last_response.get("StatusReason", str(error))
        cloudformation.delete_change_set(**which)
        if any(words in reason for words in _NO_CHANGE):
            return []
        raise Refused(f"CloudFormation can't change {update.stack}: {reason}") from error
    return [_line(one["ResourceChange"]) for one in _changes(cloudformation, which)]


def execute(cloudformation: Any, update: Update, name: str) -> str:
    """Execute a change set, wait for its end, and return the stack's status."""
    cloudformation.execute_change_set(StackName=update.stack, ChangeSetName=name)
    try:
        cloudformation.get_waiter("stack_update_complete").wait(
            StackName=update.stack, WaiterConfig=_LATER
        )
    except WaiterError as error:
        if "Stacks" not in error.last_response:
            raise
    [found] = cloudformation.describe_stacks(StackName=update.stack)["Stacks"]
    status: str = found["StackStatus"]
    return status


def _parameters(given: Mapping[str, str], kept: list[str]) -> list[dict[str, Any]]:
    changed = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
    return changed + [
        {"ParameterKey": key, "UsePreviousValue": True} for key in kept if key not in given
    ]


def _tags(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def _changes(cloudformation: Any, which: Mapping[str, str]) -> list[dict[str, Any]]:
    pages = cloudformation.get_paginator("describe_change_set").paginate(**which)
    return [one for page in pages for one in page["Changes"] if one.get("Type") == "Resource"]


def _line(change: Mapping[str, Any]) -> str:
    replaced = change.get("Replacement", "False")
    return f"{change['Action']:8}{change['LogicalResourceId']:34}replacement: {replaced}"
