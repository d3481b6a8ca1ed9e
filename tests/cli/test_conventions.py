"""What all commands have in common: options, help, completion of names, and calls shown by -v."""

import logging
import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.app import app
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import Account

ALL: Final[dict[str, Any]] = vars(get_command(app))["commands"]
COMMANDS: Final = sorted(name for name, command in ALL.items() if not command.hidden)
OFFLINE: Final = {"demo", "evaluate", "legacy"}


def options(command: str) -> set[str]:
    return {option for one in ALL[command].params for option in one.opts}


def shown_help(*command: str, columns: int = 80) -> list[str]:
    shown = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": str(columns)})
    return shown.stdout.splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_no_type_of_python(command: str) -> None:
    assert [] == [
        line for line in shown_help(command) if re.search(r"<(str|list|int|bool)\b", line)
    ]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_usage_names_a_required_argument_as_the_list_of_arguments_does(command: str) -> None:
    usage = " ".join(shown_help(command, columns=200)[:2])

    assert usage.startswith(f"Usage: csr-approver {command} [OPTIONS]")
    assert not re.search("[{}]", usage)


@pytest.mark.parametrize("columns", [60, 80])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_name_is_broken_at_a_hyphen(command: str, columns: int) -> None:
    """It may be the name of a command, an option or a signer, and is then searched for."""
    lines = [line for line in shown_help(command, columns=columns) if not line.startswith("    ")]

    assert [] == [line for line in lines if line.endswith("-")]


# --- options ------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_short_options_mean_the_same_in_every_command(command: str) -> None:
    """As in kubectl and the AWS CLI, where they have such an option."""
    short = {one: max(many, key=len) for one, many in _short(command).items()}
    known = {"-o": "--output", "-v": "--verbose", "-n": "--namespace", "-h": "--help"}

    assert short.items() <= known.items()
    assert "-o" in short
    assert ("-v" in short) == (command not in OFFLINE)


def _short(command: str) -> dict[str, list[str]]:
    every = [one.opts for one in ALL[command].params]
    return {opt: opts for opts in every for opt in opts if re.fullmatch("-[a-z]", opt)}


def test_an_unknown_command_is_wrong_usage_on_stderr() -> None:
    result = CliRunner().invoke(app, ["diagnos"])

    assert (2, "") == (result.exit_code, result.stdout)
    assert "No such command 'diagnos'. Did you mean 'diagnose'?" in result.stderr


# --- help ---------------------------------------------------------------------------------------


def test_the_list_of_commands_is_not_cut_in_80_columns() -> None:
    lines = shown_help()

    assert COMMANDS == sorted(re.findall(r"^  ([a-z]+)  ", "\n".join(lines), re.MULTILINE))
    assert not any(line.endswith("...") for line in lines[1:])


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("columns", [80, 200])
def test_a_commands_help_fits_80_columns(command: str, columns: int) -> None:
    """Longer lines are hard to read, so a wider terminal gets no longer ones."""
    assert [] == [line for line in shown_help(command, columns=columns) if len(line) > 80]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_examples_in_a_help_are_shown_as_they_are_typed(command: str) -> None:
    """Paragraphs are folded to the terminal; examples aren't."""
    narrow, wide = (
        [line for line in shown_help(command, columns=columns) if "csr-approver " in line]
        for columns in (60, 80)
    )

    examples = [line for line in wide if line.startswith("    ")]
    assert set(examples) <= set(narrow)


@pytest.mark.parametrize(
    ("command", "flag"),
    [("access", "--apply"), ("review", "--apply"), ("request", "--approve")],
)
def test_a_flag_is_shown_without_a_value(command: str, flag: str) -> None:
    assert any(re.match(rf"  {flag}  +[A-Z]", line) for line in shown_help(command))


def test_access_shows_the_way_that_cannot_reach_another_cluster_first() -> None:
    """Piping into kubectl applies to whatever context is current."""
    first = next(line for line in shown_help("access") if line.startswith("    csr-approver"))

    assert first.endswith(" --apply")


# --- completion ---------------------------------------------------------------------------------


def completed(words: str) -> list[str]:
    """Return what the shell offers for the last of these words."""
    environment = {
        "_CSR_APPROVER_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(shlex.split(words)) - 1),
    }
    result = CliRunner().invoke(app, [], prog_name="csr-approver", env=environment)
    assert "" == result.stderr
    return result.stdout.split()


@pytest.mark.parametrize("command", ["access", "diagnose", "doctor", "request --cluster", "review"])
def test_names_of_clusters_are_completed(account: Account, command: str) -> None:
    account.name_only(["prod-a", "prod-b", "test"])

    assert ["prod-a", "prod-b"] == completed(f"csr-approver {command} pr")


def test_names_are_completed_from_the_region_that_is_given_before(account: Account) -> None:
    account.name_only(["prod-a"])
    account.name_only(["prod-z"], "eu-west-1")

    assert ["prod-z"] == completed("csr-approver review --region eu-west-1 prod")


@pytest.mark.parametrize("error", ["AccessDeniedException", "ExpiredTokenException"])
def test_without_an_answer_of_aws_nothing_is_completed(
    account: Account, stub: AwsStub, error: str
) -> None:
    """A message would end up on the person's command line."""
    account.name_only(["prod-a"])
    stub.overrides["ListClusters"] = error

    assert [] == completed("csr-approver review pr")


def test_without_a_region_nothing_is_completed(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert [] == completed("csr-approver review pr")


# --- calls --------------------------------------------------------------------------------------


@pytest.fixture
def quiet_afterwards() -> Iterator[None]:
    """Undo what -v does to the process."""
    loggers = [logging.getLogger(name) for name in ("urllib3.connectionpool", "botocore.endpoint")]
    before = [(one.level, list(one.handlers), list(one.filters), one.propagate) for one in loggers]
    yield
    for one, (level, handlers, filters, propagate) in zip(loggers, before, strict=True):
        one.setLevel(level)
        one.handlers, one.filters, one.propagate = handlers, filters, propagate


@pytest.mark.usefixtures("quiet_afterwards")
def test_verbose_shows_each_call_without_credentials(
    account: Account, runner: CommandRunner
) -> None:
    """The operations of AWS, and the paths of a cluster's API with the answers' status."""
    cluster = account.cluster()
    cluster.file(1)
    quiet = runner.run("review", "prod").stderr

    result = runner.run("review", "prod", "-v")
    lines = result.stderr.splitlines()

    assert "" == quiet
    assert "csr-approver: EKS DescribeCluster" in lines
    assert "csr-approver: EC2 DescribeInstances" in lines
    listed = "GET /apis/certificates.k8s.io/v1/certificatesigningrequests"
    assert any(listed in line and " 200 " in line for line in lines)
    assert all(line.startswith("csr-approver: ") for line in lines)
    secrets = ("k8s-aws-v1.", "Authorization", "X-Amz-", *account.aws.credentials.values())
    assert [] == [one for one in secrets if one in result.stderr and one != "us-east-1"]
