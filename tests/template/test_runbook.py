"""The runbook has a section per alarm, whose commands find what made the alarm fire."""

import re
from typing import Any, Final

import pytest

from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas
from tests.simulation import stated
from tests.template.causes import CAUSES, Cause, text_of
from tests.template.cloudformation import Stack, Template
from tests.template.dashboard import widgets
from tests.template.filter_pattern import clauses, matches, selects
from tests.template.reported import Reported
from tests.template.templates import ROOT

RUNBOOK: Final = (ROOT / "docs/runbook.md").read_text()
SECTIONS: Final = {
    title: text
    for title, _, text in (part.partition("\n") for part in RUNBOOK.split("\n## ")[1:])
    if re.fullmatch("[a-z-]+", title)  # an alarm's name; the titles of other sections are sentences
}
PATTERN: Final = re.compile(r"--filter-pattern '([^']+)'")

#: How urgent an alarm is, as its section and its notification begin and end.
URGENCIES: Final = ("Act now", "Act within hours", "Act on the next working day")

# Lambda's and its Python runtime's own lines, which aren't JSON. From: AWS Lambda Developer Guide,
# troubleshooting of invocations; awslambdaric's bootstrap, which a test of the package runs.
OF_THE_RUNTIME: Final = {"Task timed out", "Runtime exited", "[ERROR]"}


def alarm_names() -> list[str]:
    """Return the alarms' names, without the stack's name."""
    return [*alarms_by_name()]


def alarms_by_name() -> dict[str, Any]:
    stack = Template.read(ROOT / "template.yaml").stack(name="it")
    alarms = stack.of_type("AWS::CloudWatch::Alarm").values()
    return {alarm["AlarmName"].removeprefix("it-"): alarm for alarm in alarms}


def commands(section: str) -> list[str]:
    """Return the commands that can be pasted, each on one line."""
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [re.sub(r" \\\n\s*", " ", block).strip() for block in blocks]


def first_command(alarm: str) -> str:
    return commands(SECTIONS[alarm])[0]


def test_each_alarm_has_a_section_and_each_section_an_alarm() -> None:
    """The alarm's name leads to its section."""
    assert sorted(alarm_names()) == sorted(SECTIONS)


def test_each_alarm_s_description_names_its_section(source_stack: Stack) -> None:
    """The description ends with the file and the section."""
    for alarm in source_stack.of_type("AWS::CloudWatch::Alarm").values():
        own = alarm["AlarmName"].removeprefix("csr-approver-")

        assert alarm["AlarmDescription"].endswith(f" docs/runbook.md, {own}.")


@pytest.mark.parametrize("alarm", alarm_names())
def test_each_section_has_a_meaning_a_command_and_a_fix(alarm: str) -> None:
    """In this order; the command is on one line, and the fix follows from what it shows."""
    meaning, _, rest = SECTIONS[alarm].partition("```sh")
    _, _, fix = rest.partition("```")

    assert meaning.endswith((".\n\n", "):\n\n"))
    assert "\n" not in first_command(alarm)
    assert re.match(r"aws (logs tail|sqs receive-message) ", first_command(alarm))
    assert ".\n" in fix


@pytest.mark.parametrize("alarm", alarm_names())
def test_each_section_is_as_urgent_as_the_notification(alarm: str) -> None:
    """A section begins with the notification's words, and the overview lists it there."""
    [urgency] = [one for one in URGENCIES if SECTIONS[alarm].startswith(f"\n**{one}")]
    [row] = re.findall(rf"^\| \*\*{urgency}\*\*.*$", RUNBOOK, re.MULTILINE)

    assert f" {urgency}" in alarms_by_name()[alarm]["AlarmDescription"]
    assert f"[{alarm}](#{alarm})" in row


@pytest.mark.parametrize("alarm", alarm_names())
def test_each_section_says_when_its_alarm_fires_at_the_latest(
    alarm: str, source_stack: Stack
) -> None:
    """The simulation asserts the same time."""
    latest = stated.minutes(alarm, source_stack)
    found = re.search(r"Fires\sat\smost\s(\d+)\sminutes\safter\s", SECTIONS[alarm])

    assert found, "the section doesn't say"
    assert latest == int(found[1])


@pytest.mark.parametrize("section", ["", *alarm_names()])
def test_commands_use_only_variables_that_are_set_first(section: str, template: Template) -> None:
    """The runbook's first block, or the section, sets each variable."""
    setup = commands(RUNBOOK.split("\n## First commands\n")[1])[0]
    outputs = set(re.findall(r"\$\(output (\w+)\)", setup))
    text = SECTIONS.get(section, setup)
    variables = set(re.findall(r"^(\w+)=", setup + text, re.MULTILINE))

    assert outputs <= set(template.source["Outputs"])
    assert set(re.findall(r'"\$(\w+)"', text)) <= variables


@pytest.mark.parametrize("cause", CAUSES, ids=str)
def test_a_cause_is_found_with_its_section(
    cause: Cause, account: Account, lambdas: Lambdas
) -> None:
    """The alarm fires; a command selects the line that names the cause; the section explains it."""
    lambdas.settings(**cause.settings)
    cause.arrange(account, lambdas)
    shown = [
        text_of(line)
        for command in commands(SECTIONS[cause.alarm])
        for pattern in PATTERN.findall(command)
        for line in lambdas.lines
        if f'aws logs tail "${cause.by}"' in command and selects(pattern, line)
    ]

    assert cause.fires is (cause.alarm in lambdas.alarms())
    assert any(all(word in text for word in cause.words) for text in shown), shown
    for word in cause.words:
        assert f"`{word}" in SECTIONS[cause.alarm] or f" {word}`" in SECTIONS[cause.alarm], word


def test_each_alarm_has_a_cause() -> None:
    """Of the two others Lambda prints the lines, which aren't JSON, or SQS has the message."""
    assert set(alarm_names()) == {cause.alarm for cause in CAUSES} | {
        "dead-letters",
        "reviewer-errors",
    }


def test_every_field_and_value_in_a_command_is_found_in_real_lines(reported: Reported) -> None:
    """A run of the handlers printed a line that meets each condition of each filter."""
    filters = [pattern for pattern in PATTERN.findall(RUNBOOK) if pattern.startswith("{")]
    # How large a number becomes depends on time, so that it is logged is what counts.
    conditions = [
        re.sub(r"> \d+$", "> 0", clause) for pattern in filters for clause in clauses(pattern)
    ]
    unmet = [
        condition
        for condition in conditions
        if not any(matches(condition, line) for line in reported.lines)
    ]

    assert 21 == len(filters)
    assert [] == unmet


def test_other_filters_are_for_the_runtime_s_own_lines() -> None:
    """Lines that aren't JSON are Lambda's, not ours."""
    others = [pattern for pattern in PATTERN.findall(RUNBOOK) if not pattern.startswith("{")]
    terms = {term for pattern in others for term in re.findall(r'\?"([^"]+)"', pattern)}

    assert OF_THE_RUNTIME == terms


def test_the_dashboard_s_table_has_a_row_for_each_widget(source_stack: Stack) -> None:
    """The rows are in the widgets' order, and name existing alarms."""
    table = RUNBOOK.split("\n## The dashboard\n")[1]
    rows = re.findall(r"^\| \*\*(.+)\*\* \| .+ \| (.*) ?\|$", table, re.MULTILINE)
    named = {name for _, alarms in rows for name in re.split(r", ?", alarms.strip()) if name}

    assert [widget["properties"]["title"] for widget in widgets(source_stack)] == [
        title for title, _ in rows
    ]
    assert set(alarm_names()) == named
