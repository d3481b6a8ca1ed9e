"""Commands find account and clusters as the AWS CLI does, and explain what is wrong."""

import threading
from pathlib import Path

import pytest
from botocore.exceptions import ConnectTimeoutError
from typer import Exit

from adapters.eks import ClusterNotFound, DescribedCluster
from cli.account.clusters import Found, at_once, find, find_one
from cli.account.credentials import open_account
from core.errors import ClusterUnavailable
from sandbox.aws import ACCOUNT, HOME
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.handlers.account import Account

EUROPE = "eu-west-1"

PROFILE = """[profile work]
region = ap-south-1
aws_access_key_id = practice
aws_secret_access_key = practice
"""


def found(*names: str, regions: tuple[str, ...] = ()) -> list[Found]:
    return find(open_account(None, regions, proxy=False), names, regions)


def reported(answers: list[Found]) -> list[tuple[str, str, bool]]:
    return [
        (answer.name, answer.region, isinstance(answer.described, DescribedCluster))
        for answer in answers
    ]


# --- profile, Region, credentials ---------------------------------------------------------------


def test_the_region_is_the_options_then_the_environments_then_the_profiles(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As in the AWS CLI, AWS_REGION precedes AWS_DEFAULT_REGION and the profile's Region."""
    assert account
    config = tmp_path / "config"
    config.write_text(PROFILE)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_REGION", EUROPE)

    assert "sa-east-1" == open_account("work", ["sa-east-1"], proxy=False).home
    assert EUROPE == open_account("work", [], proxy=False).home
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "ap-south-1" == open_account("work", [], proxy=False).home
    monkeypatch.setenv("AWS_PROFILE", "work")
    assert "ap-south-1" == open_account(None, [], proxy=False).home


def test_no_region_is_wrong_usage(
    account: Account, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    stderr = runner.run("review", "c", code=2).stderr

    assert "no AWS Region is set: give --region, or set AWS_REGION" in stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--profile", "absent"), "The config profile (absent) could not be found"),
        (("--region", "../x"), "--region: got '../x', expected a Region, e.g. eu-west-1"),
        (("--region", "a\x1b[31m"), "got 'a\\x1b[31m', expected a Region"),
    ],
)
def test_a_wrong_option_is_named(
    account: Account, runner: CommandRunner, options: tuple[str, ...], words: str
) -> None:
    assert account
    assert words in runner.run("review", "prod", *options, code=2).stderr


def test_an_unreadable_configuration_is_wrong_usage(
    account: Account, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert account
    config = tmp_path / "config"
    config.write_text("not a configuration")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    assert (
        "AWS configuration: Unable to parse config file" in runner.run("review", "c", code=2).stderr
    )


def test_missing_credentials_are_reported_with_the_fix(
    account: Account, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account
    for name in account.aws.credentials:
        monkeypatch.delenv(name)

    assert (
        "csr-approver: no AWS credentials found: run `aws configure`, or give --profile\n"
        == runner.run("review", "prod", code=3).stderr
    )


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AWS_ENDPOINT_URL", "nowhere", "Invalid endpoint: nowhere"),
        ("AWS_PROFILE", "absent", "The config profile (absent) could not be found"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", "No such file or directory"),
    ],
)
def test_an_unusable_environment_is_wrong_usage(
    account: Account,
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    words: str,
) -> None:
    if "IDENTITY" in variable:
        for name in account.aws.credentials:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/pod")
    monkeypatch.setenv(variable, value)

    for command in ("review", "access", "doctor"):
        stderr = runner.run(command, "prod", code=2).stderr
        assert "AWS configuration: " in stderr
        assert words in stderr
        assert "; check --profile, the variables AWS_*, and ~/.aws/config" in stderr


SSO_PROFILE = """[profile work]
region = eu-west-1
sso_start_url = https://corp.example/start
sso_region = eu-west-1
sso_account_id = 111122223333
sso_role_name = Reader
"""


def test_an_expired_sso_session_is_named_with_the_command_that_renews_it(
    account: Account, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in account.aws.credentials:
        monkeypatch.delenv(name)
    config = tmp_path / "config"
    config.write_text(SSO_PROFILE)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("HOME", str(tmp_path))

    stderr = runner.run("review", "prod", "--profile", "work", code=3).stderr

    assert stderr.startswith(
        "csr-approver: the SSO session of the profile work has expired or doesn't exist: run "
        "`aws sso login --profile work` ("
    )
    assert 1 == stderr.count("\n")


def test_an_empty_region_is_wrong_usage(account: Account, runner: CommandRunner) -> None:
    """A variable that isn't set must not lead to another Region without notice."""
    assert account
    for command in ("access", "diagnose", "review"):
        assert (
            "csr-approver: --region: got '', expected a Region, e.g. eu-west-1\n"
        ) == runner.run(command, "prod", "--region", "", code=2).stderr


def test_after_ctrl_c_no_answer_is_waited_for() -> None:
    """An unreachable cluster may take a minute to time out."""
    answers = threading.Event()

    def ask(one: str) -> None:
        if one == "stopped":
            raise KeyboardInterrupt
        answers.wait()

    with pytest.raises(KeyboardInterrupt):
        at_once(ask, ["stopped", "unreachable"], "Asking")

    answers.set()


# --- clusters -----------------------------------------------------------------------------------


def test_names_and_globs_find_clusters_of_several_regions_each_once(account: Account) -> None:
    account.name_only(["prod-a", "prod-b", "test"], EUROPE)
    account.name_only(["prod-c"], HOME)

    assert [
        ("prod-a", EUROPE, True),
        ("prod-b", EUROPE, True),
        ("prod-c", HOME, True),
        ("test", EUROPE, True),
    ] == sorted(reported(found("prod-*", "prod-a", "test", regions=(EUROPE, HOME))))


def test_a_cluster_is_missing_only_if_no_region_has_it(account: Account) -> None:
    account.name_only(["prod"], EUROPE)

    assert [("prod", EUROPE, True)] == reported(found("prod", regions=(HOME, EUROPE)))
    answers = found("absent", "dev-*", regions=(HOME,))
    assert [("absent", HOME, False), ("dev-*", HOME, False)] == sorted(reported(answers))
    assert all(isinstance(answer.described, ClusterNotFound) for answer in answers)


def test_the_region_of_the_credentials_is_the_default(account: Account) -> None:
    account.name_only(["prod"], HOME)

    assert [("prod", HOME, True)] == reported(found("prod"))


def test_a_missing_cluster_is_reported_with_the_clusters_that_are_there(
    account: Account, runner: CommandRunner
) -> None:
    account.name_only(["prod", "lab"], HOME)

    assert (
        f'csr-approver: EKS has no cluster "nosuch" in {HOME} (account {ACCOUNT}). '
        "Clusters there: lab, prod.\n"
    ) == runner.run("review", "nosuch", code=3).stderr
    [missing, unmatched] = found("nosuch", "dev-*", regions=(HOME,))[::-1]
    assert "describe: EKS has no cluster" in str(missing.described)
    assert str(unmatched.described) == (
        f'list: EKS has no cluster that matches "dev-*" in {HOME}. Clusters there: lab, prod.'
    )


def test_a_region_without_clusters_is_reported_as_such(
    account: Account, runner: CommandRunner
) -> None:
    assert account
    assert (
        "There are no clusters there: check --region and --profile."
        in runner.run("review", "nosuch", code=3).stderr
    )


def test_where_neither_account_nor_names_can_be_read_the_missing_cluster_is_still_named(
    account: Account, stub: AwsStub, runner: CommandRunner
) -> None:
    assert account
    stub.overrides |= {"ListClusters": "AccessDeniedException", "GetCallerIdentity": "AccessDenied"}

    assert (
        f'csr-approver: EKS has no cluster "nosuch" in {HOME}. Check the name and --region.\n'
    ) == runner.run("review", "nosuch", code=3).stderr


def test_a_long_list_of_clusters_is_cut(account: Account, runner: CommandRunner) -> None:
    account.name_only([f"prod-{number:02}" for number in range(25)], HOME)

    stderr = runner.run("review", "nosuch", code=3).stderr

    assert "prod-18, prod-19 and 5 more." in stderr


# --- ARNs ---------------------------------------------------------------------------------------


def arn(name: str, region: str = HOME, account: str = ACCOUNT) -> str:
    return f"arn:aws:eks:{region}:{account}:cluster/{name}"


def test_an_arn_names_one_cluster_of_its_own_region(account: Account) -> None:
    account.name_only(["prod"], HOME)
    account.name_only(["prod"], EUROPE)

    assert [("prod", EUROPE, True)] == reported(found(arn("prod", EUROPE), regions=(HOME,)))
    assert [("prod", HOME, True)] == reported(found(arn("prod"), arn("prod"), "prod"))


def test_an_arn_without_cluster_is_missing_even_if_another_region_has_the_name(
    account: Account,
) -> None:
    account.name_only(["prod"], HOME)

    assert [("prod", EUROPE, False), ("prod", HOME, True)] == sorted(
        reported(found("prod", arn("prod", EUROPE)))
    )


def test_a_cluster_of_another_account_is_never_one_of_ours_with_its_name(account: Account) -> None:
    account.name_only(["prod"], HOME)

    [answer] = found(arn("prod", account="999999999999"))

    assert f"of account 999999999999, the credentials are for {ACCOUNT}" in str(answer.described)


def test_a_command_for_one_cluster_takes_its_arn_and_no_glob(account: Account) -> None:
    account.name_only(["prod"], EUROPE)
    aws = open_account(None, [], proxy=False)

    assert EUROPE == find_one(aws, arn("prod", EUROPE)).cluster.region
    with pytest.raises(ClusterUnavailable, match="of account 999999999999"):
        find_one(aws, arn("prod", EUROPE, "999999999999"))
    for name in ("prod-*", arn("p*", EUROPE)):
        with pytest.raises(Exit):
            find_one(aws, name)


def test_where_sts_gives_no_answer_an_arns_account_is_unknown(
    account: Account, stub: AwsStub
) -> None:
    account.name_only(["prod"], HOME)
    stub.overrides["GetCallerIdentity"] = ConnectTimeoutError(endpoint_url="https://sts")

    [answer] = found(arn("prod"))

    assert "STS GetCallerIdentity: ConnectTimeoutError" in str(answer.described)


def test_the_region_of_an_arn_is_enough(
    account: Account, monkeypatch: pytest.MonkeyPatch, runner: CommandRunner, stub: AwsStub
) -> None:
    account.name_only(["prod"], EUROPE)
    stub.stack(account.aws.role_arn, region=EUROPE)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    shown = runner.json("access", arn("prod", EUROPE), code=0)

    assert [("prod", EUROPE)] == [(one["cluster"], one["region"]) for one in shown["clusters"]]


@pytest.mark.parametrize("command", [["review"], ["request", "web", "--cluster"]])
def test_another_region_than_the_arns_is_wrong_usage(
    account: Account, runner: CommandRunner, command: list[str]
) -> None:
    """It would be ignored. Commands for several clusters use it for those given by name."""
    assert account

    stderr = runner.run(*command, arn("prod", EUROPE), "--region", HOME, code=2).stderr

    assert f"--region {HOME}: the ARN names {EUROPE}; omit --region" in stderr


@pytest.mark.parametrize(
    "text",
    [
        arn(""),
        arn("a b"),
        arn("prod", "nowhere"),
        arn("prod", account="12"),
        f"arn:aws:iam::{ACCOUNT}:role/prod",
    ],
)
def test_another_arn_is_wrong_usage(account: Account, runner: CommandRunner, text: str) -> None:
    assert account
    for command in ("doctor", "access", "diagnose"):
        stderr = runner.run(command, text, code=2).stderr
        assert "is not the name of an EKS cluster, nor a glob or ARN" in stderr
