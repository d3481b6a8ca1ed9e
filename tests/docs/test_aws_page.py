"""`docs/aws-page.md` names only commands, checks, files and tests that exist."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from typer.main import get_command

from cli.app import app
from cli.legacy.problems import Problem
from cli.request.outcome import Outcome
from core.model import IssueState
from core.settings import ReviewSettings
from core.signers import SIGNERS

ROOT: Final = Path(__file__).parents[2]
DOC: Final = (ROOT / "docs" / "aws-page.md").read_text()
ROWS: Final = re.findall(r"^\| (.+) \| (.+) \| `(tests/[\w/]+\.py)::(\w+)` \|$", DOC, re.MULTILINE)
COMMANDS: Final[dict[str, Any]] = getattr(get_command(app), "commands")  # noqa: B009  no types

#: Every word of this project that a row may name.
WORDS: Final = (
    {check.id for checks in (signer.checks for signer in SIGNERS.values()) for check in checks}
    | {member.value for kind in (Problem, Outcome, IssueState) for member in kind}
    | {name.upper() for name in ReviewSettings.model_fields}
    | {"outcome"}
)
#: Other words that a row may name: Kubernetes's and the page's.
_FOREIGN_NAMES: Final = re.compile(r"kubectl .*|[a-z.]+/[a-z-]+|myserver\.\w+(\.svc)?|csr-|--\w+")


def test_each_sentence_has_its_row() -> None:
    """A line of a table that can't be parsed would not be checked."""
    lines = [line for line in DOC.splitlines() if line.startswith("| ")]
    headings = [line for line in lines if line.startswith("| the page says |")]

    assert len(lines) - len(headings) == len(ROWS)
    assert len(ROWS) > 35


@pytest.mark.parametrize(("said", "_done", "file", "test"), ROWS)
def test_the_test_that_shows_a_claim_exists(said: str, _done: str, file: str, test: str) -> None:
    """The file has a test of this name."""
    assert f"\ndef {test}(" in (ROOT / file).read_text(), said


def test_the_commands_and_their_options_exist() -> None:
    shown = re.findall(r"`csr-approver ([^`]+)`", DOC)

    assert {"legacy", "request", "review", "evaluate"} <= {command.split()[0] for command in shown}
    for text in shown:
        name, *rest = text.split()
        known = {option for param in COMMANDS[name].params for option in param.opts}
        assert set() == {word for word in rest if word.startswith("--")} - known, text


def test_options_without_a_command_are_options_of_request() -> None:
    known = {option for param in COMMANDS["request"].params for option in param.opts}

    assert set() == set(re.findall(r"`(--[\w-]+)`", DOC)) - known


def test_every_other_word_in_code_is_a_known_name() -> None:
    """A word in code is a check, problem, outcome, finding, setting, or a word of the page."""
    tables = "\n".join(f"{said} {done}" for said, done, *_ in ROWS)
    shown = {
        word for word in re.findall(r"`([^`]+)`", tables) if not word.startswith("csr-approver ")
    }

    assert {"dns-names", "legacy-signer", "not-issued", "REAPPROVE_UNISSUED"} <= shown
    assert [] == sorted(word for word in shown - WORDS if not _FOREIGN_NAMES.fullmatch(word))


def test_the_number_of_checks_is_right() -> None:
    [reported] = re.findall(r"(\d+) checks", DOC)

    assert len(SIGNERS["kubernetes.io/kubelet-serving"].checks) == int(reported)
