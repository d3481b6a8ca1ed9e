"""docs/user-permissions.md has the least IAM policy of each command's user.

Every test that runs a command compares its calls with that policy. Here, no action is needless.
"""

from pathlib import Path
from typing import Final

import pytest
from botocore import xform_name
from typer.main import get_command

from cli.app import app
from sandbox.aws import HOME
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.cli.policies import covering, documented
from tests.handlers.account import Account

SOURCE: Final = "\n".join(
    path.read_text() for path in (Path(__file__).parents[2] / "src").glob("*/**/*.py")
)


def test_every_command_that_calls_aws_has_a_policy() -> None:
    offline = {"demo", "evaluate", "legacy"}
    commands = {name for name, one in vars(get_command(app))["commands"].items() if not one.hidden}

    assert commands - offline == documented().keys()


@pytest.mark.parametrize("command", ["diagnose", "review"])
def test_the_policy_for_reading_requests_has_no_needless_action(
    account: Account, runner: CommandRunner, command: str
) -> None:
    """Names of clusters are only listed for a glob, or if one is wrong."""
    account.cluster().file(1)

    with covering(command) as called:
        runner.run(command, "prod", code=0 if command == "review" else 1)
        runner.run(command, "nosuch", code=3)

    assert documented()[command] == called


def test_the_policy_of_access_has_no_needless_action(
    account: Account, stub: AwsStub, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One cluster has no access entry, and another's lacks the group."""
    monkeypatch.setattr("cli.access.onboarding._rbac", lambda *_: ())
    account.name_only(["prod", "test"])
    stub.stack(account.aws.role_arn, region=HOME)
    stub.entry("test", account.aws.role_arn, "viewers", region=HOME)

    with covering("access") as called:
        runner.run("access", "*", "--apply")

    assert documented()["access"] == called


def test_the_policy_of_request_has_no_needless_action(
    account: Account, runner: CommandRunner
) -> None:
    assert account
    with covering("request") as called:
        runner.run("request", "web", "--cluster", "nosuch", code=3)

    assert documented()["request"] == called


def test_every_action_of_doctors_policy_is_called_somewhere() -> None:
    """By a client's method, or by its paginator."""
    methods = {xform_name(action.partition(":")[2]) for action in documented()["doctor"]}

    assert set() == {
        one for one in methods if f".{one}(" not in SOURCE and f'"{one}"' not in SOURCE
    }
