"""The AWS operations that moto lacks, answered within botocore, and validated by its models.

These are EKS access entries, CloudFormation's stack and its schedule. botocore validates the
parameters; the stub validates the answers, and that an operation's model has the error.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import botocore.handlers
import pytest
from botocore.awsrequest import AWSResponse
from botocore.validate import ParamValidator

Answer = dict[str, Any]

#: Errors of any operation, besides those of its model.
_ANYWHERE = frozenset(
    {"AccessDenied", "AccessDeniedException", "ExpiredTokenException", "ValidationError"}
)

_PARAMS = "given parameters"


class Refused(Exception):
    """An error of AWS, by its code."""

    def __init__(self, code: str, message: str = "a message of AWS's") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass
class AwsStub:
    """The account's access entries by Region, cluster and principal, and its stacks by Region."""

    entries: dict[tuple[str, str], dict[str, Answer]] = field(default_factory=dict)
    stacks: dict[tuple[str, str], Answer] = field(default_factory=dict)
    schedule: str = "ENABLED"
    #: Operations and their parameters, in order.
    calls: list[tuple[str, Answer]] = field(default_factory=list)
    #: Instead of an operation's answer: an error's code, an exception, or an answer.
    instead: dict[str, Any] = field(default_factory=dict)
    #: How many calls of an operation pass before an error's code comes instead.
    after: dict[str, tuple[int, str]] = field(default_factory=dict)
    #: The types of the stack's resources.
    resources: list[str] = field(
        default_factory=lambda: ["AWS::Lambda::Function", "AWS::Scheduler::Schedule"]
    )
    #: Headers of an operation's answer, in place of those that came.
    headers: dict[str, Answer] = field(default_factory=dict)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put the stub into every session that is created from now on."""
        ours = [("provide-client-params", self._note), ("before-call", self._answer)]
        ours.append(("after-call", self._head))
        handlers = [*botocore.handlers.BUILTIN_HANDLERS, *ours]
        patch.setattr(botocore.handlers, "BUILTIN_HANDLERS", handlers)

    def made(self, operation: str) -> list[Answer]:
        """Return the parameters of the calls of an operation."""
        return [given for name, given in self.calls if name == operation]

    def entry(
        self, cluster: str, arn: str, *groups: str, kind: str = "STANDARD", region: str
    ) -> None:
        """Add an access entry."""
        made = _entry(cluster, arn, list(groups), kind)
        self.entries.setdefault((region, cluster), {})[arn] = made

    def stack(
        self, role_arn: str, *, region: str, name: str = "csr-approver", **values: Any
    ) -> None:
        """Add a deployed stack. `values`: its status, or parameters by name."""
        status = values.pop("status", "UPDATE_COMPLETE")
        self.stacks[region, name] = {
            "StackName": name,
            "CreationTime": datetime.now(UTC),
            "StackStatus": status,
            "Parameters": [{"ParameterKey": k, "ParameterValue": v} for k, v in values.items()],
            "Outputs": [{"OutputKey": "ReviewerRoleArn", "OutputValue": role_arn}],
        }

    def _note(self, params: Answer, model: Any, context: Answer, **_: Any) -> None:
        context[_PARAMS] = dict(params)
        self.calls.append((model.name, context[_PARAMS]))

    def _answer(self, model: Any, context: Answer, **_: Any) -> Any:
        try:
            answer = self._answered(model, context)
        except Refused as refusal:
            return _refusal(model, refusal)
        if answer is None:
            return None
        report = ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        return _response(200), {"ResponseMetadata": {}, **answer}

    def _head(self, parsed: Answer, model: Any, **_: Any) -> None:
        parsed["ResponseMetadata"].setdefault("HTTPHeaders", {}).update(
            self.headers.get(model.name, {})
        )

    def _answered(self, model: Any, context: Answer) -> Answer | None:
        given, region = context[_PARAMS], context["client_region"]
        other = self.instead.get(model.name)
        passing, code = self.after.get(model.name, (0, ""))
        if code and len(self.made(model.name)) > passing:
            raise Refused(code)
        if isinstance(other, str):
            raise Refused(other)
        if isinstance(other, Exception):
            raise other
        if isinstance(other, dict):
            return other
        own: Callable[[Answer, str], Answer] | None = getattr(self, f"_on_{model.name}", None)
        return None if own is None else own(given, region)

    # --- EKS ------------------------------------------------------------------------------------

    def _on_DescribeAccessEntry(self, given: Answer, region: str) -> Answer:  # noqa: N802
        return {"accessEntry": self._found(given, region)}

    def _on_CreateAccessEntry(self, given: Answer, region: str) -> Answer:  # noqa: N802
        cluster, arn = given["clusterName"], given["principalArn"]
        if arn in self.entries.get((region, cluster), {}):
            raise Refused("ResourceInUseException")
        self.entry(cluster, arn, *given["kubernetesGroups"], kind=given["type"], region=region)
        return {"accessEntry": self._found(given, region)}

    def _on_UpdateAccessEntry(self, given: Answer, region: str) -> Answer:  # noqa: N802
        entry = self._found(given, region)
        entry["kubernetesGroups"] = given["kubernetesGroups"]
        return {"accessEntry": entry}

    def _on_ListAccessEntries(self, given: Answer, region: str) -> Answer:  # noqa: N802
        """Return two entries a page."""
        every = sorted(self.entries.get((region, given["clusterName"]), {}))
        start = int(given.get("nextToken", "0"))
        more = {"nextToken": str(start + 2)} if len(every) > start + 2 else {}
        return {"accessEntries": every[start : start + 2], **more}

    def _found(self, given: Answer, region: str) -> Answer:
        entries = self.entries.get((region, given["clusterName"]), {})
        if given["principalArn"] not in entries:
            raise Refused("ResourceNotFoundException")
        return entries[given["principalArn"]]

    # --- CloudFormation, Scheduler --------------------------------------------------------------

    def _on_DescribeStacks(self, given: Answer, region: str) -> Answer:  # noqa: N802
        name = given["StackName"]
        if (region, name) not in self.stacks:
            raise Refused("ValidationError", f"Stack with id {name} does not exist")
        return {"Stacks": [self.stacks[region, name]]}

    def _on_ListStackResources(self, given: Answer, region: str) -> Answer:  # noqa: N802
        assert (region, given["StackName"]) in self.stacks
        return {"StackResourceSummaries": [_resource(kind) for kind in self.resources]}

    def _on_GetSchedule(self, given: Answer, region: str) -> Answer:  # noqa: N802
        assert (given, bool(region)) == ({"Name": "csr-approver-Schedule-1ABC"}, True)
        return {"Name": given["Name"], "State": self.schedule}


def _resource(kind: str) -> Answer:
    logical = kind.rsplit(":", 1)[-1]
    return {
        "LogicalResourceId": logical,
        "PhysicalResourceId": f"csr-approver-{logical}-1ABC",
        "ResourceType": kind,
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": datetime.now(UTC),
    }


def _entry(cluster: str, arn: str, groups: list[str], kind: str) -> Answer:
    return {
        "clusterName": cluster,
        "principalArn": arn,
        "kubernetesGroups": groups,
        "type": kind,
        "username": "of EKS's own making",
    }


def _refusal(model: Any, refusal: Refused) -> Any:
    """Return the error's answer; no model has the errors of EC2 and of missing rights."""
    known = {shape.name for shape in model.error_shapes} | _ANYWHERE
    assert refusal.code in known or model.service_model.service_name == "ec2"
    error = {"Code": refusal.code, "Message": refusal.message}
    return _response(400), {"Error": error, "ResponseMetadata": {}}


def _response(status: int) -> AWSResponse:
    return AWSResponse("", status, {}, b"")
