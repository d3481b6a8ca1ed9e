"""Each command that is shown reaches what its user looked at: account, Region and stack."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from sandbox.aws import ACCOUNT, HOME
from tests.cli.aws_stub import ALARM_NAME, AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import Account, Cluster

OTHER: Final = "eu-west-1"
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/csr-approver-reviewer"
STACK: Final = ("--stack-name", "ours", "--stack-region", HOME)
GIVEN: Final = ("--profile", "a lab", "--proxy")

#: A shown command, to the end of its line or of its sentence.
COMMAND: Final = re.compile(r"(?:csr-approver|aws [a-z]+) [a-z-]+ [^;\n]*--[^;\n]*")


@pytest.fixture
def cluster(account: Account, stub: AwsStub, runner: CommandRunner, tmp_path: Path) -> Cluster:
    """Return a cluster in another Region than the profile's, with requests that need action."""
    keys = account.aws.credentials
    config = tmp_path / "config"
    lines = [f"{name.lower()} = {keys[name]}" for name in keys if name.startswith("AWS_")]
    config.write_text("\n".join(['[profile "a lab"]', f"region = {HOME}", *lines]))
    runner.environment = {"AWS_CONFIG_FILE": str(config)}
    account.aws.add_role("csr-approver-reviewer")
    stub.stack(ROLE, region=HOME, name="ours", Mode="approve-only")
    stub.alarm["ActionsEnabled"] = False
    made = account.cluster(region=OTHER)
    made.file(1)
    made.file(2, ips=("10.9.9.9",))
    machine = made.launch(3)
    account.aws.change_machine(OTHER, machine.id, tags={})
    account.cluster("shut", OTHER, onboarded=False)
    return made


def commands(runner: CommandRunner, *arguments: str, code: int) -> Sequence[str]:
    result = runner.run(*arguments, *GIVEN, code=code)
    return COMMAND.findall(result.stdout.replace(" \\\n", " ") + result.stderr)


@pytest.mark.parametrize(
    ("arguments", "code", "least"),
    [
        (("diagnose", "prod", "--region", OTHER), 1, 2),
        (("diagnose", "prod", "--region", OTHER, "--csr", "csr-0001"), 1, 1),
        (("diagnose", "shut", "--region", OTHER), 3, 1),
        (("review", "prod", "--region", OTHER), 1, 1),
        (("review", "shut", "--region", OTHER), 3, 1),
        (("access", "prod", "--region", OTHER, "--role-arn", ROLE), 0, 1),
        (("doctor", "prod", "--region", OTHER, "--role-arn", ROLE), 1, 2),
        (("doctor", "prod", "--region", OTHER, *STACK), 1, 3),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_each_command_that_is_shown_repeats_the_profile_and_the_region(
    cluster: Cluster, runner: CommandRunner, arguments: tuple[str, ...], code: int, least: int
) -> None:
    """The AWS CLI uses the environment's proxy by itself."""
    assert cluster

    shown = commands(runner, *arguments, code=code)

    assert least <= len(shown)
    for one in shown:
        region = HOME if "alarm" in one else OTHER
        proxy = "" if one.startswith("aws ") else " --proxy"
        assert f" --region {region} --profile 'a lab'{proxy} " in f"{one} "


def test_doctors_command_gives_access_to_the_role_that_it_looked_for(
    cluster: Cluster, runner: CommandRunner
) -> None:
    """It is the role of the stack, or the one that was given."""
    assert cluster

    for options in (STACK, ("--role-arn", ROLE)):
        shown = commands(runner, "doctor", "prod", "--region", OTHER, *options, code=1)
        access = next(one for one in shown if one.startswith("csr-approver access "))
        assert access.endswith(f" --proxy {' '.join(options)} --apply")


def test_the_command_that_turns_an_alarm_on_names_it(
    cluster: Cluster, runner: CommandRunner
) -> None:
    assert cluster

    shown = commands(runner, "doctor", "prod", "--stack-name", "ours", code=1)

    assert (
        f"aws cloudwatch enable-alarm-actions --region {HOME} --profile 'a lab' "
        f"--alarm-names {ALARM_NAME}"
    ) in shown
