"""An update with rollback triggers: which alarms, by which calls, and when it is refused.

botocore's stubber answers, and validates each call by AWS's models.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import boto3
import pytest
from botocore.stub import ANY, Stubber

from rollout.__main__ import announced, main
from rollout.triggers import MONITORED_MINUTES, TRIGGERS
from tests.template.sam import transformed
from tests.template.templates import source_stack

STACK: Final = "csr-approver"
REGION: Final = "eu-west-1"
ID: Final = f"arn:aws:cloudformation:{REGION}:123456789012:stack/{STACK}/0a1b"
PACKAGED: Final = "Resources:\n  F:\n    Properties:\n      CodeUri: s3://the-code/0a1b\n"
DATE: Final = "2026-11-29T00:00:00Z"


def alarm_name(key: str) -> str:
    return f"{STACK}-{key}"


def arn(key: str) -> str:
    return f"arn:aws:cloudwatch:{REGION}:123456789012:alarm:{alarm_name(key)}"


class World:
    """Clients of a Region that answer what the test says, in order."""

    def __init__(self) -> None:
        keys = {"aws_access_key_id": "practice", "aws_secret_access_key": "practice"}
        self._clients = {
            name: boto3.client(name, REGION, **keys)
            for name in ("cloudformation", "cloudwatch", "s3")
        }
        self.stubs = {name: Stubber(client) for name, client in self._clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def client(self, name: str) -> Any:
        return self._clients[name]

    def stack(self, status: str = "UPDATE_COMPLETE") -> None:
        """Let the stack exist, with two parameters."""
        described = {
            "StackName": STACK,
            "StackId": ID,
            "CreationTime": DATE,
            "StackStatus": status,
            "Parameters": [{"ParameterKey": key, "ParameterValue": "v"} for key in ("Mode", "Old")],
        }
        self.answer("cloudformation", "describe_stacks", {"Stacks": [described]}, StackName=STACK)

    def alarms(self, *, lacking: str = "", gone: str = "", firing: str = "") -> None:
        """Let the stack have its alarms, except for those that are named."""
        resources = [
            {
                "LogicalResourceId": key,
                "PhysicalResourceId": alarm_name(key),
                "ResourceType": "AWS::CloudWatch::Alarm",
                "LastUpdatedTimestamp": DATE,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for key in (*TRIGGERS, "DeniedAlarm")
            if key != lacking
        ]
        self.answer(
            "cloudformation",
            "list_stack_resources",
            {"StackResourceSummaries": resources},
            StackName=STACK,
        )
        alarms = [
            {
                "AlarmName": alarm_name(key),
                "AlarmArn": arn(key),
                "StateValue": "ALARM" if key == firing else "OK",
            }
            for key in TRIGGERS
            if key != gone
        ]
        if not lacking:
            names = sorted(map(alarm_name, TRIGGERS))
            self.answer("cloudwatch", "describe_alarms", {"MetricAlarms": alarms}, AlarmNames=names)

    def change_set(self, rollback: Mapping[str, Any], status: str = "CREATE_COMPLETE") -> None:
        """Expect the change set with this `RollbackConfiguration`, and give it one change."""
        url = {"TemplateURL": ANY}
        self.answer("s3", "put_object", {}, Bucket="the-code", Key=ANY, Body=PACKAGED.encode())
        declared = [{"ParameterKey": key} for key in ("Mode", "New")]
        self.answer("cloudformation", "get_template_summary", {"Parameters": declared}, **url)
        self.answer(
            "cloudformation",
            "create_change_set",
            {"Id": ID.replace(":stack/", ":changeSet/")},
            StackName=STACK,
            ChangeSetName=ANY,
            Parameters=[
                {"ParameterKey": "New", "ParameterValue": "n"},
                {"ParameterKey": "Mode", "UsePreviousValue": True},
            ],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            RollbackConfiguration=rollback,
            **url,
        )
        change = {"Action": "Modify", "LogicalResourceId": "ReviewerFunction"}
        found = {"Status": status, "Changes": [{"Type": "Resource", "ResourceChange": change}]}
        if status == "FAILED":
            found["StatusReason"] = "The submitted information didn't contain changes."
        for _ in range(1 if status == "FAILED" else 2):
            self.answer("cloudformation", "describe_change_set", found, **self._which())

    def executed(self, status: str) -> None:
        """Expect the change set's execution, which ends with this status of the stack."""
        self.answer("cloudformation", "execute_change_set", {}, **self._which())
        self.stack(status)
        self.stack(status)

    def answer(self, service: str, method: str, answer: Any, **expected: Any) -> None:
        self.stubs[service].add_response(method, answer, expected)

    def _which(self) -> dict[str, Any]:
        return {"StackName": STACK, "ChangeSetName": ANY}


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    for stub in made.stubs.values():
        stub.assert_no_pending_responses()


@pytest.fixture
def update(tmp_path: Path, world: World) -> Callable[..., int]:
    """Return what updates the stack as the Makefile does, without asking."""
    packaged = tmp_path / "packaged.yaml"
    packaged.write_text(PACKAGED)

    def run(rollback: str = "1", *parameters: str) -> int:
        given = ["--parameters", *parameters] if parameters else []
        return main([str(packaged), "--rollback", rollback, *given], world)

    return run


ON: Final = {
    "RollbackTriggers": [{"Arn": arn(key), "Type": "AWS::CloudWatch::Alarm"} for key in TRIGGERS],
    "MonitoringTimeInMinutes": MONITORED_MINUTES,
}
OFF: Final[Mapping[str, Any]] = {"RollbackTriggers": [], "MonitoringTimeInMinutes": 0}


@pytest.mark.parametrize(
    ("status", "code"), [("UPDATE_COMPLETE", 0), ("UPDATE_ROLLBACK_COMPLETE", 1)]
)
def test_an_update_has_the_stack_s_alarms_as_triggers(
    status: str, code: int, world: World, update: Callable[..., int]
) -> None:
    """Parameters that aren't given keep their values, and removed ones aren't sent."""
    world.stack()
    world.alarms()
    world.change_set(ON)
    world.executed(status)

    assert code == update("1", "New=n")


def test_an_update_without_triggers_removes_those_of_earlier_ones(
    world: World, update: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """CloudFormation keeps them otherwise, and would roll back the fix."""
    world.stack()
    world.change_set(OFF)
    world.executed("UPDATE_COMPLETE")

    assert 0 == update("0", "New=n")
    assert "removes those of earlier updates" in capsys.readouterr().out


def test_an_update_without_a_change_is_done(
    world: World, update: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """The empty change set is deleted."""
    world.stack()
    world.alarms()
    world.change_set(ON, "FAILED")
    which = {"StackName": STACK, "ChangeSetName": ANY}
    world.answer("cloudformation", "delete_change_set", {}, **which)

    assert 0 == update("1", "New=n")
    assert f"{STACK} has no change\n" == capsys.readouterr().out


# --- refused --------------------------------------------------------------------------------------


def _no_stack(world: World) -> None:
    world.stubs["cloudformation"].add_client_error(
        "describe_stacks", "ValidationError", f"Stack with id {STACK} does not exist"
    )


def _denied(world: World) -> None:
    world.stubs["cloudformation"].add_client_error(
        "describe_stacks", "AccessDenied", "not authorized to perform cloudformation:DescribeStacks"
    )


def _unsettled(world: World) -> None:
    world.stack("UPDATE_ROLLBACK_FAILED")


def _lacking(world: World) -> None:
    world.stack()
    world.alarms(lacking="ReviewsMissingAlarm")


def _gone(world: World) -> None:
    world.stack()
    world.alarms(gone="DeadLetterAlarm")


def _firing(world: World) -> None:
    world.stack()
    world.alarms(firing="ReviewerErrorsAlarm")


REFUSED: Final[Mapping[Callable[[World], None], str]] = {
    _no_stack: "ROLLBACK is for updates only",
    _denied: "An error occurred (AccessDenied) when calling the DescribeStacks operation",
    _unsettled: "csr-approver is UPDATE_ROLLBACK_FAILED",
    _lacking: "csr-approver has no alarm ReviewsMissingAlarm",
    _gone: "csr-approver has no alarm csr-approver-DeadLetterAlarm",
    _firing: "in ALARM: csr-approver-ReviewerErrorsAlarm",
}


@pytest.mark.parametrize("case", REFUSED)
def test_an_update_that_would_fail_is_not_begun(
    case: Callable[[World], None],
    world: World,
    update: Callable[..., int],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Nothing is uploaded or created, and the message says what to do."""
    case(world)

    assert 1 == update()
    assert f"deploy: {REFUSED[case]}" in capsys.readouterr().err.replace(
        f"there is no stack {STACK}, and ", ""
    )


@pytest.mark.parametrize("word", ["Mode", "Nosuch=v"])
def test_a_parameter_that_the_template_lacks_is_refused(
    word: str, world: World, update: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistyped name would otherwise be an error of CloudFormation's, or change nothing."""
    world.stack()
    world.answer("s3", "put_object", {}, Bucket="the-code", Key=ANY, Body=PACKAGED.encode())
    if "=" in word:
        declared = [{"ParameterKey": "Mode"}]
        summary = {"Parameters": declared}
        world.answer("cloudformation", "get_template_summary", summary, TemplateURL=ANY)

    assert 1 == update("0", word)
    assert word.partition("=")[0] in capsys.readouterr().err


# --- which alarms ---------------------------------------------------------------------------------


def test_the_triggers_are_alarms_of_the_template() -> None:
    """CloudFormation takes five at most."""
    alarms = source_stack().of_type("AWS::CloudWatch::Alarm")

    assert set(TRIGGERS) <= set(alarms)
    assert 5 >= len(TRIGGERS)
    assert set(TRIGGERS) <= set(transformed().source["Resources"])


def test_no_requester_can_keep_the_stack_from_being_updated() -> None:
    """An alarm on requests or on one cluster is no trigger: anyone in a cluster could fire it."""
    alarms = source_stack().of_type("AWS::CloudWatch::Alarm")
    by_cluster = {
        key
        for key, alarm in alarms.items()
        if any("GROUP BY" in one.get("Expression", "") for one in alarm.get("Metrics", []))
    }

    assert by_cluster
    assert set() == by_cluster & set(TRIGGERS)
    assert set() == {"StackDeniedAlarm", "ListTruncatedAlarm"} & set(TRIGGERS)


def test_it_is_watched_for_longer_than_its_slowest_alarm_takes() -> None:
    """An alarm that fires after the watch rolls nothing back."""
    slowest = max(
        seconds_to_fire(source_stack().properties(key)) for key in TRIGGERS if key != "DeadLetters"
    )

    assert slowest <= MONITORED_MINUTES * 60


def seconds_to_fire(alarm: Any) -> int:
    """Return the time that an alarm's data points take, at the stack's default schedule."""
    periods = [
        one["MetricStat"]["Period"] for one in alarm.get("Metrics", ()) if "MetricStat" in one
    ]
    period = max([*map(int, periods), int(alarm.get("Period", 0))])
    return period * int(alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]))


def test_it_says_which_calls_it_makes_and_that_the_triggers_stay() -> None:
    """`sam deploy` has no such option, and later updates keep the triggers."""
    said = announced(STACK, "change-1", ON)

    assert "CreateChangeSet" in said
    assert "ExecuteChangeSet" in said
    assert "csr-approver-ReviewsMissingAlarm" in said
    assert "until make deploy ROLLBACK=0" in said
