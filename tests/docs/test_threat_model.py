"""`docs/threat-model.md` names checks and tests that are there."""

import re
from pathlib import Path
from typing import Final

import pytest

from core.checks import CHECKS

ROOT: Final = Path(__file__).parents[2]
DOC: Final = (ROOT / "docs" / "threat-model.md").read_text()
ATTACKS: Final = re.findall(
    r"^\| (.+) \| (.+) \| `(tests/[\w/]+\.py)::(\w+)` \|$", DOC, re.MULTILINE
)
_IDS: Final = {check.id for checks in CHECKS.values() for check in checks}


def test_each_attack_has_its_row() -> None:
    """A line of the table that can't be read would be held against nothing."""
    table = DOC.split("## Attacks")[1].split("## What remains")[0]
    rows = [line for line in table.splitlines() if line.startswith("| ")]

    assert len(rows) - 1 == len(ATTACKS)
    assert len(ATTACKS) > 25


@pytest.mark.parametrize(("attack", "_stopped_by", "file", "test"), ATTACKS)
def test_the_test_that_shows_it_exists(attack: str, _stopped_by: str, file: str, test: str) -> None:
    """Under this name, in this file."""
    assert f"\ndef {test}(" in (ROOT / file).read_text(), attack


def test_the_checks_that_stop_them_exist() -> None:
    """And every check that asks EC2 stops something."""
    named = {
        name for _, stopped_by, *_ in ATTACKS for name in re.findall(r"`([a-z-]+)`", stopped_by)
    }
    named.discard("uid")

    assert {"dns-names", "ip-addresses", "node-role", "cluster"} <= named
    assert set() == named - _IDS
