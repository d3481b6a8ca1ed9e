"""The times within which an alarm notifies, as the runbook states them."""

import re

from tests.simulation import stated
from tests.simulation.simulate import the_stack
from tests.template.templates import ROOT

_ROW = re.compile(r"^\| ([a-z-]+) \| (\d+) \| .+ \|$", re.MULTILINE)


def test_the_runbook_states_the_times_that_the_simulation_asserts() -> None:
    """Each alarm has one row."""
    text = (ROOT / "docs" / "runbook.md").read_text()
    section = text.partition("## How soon an alarm notifies")[2].partition("\n## ")[0]
    stack = the_stack()

    in_runbook = {name: int(minutes) for name, minutes in _ROW.findall(section)}

    assert in_runbook == {name: stated.minutes(name, stack) for name in stated.alarms(stack)}
