"""`csr-approver demo`: every decision is the right one, and all output is safe to print."""

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest
from typer.testing import CliRunner

from cli.app import app
from cli.demo import run as demo_run
from cli.demo.run import Play, Row, Symptom, play
from cli.demo.screen import EXAMPLES
from cli.exits import ANSWER_IS_NO, DONE, USAGE
from sandbox.fleet import CHAPTERS, SCENARIOS, Outcome, Scenario
from tests.cli.schemas import check

ROOT = Path(__file__).parents[2]

#: A program that runs the command line where moto can't be imported: None in `sys.modules` says
#: so. From: Python's documentation, "The import system", the module cache.
WITHOUT_MOTO = "import sys; sys.modules['moto'] = None; from cli.main import main; main()"


#: A caller's own settings, which must change nothing.
OWN: Final = {
    "MODE": "shadow",
    "CLUSTER_NAMES": "nothing-*",
    "AWS_PROFILE": "production",
    "LOG_LEVEL": "CRITICAL",
}


@dataclass(frozen=True)
class Ran:
    """One run with a caller's own settings, and what it left in the process."""

    played: Play
    environment: tuple[dict[str, str], dict[str, str]]
    new_threads: set[threading.Thread]


@pytest.fixture(scope="module")
def ran() -> Ran:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in OWN.items():
            patch.setenv(name, value)
        before, threads = dict(os.environ), set(threading.enumerate())
        played = play()
        return Ran(played, (before, dict(os.environ)), set(threading.enumerate()) - threads)


@pytest.fixture(scope="module")
def played(ran: Ran) -> Play:
    return ran.played


@pytest.fixture
def shown(played: Play, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return what the command prints of the run, in a terminal of that many columns."""
    monkeypatch.setattr(demo_run, "play", lambda: played)

    def show(*options: str, columns: int = 120) -> str:
        result = CliRunner().invoke(app, ["demo", *options], env={"COLUMNS": str(columns)})
        assert result.exit_code == DONE, result.output
        return result.output

    return show


def row_of(played: Play, scenario: Scenario) -> Row:
    return next(row for row in played.rows if row.scenario is scenario)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.title)
def test_every_scenario_ends_as_the_table_says(played: Play, scenario: Scenario) -> None:
    row = row_of(played, scenario)

    assert row.outcome == scenario.expect, row.why


def test_no_attack_is_approved_or_issued(played: Play) -> None:
    attacks = [row for row in played.rows if row.chapter == "Attacks"]

    assert len(attacks) >= 15
    assert not any(row.issued or row.outcome.verdict == "approve" for row in attacks)


def test_exactly_the_approved_nodes_get_certificates(played: Play) -> None:
    """The exception is one that the signer had issued before, with an additional name."""
    issued = {row.scenario.title for row in played.rows if row.issued}
    approved = {row.scenario.title for row in played.rows if row.outcome.action == "approved"}

    assert len(approved) >= 12
    mismatch = {
        row.scenario.title for row in played.rows if row.outcome.action == "issued-mismatch"
    }
    assert issued - approved == mismatch
    assert approved <= issued


def test_the_run_accounts_for_every_request(played: Play) -> None:
    """Requests that a gate stops, or that are too young, have no log line: they are counted."""
    for line in played.log_lines("cluster reviewed"):
        of = line["cluster"], line["signer"]
        ours = [row for row in played.rows if (row.scenario.cluster, row.scenario.signer) == of]
        assert line["listed"] == len(ours)
        without_line = line["gated_total"] + sum(line["not_judged"].values())
        assert without_line == sum(row.outcome.counted for row in ours)
    assert [line["cluster"] for line in played.log_lines("cluster not onboarded")] == ["acquired"]
    assert played.log_lines("clusters dispatched")[0]["expected"] == 4


def test_nothing_is_left_behind(ran: Ran) -> None:
    """No thread and no variable stays, and the caller's own settings change nothing."""
    before, after = ran.environment

    assert not ran.played.surprises
    assert OWN.items() <= before.items()
    assert after == before
    assert ran.new_threads == set()


def test_the_kubelet_s_port_answers_internal_error_until_its_request_is_approved(
    played: Play,
) -> None:
    """The symptom is real: a TLS alert, and then a log from a port with a valid certificate."""
    assert Symptom("remote error: tls: internal error", "Pending") == played.before
    assert Symptom("app of default/web", "Approved,Issued") == played.after


def test_the_screen_leads_from_the_symptom_through_one_review_to_the_fix(
    shown: Callable[..., str],
) -> None:
    """It says whose kubelet it is."""
    output = " ".join(shown(columns=80).split())
    words = [
        "sandbox's kubelet answers",
        "remote error: tls: internal error",
        "Pending",
        f"One review of 4 clusters: {len(SCENARIOS)} requests",
        "sandbox's kubelet answers",
        "app of default/web",
        "Approved,Issued",
        "none got one",
        "csr-approver demo --all",
    ]

    assert re.search(".*".join(map(re.escape, words)), output)
    assert "NOT AS EXPECTED" not in output


def test_the_screen_fits_80_columns_and_50_lines(shown: Callable[..., str]) -> None:
    lines = shown(columns=80).splitlines()

    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("columns", [80, 200])
def test_each_telling_request_is_one_line(shown: Callable[..., str], columns: int) -> None:
    lines = shown(columns=columns).splitlines()

    assert len(EXAMPLES) >= 8
    for title in EXAMPLES:
        [line] = [line for line in lines if title in line]
        assert line.split()[0] in {"approved", "denied", "left", "withheld", "reported"}


def test_the_counts_of_the_groups_add_up_to_all_requests(shown: Callable[..., str]) -> None:
    counts = re.findall(r"^   .*?((?: +(?:\d+|-)){4})\s*$", shown(columns=80), re.MULTILINE)

    assert len(CHAPTERS) == len(counts)
    assert len(SCENARIOS) == sum(int(n) for group in counts for n in re.findall(r"\d+", group))


def test_a_narrow_terminal_shows_every_word(shown: Callable[..., str]) -> None:
    """At 60 columns lines fold; nothing is cut."""
    narrow, wide = shown(columns=60), shown(columns=80)

    assert max(map(len, narrow.splitlines())) <= 60
    assert sorted(narrow.split()) == sorted(wide.split())


def test_all_shows_every_scenario_and_the_totals(shown: Callable[..., str]) -> None:
    output = shown("--all")

    for scenario in SCENARIOS:
        assert " ".join(scenario.title.split()[:4]) in output
    assert "none got one" in output
    assert "NOT AS EXPECTED" not in output
    assert max(len(line) for line in output.splitlines()) <= 120


def test_the_introduction_fills_the_lines_of_a_narrow_terminal(shown: Callable[..., str]) -> None:
    assert "AWS, and each cluster has a fake Kubernetes API" in shown("--all", columns=80)


def test_the_metrics_shown_are_of_a_completed_review(shown: Callable[..., str]) -> None:
    assert '"Completed":[1.0]' in "".join(shown("--all").split())


def test_an_unexpected_decision_is_shown_and_exits_1(
    played: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = played.rows
    wrong = replace(first, outcome=Outcome("deny", "subject", "denied"))
    monkeypatch.setattr(demo_run, "play", lambda: replace(played, rows=(wrong, *others)))

    shown = CliRunner().invoke(app, ["demo"])

    assert shown.exit_code == ANSWER_IS_NO
    assert "NOT AS EXPECTED" in shown.output


def test_a_node_that_does_not_work_is_shown_and_exits_1(
    played: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_run, "play", lambda: replace(played, after=played.before))

    shown = CliRunner().invoke(app, ["demo"])

    assert shown.exit_code == ANSWER_IS_NO
    assert "NOT AS EXPECTED" in shown.output


@pytest.mark.parametrize("options", [(), ("--all",)])
def test_the_command_prints_plain_text_into_a_pipe(options: tuple[str, ...]) -> None:
    """There are no colours, and no text of a requester moves the cursor or ends a line."""
    shown = python("-m", "cli.main", "demo", *options)

    assert shown.returncode == DONE, shown.stderr
    assert all(character.isprintable() or character == "\n" for character in shown.stdout)
    assert shown.stderr == ""


def test_json_holds_decisions_lines_and_metrics(shown: Callable[..., str]) -> None:
    document = json.loads(shown("--output", "json"))
    check("demo", document)

    assert document["as_expected"] is True
    assert document["broken_node"]["before"] == {
        "log": "remote error: tls: internal error",
        "condition": "Pending",
    }
    assert document["broken_node"]["after"]["condition"] == "Approved,Issued"
    assert len(document["decisions"]) == len(SCENARIOS)
    assert {line["message"] for line in document["log"]} >= {"csr reviewed", "cluster reviewed"}
    assert all("_aws" in metrics for metrics in document["metrics"])


def test_without_the_optional_packages_the_demo_names_the_fix() -> None:
    """An install without them has no moto: the command ends with exit 2 and no traceback."""
    shown = python("-c", WITHOUT_MOTO, "demo")

    assert (shown.returncode, shown.stdout) == (USAGE, "")
    assert shown.stderr == (
        'csr-approver: the demo needs the Python package "moto", which is not installed. '
        "Install the wheel with its extra: pipx install --force 'WHEEL[demo]'\n"
    )


def test_the_other_commands_need_no_optional_package() -> None:
    shown = python("-c", WITHOUT_MOTO, "legacy", "tests/cli/legacy/chart")

    assert shown.returncode == ANSWER_IS_NO, shown.stderr


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PYTHONPATH": os.pathsep.join(sys.path), "PATH": os.defpath}
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, *arguments],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
