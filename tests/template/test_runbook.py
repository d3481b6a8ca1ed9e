"""The runbook has a section per alarm, whose first command finds what made the alarm fire."""

import re
from typing import Final

import pytest
from botocore.loaders import create_loader

from tests.template.cloudformation import Stack, Template
from tests.template.dashboard import widgets
from tests.template.filter_pattern import clauses, matches, selects
from tests.template.reported import Reported
from tests.template.templates import ROOT

RUNBOOK: Final = (ROOT / "docs/runbook.md").read_text()
_OTHER: Final = {
    "The dashboard",
    "How soon an alarm notifies",
    "What isn't known of CloudWatch",
}
SECTIONS: Final = {
    title: text
    for title, _, text in (part.partition("\n") for part in RUNBOOK.split("\n## ")[1:])
    if title not in _OTHER
}
PATTERN: Final = re.compile(r"--filter-pattern '([^']+)'")

# Lambda's and its Python runtime's own lines, which aren't JSON. From: AWS Lambda Developer Guide,
# troubleshooting of invocations; awslambdaric's bootstrap, which a test of the package runs.
OF_THE_RUNTIME: Final = {"Task timed out", "Runtime exited", "[ERROR]"}


def alarm_names() -> list[str]:
    """Return the alarms' names, without the stack's name."""
    stack = Template.read(ROOT / "template.yaml").stack(name="it")
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    return [alarm["AlarmName"].removeprefix("it-") for alarm in alarms.values()]


def commands(section: str) -> list[str]:
    """Return the commands that can be pasted, each on one line."""
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    return [re.sub(r" \\\n\s*", " ", block).strip() for block in blocks]


def first_command(alarm: str) -> str:
    return commands(SECTIONS[alarm])[0]


def test_each_alarm_has_a_section_and_each_section_an_alarm() -> None:
    """The alarm's name leads to its section."""
    assert sorted(alarm_names()) == sorted(SECTIONS)


def test_each_alarm_s_description_names_its_section(monitoring: Stack) -> None:
    """The description ends with the file and the section."""
    for alarm in monitoring.of_type("AWS::CloudWatch::Alarm").values():
        own = alarm["AlarmName"].removeprefix("csr-approver-")

        assert alarm["AlarmDescription"].endswith(f" docs/runbook.md, {own}.")


@pytest.mark.parametrize("alarm", alarm_names())
def test_each_section_has_a_meaning_a_command_and_a_fix(alarm: str) -> None:
    """In this order; the command is on one line, and the fix follows from what it shows."""
    meaning, _, rest = SECTIONS[alarm].partition("```sh")
    _, _, fix = rest.partition("```")

    assert meaning.endswith(".\n\n")
    assert "\n" not in first_command(alarm)
    assert re.match(r"aws (logs tail|sqs receive-message) ", first_command(alarm))
    assert ".\n" in fix


@pytest.mark.parametrize("section", ["", *alarm_names()])
def test_commands_use_only_variables_that_are_set_at_the_top(
    section: str, template: Template
) -> None:
    """The first block sets each variable from an output of the stack."""
    [setup] = commands(RUNBOOK.split("\n## ", maxsplit=1)[0])
    variables = set(re.findall(r"^(\w+)=", setup, re.MULTILINE))
    outputs = set(re.findall(r"\$\(output (\w+)\)", setup))
    text = SECTIONS.get(section, setup)

    assert outputs <= set(template.source["Outputs"])
    assert set(re.findall(r'"\$(\w+)"', text)) <= variables


def test_every_field_and_value_in_a_command_is_found_in_real_lines(reported: Reported) -> None:
    """A run of the handlers printed a line that meets each condition of each filter."""
    filters = [pattern for pattern in PATTERN.findall(RUNBOOK) if pattern.startswith("{")]
    conditions = [clause for pattern in filters for clause in clauses(pattern)]
    unmet = [
        condition
        for condition in conditions
        if not any(matches(condition, line) for line in reported.lines)
    ]

    assert 18 == len(filters)
    assert [] == unmet


def test_every_filter_selects_what_made_the_alarm_fire(reported: Reported) -> None:
    """Each filter selects some lines, but not all."""
    for pattern in PATTERN.findall(RUNBOOK):
        if pattern.startswith("{"):
            selected = [selects(pattern, line) for line in reported.lines]

            assert {True, False} == set(selected), pattern


def test_other_filters_are_for_the_runtime_s_own_lines() -> None:
    """Lines that aren't JSON are Lambda's, not ours."""
    others = [pattern for pattern in PATTERN.findall(RUNBOOK) if not pattern.startswith("{")]
    terms = {term for pattern in others for term in re.findall(r'\?"([^"]+)"', pattern)}

    assert OF_THE_RUNTIME == terms


def test_calls_of_aws_and_their_options_exist() -> None:
    """The commands and options exist in AWS's models of the APIs."""
    text = re.sub(r" \\\n\s*", " ", RUNBOOK)
    calls = re.findall(r"aws (sqs|cloudformation) ([a-z-]+)([^`\n;]*)", text)
    unknown = set()
    for service, command, rest in calls:
        model = create_loader().load_service_model(service, "service-2")
        operation = model["operations"][command.title().replace("-", "")]
        members = model["shapes"][operation["input"]["shape"]]["members"]
        options = {word.replace("-", "") for word in re.findall(r"--([a-z-]+)", rest)}
        unknown |= options - {name.lower() for name in members}

    assert 4 == len(calls)
    assert {"output", "query"} == unknown  # global options of the AWS CLI


def test_the_dashboard_s_table_has_a_row_for_each_widget(monitoring: Stack) -> None:
    """The rows are in the widgets' order, and name existing alarms."""
    table = RUNBOOK.split("\n## The dashboard\n")[1]
    rows = re.findall(r"^\| \*\*(.+)\*\* \| .+ \| (.*) ?\|$", table, re.MULTILINE)
    named = {name for _, alarms in rows for name in re.split(r", ?", alarms.strip()) if name}

    assert [widget["properties"]["title"] for widget in widgets(monitoring)] == [
        title for title, _ in rows
    ]
    assert set(alarm_names()) == named
