"""Where code and templates point into the runbook, there is something."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
HEADINGS: Final = set(
    re.findall(r"^#+ (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
)
POINTERS: Final = sorted(
    {
        (str(file.relative_to(ROOT)), section)
        for file in (ROOT / "src").rglob("*.py")
        for section in re.findall(r"see ([\w-]+) in docs/runbook\.md", file.read_text())
    }
)


@pytest.mark.parametrize(("file", "section"), POINTERS)
def test_the_section_is_there(file: str, section: str) -> None:
    """Who is told to read on finds it by that name."""
    assert section in HEADINGS, file


def test_there_are_pointers() -> None:
    """If none were found, none would be held against anything."""
    assert POINTERS
