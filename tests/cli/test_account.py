"""How commands get at an account and its clusters: as the AWS CLI does, explained when wrong."""

from pathlib import Path

import pytest

from adapters.eks import ClusterNotFound, DescribedCluster
from cli.account.clusters import Found, find, hint, open_account
from sandbox.aws import HOME
from tests.cli.conftest import CommandRunner
from tests.handlers.account import Account

EUROPE = "eu-west-1"

DESK = """[profile desk]
region = ap-south-1
aws_access_key_id = practice
aws_secret_access_key = practice
"""


def found(*names: str, regions: tuple[str, ...] = ()) -> list[Found]:
    return find(open_account(None, regions, proxy=False), names, regions)


def reported(answers: list[Found]) -> list[tuple[str, str, bool]]:
    return [(one.name, one.region, isinstance(one.described, DescribedCluster)) for one in answers]


# --- profile, Region, credentials ---------------------------------------------------------------


def test_the_region_is_the_options_then_the_environments_then_the_profiles(
    account: Account, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As the AWS CLI has it: AWS_REGION comes before AWS_DEFAULT_REGION and the profile's."""
    assert account
    config = tmp_path / "config"
    config.write_text(DESK)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_REGION", EUROPE)

    assert "sa-east-1" == open_account("desk", ["sa-east-1"], proxy=False).home
    assert EUROPE == open_account("desk", [], proxy=False).home
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "ap-south-1" == open_account("desk", [], proxy=False).home
    monkeypatch.setenv("AWS_PROFILE", "desk")
    assert "ap-south-1" == open_account(None, [], proxy=False).home


def test_no_region_is_wrong_usage(
    account: Account, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert "no Region: give --region, or set AWS_REGION" in runner.run("review", "c", code=2).stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--profile", "nobody"), "The config profile (nobody) could not be found"),
        (("--region", "../x"), "--region: got '../x', expected a Region, e.g. eu-west-1"),
        (("--region", "a\x1b[31m"), "got 'a\\\\x1b[31m', expected a Region"),
    ],
)
def test_what_is_wrong_is_named(
    account: Account, runner: CommandRunner, options: tuple[str, ...], words: str
) -> None:
    assert account
    assert words in runner.run("review", "prod", *options, code=2).stderr


def test_an_unreadable_configuration_is_told(
    account: Account, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert account
    config = tmp_path / "config"
    config.write_text("not a configuration")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    assert (
        "AWS configuration: Unable to parse config file" in runner.run("review", "c", code=2).stderr
    )


def test_without_credentials_nothing_can_be_told(
    account: Account, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert account
    for name in account.aws.credentials:
        monkeypatch.delenv(name)

    assert (
        "no AWS credentials were found: NoCredentialsError (give credentials"
        in runner.run("review", "prod", code=3).stderr
    )


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("AWS_ENDPOINT_URL", "nowhere", "Invalid endpoint: nowhere"),
        ("AWS_PROFILE", "nobody", "The config profile (nobody) could not be found"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent", "No such file or directory"),
    ],
)
def test_an_environment_that_cannot_be_used_is_told(
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


def test_a_proxy_that_is_set_and_not_used_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = "describe: EKS DescribeCluster: ConnectTimeoutError"
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)

    assert "AWS can't be reached" == hint(problem)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert "AWS can't be reached; HTTPS_PROXY is set: with --proxy it is used" == hint(problem)


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


def test_a_name_is_missed_only_where_it_is_nowhere(account: Account) -> None:
    account.name_only(["prod"], EUROPE)

    assert [("prod", EUROPE, True)] == reported(found("prod", regions=(HOME, EUROPE)))
    answers = found("absent", "dev-*", regions=(HOME,))
    assert [("absent", HOME, False), ("dev-*", HOME, False)] == sorted(reported(answers))
    assert all(isinstance(one.described, ClusterNotFound) for one in answers)


def test_the_region_of_the_credentials_is_looked_in_by_default(account: Account) -> None:
    account.name_only(["prod"], HOME)

    assert [("prod", HOME, True)] == reported(found("prod"))
