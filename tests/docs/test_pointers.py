"""Sections of the runbook to which the code refers exist."""

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
def test_the_section_exists(file: str, section: str) -> None:
    """The runbook has a heading of this name."""
    assert section in HEADINGS, file


def test_references_are_found() -> None:
    """If none were found, nothing would be checked."""
    assert POINTERS
