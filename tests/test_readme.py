"""The README's first screen, and the tables, commands and output of the pages, match the code."""

import re
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.app import app
from cli.diagnose.cause import Cause, Need
from cli.legacy.problems import Problem
from core.checks import APP_SERVING_CHECKS, KUBELET_SERVING_CHECKS, Check
from core.settings import DispatchSettings, ReviewSettings
from sandbox.aws import FakeAws
from tests.handlers.account import Account

_CHECK_ROW: Final = re.compile(r"^\| ((?:`[a-z-]+`(?:, )?)+) \|.*\| (.*) \|$", re.MULTILINE)
_SETTING_ROW: Final = re.compile(r"^\| `\w+` \| `([A-Z_]+)` \| `?([^|`]*)`? \|", re.MULTILINE)
_CODE: Final = re.compile(r"`[^`]+`|^ *make .*", re.MULTILINE)

ROOT: Final = Path(__file__).parents[1]
README: Final = (ROOT / "README.md").read_text()
DOCS: Final = ROOT / "docs"
COMMANDS: Final = (DOCS / "commands.md").read_text()


def section(title: str, page: str) -> str:
    """Return the text under a heading of the second level."""
    return page.split(f"\n## {title}\n")[1].split("\n## ", maxsplit=1)[0]


#: A terminal's or a browser's first screen.
FIRST_SCREEN: Final = README.splitlines()[:45]

#: What a reader in trouble needs, in this order.
NEEDS: Final = (
    "remote error: tls: internal error",
    "Pending",
    "**This is that controller.**",
    "never been deployed to a real account",
    "unknown: it isn't public",
    "docs/deploy.md#does-eks-issue-after-our-approvals",
    "make demo ",
    "make test ",
    "## Broken right now?",
    "csr-approver diagnose prod ",
    "csr-approver review prod --apply ",
    "csr-approver access prod --apply ",
    "#deploy-in-five-steps",
)


def test_the_first_screen_leads_from_the_symptom_to_the_fix() -> None:
    """It is enough by itself: symptom, what this is, what is unverified, commands."""
    screen = "\n".join(FIRST_SCREEN)
    places = [screen.find(words) for words in NEEDS]

    assert -1 not in places, NEEDS[places.index(-1)]
    assert sorted(places) == places


def test_the_first_screen_fits_a_terminal_of_80_columns() -> None:
    assert [] == [line for line in FIRST_SCREEN if len(line) > 80]


@pytest.mark.parametrize(
    ("page", "checks"),
    [
        ("checks.md", KUBELET_SERVING_CHECKS),
        ("second-signer.md", APP_SERVING_CHECKS),
    ],
)
def test_the_table_of_checks_is_complete_and_in_order(page: str, checks: tuple[Check, ...]) -> None:
    """Each row names the effects that its check can have."""
    rows = _CHECK_ROW.findall((DOCS / page).read_text())
    shown = [
        (check, {word for word in ("deny", "leave") if word in otherwise})
        for named, otherwise in rows
        for check in re.findall(r"`([a-z-]+)`", named)
    ]

    assert [check.id for check in checks] == [check for check, _ in shown]
    missing = [
        check.id
        for check, (_, effects) in zip(checks, shown, strict=True)
        if {effect.value for effect in check.effects} - effects
    ]
    assert [] == missing


def test_the_table_of_settings_has_every_setting_with_its_default() -> None:
    """Each row's default is that of the code. One setting is the dispatcher's alone."""
    rows = _SETTING_ROW.findall((DOCS / "settings.md").read_text())
    settings = {name: getattr(ReviewSettings(), name) for name in ReviewSettings.model_fields}
    settings["fast_join_minutes"] = DispatchSettings(queue_url="x").fast_join_minutes

    assert {name.upper() for name in settings} == {name for name, _ in rows}
    reported = {name.lower(): value.strip() for name, value in rows if value.strip().isdigit()}
    defaults = {name: str(settings[name]) for name in reported}
    assert defaults == reported


def test_every_make_target_that_is_named_exists() -> None:
    """The Makefile has each target that the README, CONTRIBUTING.md and the docs show."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")]
    code = " ".join(found for page in pages for found in _CODE.findall(page.read_text()))
    named = set(re.findall(r"\bmake ([a-z0-9]+)\b", code))

    assert named
    assert set() == named - targets


def test_every_command_has_a_row_and_a_section() -> None:
    """Each row is of a command; aliases are hidden and have none."""
    rows = re.findall(
        r"^\| \[`csr-approver (\w+)`\]\(docs/commands.md#\1\) \|", README, re.MULTILINE
    )

    commands = getattr(get_command(app), "commands")  # noqa: B009  typer has no types
    assert set(rows) == {name for name, command in commands.items() if not command.hidden}
    assert set(rows) == set(re.findall(r"^## (\w+)$", COMMANDS, re.MULTILINE))


def test_the_shown_output_of_legacy_is_what_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output shows the script, its manifest's v1 form, and notes about the signer."""
    monkeypatch.chdir(ROOT / "tests" / "cli" / "legacy")
    monkeypatch.delenv("COLUMNS", raising=False)
    printed = CliRunner().invoke(app, ["legacy", "create-cert.sh"]).stdout
    shown = section("legacy", COMMANDS).split("$ csr-approver legacy create-cert.sh\n")[1]

    assert [line.rstrip() for line in printed.splitlines()] == shown.split("\n```")[0].splitlines()


def test_the_shown_output_of_diagnose_is_what_it_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """In one cluster EC2 doesn't confirm two nodes' names; in the other, a node waits."""
    with ExitStack() as opened:
        account = Account(opened.enter_context(FakeAws()), opened)
        node = account.cluster("prod", "eu-west-1")
        node.file(1, dns=["ip-10-1-0-2.corp.example"])
        node.file(2, age=timedelta(hours=2), known=False)
        node.file(3, dns=["ip-10-1-0-4.corp.example"], age=timedelta(minutes=9))
        node.file(4)
        account.change("prod", "eu-west-1", version="1.33")
        account.cluster("test", "eu-west-1").file(1, age=timedelta(seconds=0))
        account.change("test", "eu-west-1", version="1.31")
        monkeypatch.setenv("COLUMNS", "80")
        ended = CliRunner().invoke(app, ["diagnose", "--region", "eu-west-1"])
    shown = section("diagnose", COMMANDS).split("$ csr-approver diagnose --region eu-west-1\n")[1]

    printed = re.sub(r"\b[0-9]+ s$", "1 s", ended.stdout, flags=re.MULTILINE).splitlines()
    assert (1, printed) == (ended.exit_code, shown.split("\n```")[0].splitlines())


def test_every_cause_that_diagnose_names_is_documented() -> None:
    """The table lists the causes by what they need."""
    shown = {
        need: re.findall(r"`([a-z0-9-]+)`", row)
        for need, row in re.findall(
            r"^\| (\w+) \| (`.*) \|$", section("diagnose", COMMANDS), re.MULTILINE
        )
    }

    known = {need.value: [cause.value for cause in Cause if cause.need is need] for need in Need}
    assert known == shown


def test_every_problem_that_legacy_names_is_explained() -> None:
    """The rows are in the order of the code."""
    rows = re.findall(
        r"^\| ((?:`[a-z0-9-]+`(?:, )?)+) \|", section("legacy", COMMANDS), re.MULTILINE
    )

    assert [problem.value for problem in Problem] == re.findall(r"`([^`]+)`", " ".join(rows))
