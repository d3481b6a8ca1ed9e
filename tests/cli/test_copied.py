"""Commands to copy: they reach the account and cluster that were looked at, and no other."""

import subprocess

import pytest

from cli.account.copied import GivenOptions, word


@pytest.mark.parametrize(
    ("given", "approver", "aws"),
    [
        (GivenOptions(), "", ""),
        (GivenOptions("lab"), " --profile lab", " --profile lab"),
        (GivenOptions(proxy=True), " --proxy", ""),  # the AWS CLI uses HTTPS_PROXY by itself
        (GivenOptions("a b", proxy=True), " --profile 'a b' --proxy", " --profile 'a b'"),
        (GivenOptions("-v"), " --profile=-v", " --profile=-v"),
    ],
)
def test_the_options_that_choose_the_account_are_repeated(
    given: GivenOptions, approver: str, aws: str
) -> None:
    assert (approver, aws) == (given.account, given.aws)


def test_settings_are_repeated_for_commands_that_judge() -> None:
    given = GivenOptions("lab", settings=("EXTRA_DNS_SUFFIXES=a b", "allow_other_vpcs=true"))

    assert (
        " --profile lab --set 'EXTRA_DNS_SUFFIXES=a b' --set allow_other_vpcs=true" == given.judging
    )


@pytest.mark.parametrize("name", ["csr-1", "--all", "$(id)", "it's", 'a"b', "a b", "", "=ls", "='"])
def test_a_word_is_quoted_as_any_shell_reads_it(name: str) -> None:
    assert name == _read_by("sh", word(name))


@pytest.mark.parametrize(
    "name", ["a\nb", "\x1b[31mred", "it's\ta\\b", "a\\", "n\u00e9w\U0001f600", "\x0105"]
)
def test_a_word_that_no_terminal_shows_is_escaped_and_still_means_the_same(name: str) -> None:
    shown = word(name)

    assert shown.isascii()
    assert shown.isprintable()
    assert name == _read_by("bash", shown)


@pytest.mark.parametrize("name", ["\\'\";touch x;#", "a\\", "\\\\'", "a\\'b"])
def test_no_word_has_a_backslash_before_a_quote(name: str) -> None:
    """In fish that quote would end no text, and a later one would let a name be a command."""
    assert "\\'" not in word(name)


def test_no_word_begins_with_an_equals_sign() -> None:
    """In zsh `=ls` is the path of ls."""
    assert "'=ls'" == word("=ls")


def test_a_long_setting_is_repeated_whole() -> None:
    """Its command would judge by other settings, or be refused."""
    domains = ",".join(f"zone-{number}.example" for number in range(30))

    assert (
        f" --set EXTRA_DNS_SUFFIXES={domains}"
        == GivenOptions(settings=(f"EXTRA_DNS_SUFFIXES={domains}",)).judging
    )


def test_a_word_is_bounded_and_then_names_nothing() -> None:
    """A name that is cut could be that of another object."""
    shown = word("a" * 300)

    assert ("a" * 252 + "~", 253) == (_read_by("sh", shown), len(_read_by("sh", shown)))


def _read_by(shell: str, shown: str) -> str:
    environment = {"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
    read = subprocess.run(  # noqa: S603 - a shell that only prints
        [shell, "-c", f"printf %s {shown}"], capture_output=True, check=True, env=environment
    )
    return read.stdout.decode()
