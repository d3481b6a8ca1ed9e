"""The AWS operations that moto lacks, or answers without what matters here.

They are EKS's access entries, CloudFormation's stack with its schedule and alarms, the topics'
subscriptions and IAM's simulation.

The stub answers within botocore, which validates the parameters. The stub validates the answers
against botocore's models, and that an operation can return the error that a test wants.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import botocore.handlers
import pytest
from botocore.awsrequest import AWSResponse
from botocore.validate import ParamValidator

Json = dict[str, Any]

#: Errors that any operation can return, although its model doesn't declare them.
_ANYWHERE = frozenset(
    {"AccessDenied", "AccessDeniedException", "ExpiredTokenException", "ValidationError"}
)

#: The key in botocore's context of a call under which the stub keeps the call's parameters.
_PARAMS = "parameters for the stub"

#: The name that CloudFormation gives the schedule of the stack.
SCHEDULE_NAME = "csr-approver-Schedule-1ABC"


#: The alarm of the stack, and the topic that it notifies.
ALARM_NAME = "csr-approver-Alarm-1ABC"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"

#: A topic has this policy if no other is given. From: Amazon SNS API reference, CreateTopic.
_OWN_ACCOUNT = json.dumps(
    {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": "*"},
                "Action": ["SNS:Publish", "SNS:Subscribe"],
                "Condition": {"StringEquals": {"AWS:SourceOwner": "123456789012"}},
            }
        ]
    }
)


def topic(*, confirmed: int = 1, pending: int = 0, **attributes: str) -> dict[str, str]:
    """Return a topic's attributes. moto counts no subscriptions in them."""
    counts = {"SubscriptionsConfirmed": str(confirmed), "SubscriptionsPending": str(pending)}
    return {"Policy": _OWN_ACCOUNT, **counts, **attributes}


class AwsError(Exception):
    """An error that AWS returns."""

    def __init__(self, code: str, message: str = "AWS's message") -> None:
        super().__init__(code)
        self.code = code
        self.message = message


@dataclass
class AwsStub:
    """Access entries and stacks, and the answers that tests want.

    `entries`: by Region and cluster, then by the principal's ARN. `stacks`: by Region and name.
    """

    entries: dict[tuple[str, str], dict[str, Json]] = field(default_factory=dict)
    stacks: dict[tuple[str, str], Json] = field(default_factory=dict)
    #: More outputs of a stack, by its Region and name.
    outputs: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    #: The events of every log group.
    events: list[Json] = field(default_factory=list)
    schedule: str = "ENABLED"
    #: Operations and their parameters, in order.
    calls: list[tuple[str, Json]] = field(default_factory=list)
    #: What replaces an operation's answer: an error's code, an exception, or another answer.
    overrides: dict[str, Any] = field(default_factory=dict)
    #: How many calls of an operation succeed, and the code of the error that later ones get.
    fail_after: dict[str, tuple[int, str]] = field(default_factory=dict)
    #: The types of the stack's resources.
    resources: list[str] = field(
        default_factory=lambda: [
            "AWS::Lambda::Function",
            "AWS::Scheduler::Schedule",
            "AWS::CloudWatch::Alarm",
        ]
    )
    #: What CloudWatch says of the stack's alarm, and SNS of each topic by its ARN.
    alarm: Json = field(default_factory=lambda: {"AlarmName": ALARM_NAME, "AlarmActions": [TOPIC]})
    topics: dict[str, dict[str, str]] = field(default_factory=lambda: {TOPIC: topic()})
    #: What IAM's simulation denies: an action, or an action and a Region.
    denied: set[str] = field(default_factory=set)
    #: Headers to set on an operation's answer; its other headers stay.
    headers: dict[str, Json] = field(default_factory=dict)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put the stub into every session that is created from now on."""
        ours = [
            ("provide-client-params", self._record_call),
            ("before-call", self._respond),
            ("after-call", self._override_headers),
        ]
        handlers = [*botocore.handlers.BUILTIN_HANDLERS, *ours]
        patch.setattr(botocore.handlers, "BUILTIN_HANDLERS", handlers)

    def made(self, operation: str) -> list[Json]:
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

    def _record_call(self, params: Json, model: Any, context: Json, **_: Any) -> None:
        context[_PARAMS] = dict(params)
        self.calls.append((model.name, context[_PARAMS]))

    def _respond(self, model: Any, context: Json, **_: Any) -> Any:
        try:
            answer = self._find_answer(model, context)
        except AwsError as error:
            return _error_response(model, error)
        if answer is None:
            return None
        report = ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        return _response(200), {"ResponseMetadata": {}, **answer}

    def _override_headers(self, parsed: Json, model: Any, **_: Any) -> None:
        parsed["ResponseMetadata"].setdefault("HTTPHeaders", {}).update(
            self.headers.get(model.name, {})
        )

    def _find_answer(self, model: Any, context: Json) -> Json | None:
        """Return the stub's answer; None passes the call on to moto.

        Raises:
            AwsError: the answer is an error. Any other exception is one that a test wants.
        """
        given, region = context[_PARAMS], context["client_region"]
        override = self.overrides.get(model.name)
        successes, code = self.fail_after.get(model.name, (0, ""))
        if code and len(self.made(model.name)) > successes:
            raise AwsError(code)
        if isinstance(override, str):
            raise AwsError(override)
        if isinstance(override, Exception):
            raise override
        if isinstance(override, dict):
            return override
        respond: Callable[[Json, str], Json] | None = getattr(self, f"_on_{model.name}", None)
        return None if respond is None else respond(given, region)

    # --- EKS ------------------------------------------------------------------------------------

    def _on_DescribeAccessEntry(self, given: Json, region: str) -> Json:  # noqa: N802
        return {"accessEntry": self._found(given, region)}

    def _on_CreateAccessEntry(self, given: Json, region: str) -> Json:  # noqa: N802
        cluster, arn = given["clusterName"], given["principalArn"]
        if arn in self.entries.get((region, cluster), {}):
            raise AwsError("ResourceInUseException")
        self.entry(cluster, arn, *given["kubernetesGroups"], kind=given["type"], region=region)
        return {"accessEntry": self._found(given, region)}

    def _on_UpdateAccessEntry(self, given: Json, region: str) -> Json:  # noqa: N802
        entry = self._found(given, region)
        entry["kubernetesGroups"] = given["kubernetesGroups"]
        return {"accessEntry": entry}

    def _on_ListAccessEntries(self, given: Json, region: str) -> Json:  # noqa: N802
        """Return two entries a page."""
        every = sorted(self.entries.get((region, given["clusterName"]), {}))
        start = int(given.get("nextToken", "0"))
        more = {"nextToken": str(start + 2)} if len(every) > start + 2 else {}
        return {"accessEntries": every[start : start + 2], **more}

    def _found(self, given: Json, region: str) -> Json:
        entries = self.entries.get((region, given["clusterName"]), {})
        if given["principalArn"] not in entries:
            raise AwsError("ResourceNotFoundException")
        return entries[given["principalArn"]]

    # --- CloudWatch Logs ------------------------------------------------------------------------

    def _on_FilterLogEvents(self, given: Json, _: str) -> Json:  # noqa: N802
        """Return two events a page, whatever the filter is."""
        start = int(given.get("nextToken", "0"))
        more = {"nextToken": str(start + 2)} if len(self.events) > start + 2 else {}
        return {"events": self.events[start : start + 2], **more}

    # --- alarms, topics, rights -----------------------------------------------------------------

    def _on_DescribeAlarms(self, given: Json, _: str) -> Json:  # noqa: N802
        asked = self.alarm["AlarmName"] in given["AlarmNames"]
        return {"MetricAlarms": [{"ActionsEnabled": True, **self.alarm}] if asked else []}

    def _on_GetTopicAttributes(self, given: Json, region: str) -> Json:  # noqa: N802
        arn = given["TopicArn"]
        assert region == arn.split(":")[3]
        if arn not in self.topics:
            raise AwsError("NotFound")
        return {"Attributes": self.topics[arn]}

    def _on_SimulatePrincipalPolicy(self, given: Json, _: str) -> Json:  # noqa: N802
        [action] = given["ActionNames"]
        regions = [one["ContextKeyValues"][0] for one in given["ContextEntries"]]
        denied = self.denied & {action, *(f"{action} {one}" for one in regions)}
        decision = "implicitDeny" if denied else "allowed"
        return {"EvaluationResults": [{"EvalActionName": action, "EvalDecision": decision}]}

    # --- CloudFormation, Scheduler --------------------------------------------------------------

    def _on_DescribeStacks(self, given: Json, region: str) -> Json:  # noqa: N802
        name = given["StackName"]
        if (region, name) not in self.stacks:
            raise AwsError("ValidationError", f"Stack with id {name} does not exist")
        stack = self.stacks[region, name]
        more = self.outputs.get((region, name), {})
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in more.items()]
        return {"Stacks": [{**stack, "Outputs": [*stack["Outputs"], *outputs]}]}

    def _on_ListStackResources(self, given: Json, region: str) -> Json:  # noqa: N802
        assert (region, given["StackName"]) in self.stacks
        return {"StackResourceSummaries": [_resource(kind) for kind in self.resources]}

    def _on_GetSchedule(self, given: Json, region: str) -> Json:  # noqa: N802
        assert given == {"Name": SCHEDULE_NAME}
        assert region
        return {"Name": given["Name"], "State": self.schedule}


def _resource(kind: str) -> Json:
    logical = kind.rsplit(":", 1)[-1]
    return {
        "LogicalResourceId": logical,
        "PhysicalResourceId": f"csr-approver-{logical}-1ABC",
        "ResourceType": kind,
        "ResourceStatus": "CREATE_COMPLETE",
        "LastUpdatedTimestamp": datetime.now(UTC),
    }


def _entry(cluster: str, arn: str, groups: list[str], kind: str) -> Json:
    return {
        "clusterName": cluster,
        "principalArn": arn,
        "kubernetesGroups": groups,
        "type": kind,
        "username": "arn:aws:sts::account:assumed-role/role/{{SessionName}}",
    }


def _error_response(model: Any, error: AwsError) -> Any:
    """Return the error response; fail on an error code that the operation can't return.

    EC2's models declare no errors, and no model declares AccessDenied, so those codes pass.
    """
    shapes = model.error_shapes
    codes = {shape.metadata.get("error", {}).get("code") for shape in shapes}
    known = {shape.name for shape in shapes} | codes | _ANYWHERE
    assert error.code in known or model.service_model.service_name == "ec2"
    content = {"Code": error.code, "Message": error.message}
    return _response(400), {"Error": content, "ResponseMetadata": {}}


def _response(status: int) -> AWSResponse:
    return AWSResponse("", status, {}, b"")
