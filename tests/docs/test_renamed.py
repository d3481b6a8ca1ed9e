"""`docs/renamed.md` leads to names that the code has."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DOC: Final = (ROOT / "docs" / "renamed.md").read_text()
ROWS: Final = re.findall(r"^\| `(.+)` \| `(.+)` \| \S.* \|$", DOC, re.MULTILINE)
SOURCE: Final = "\n".join(
    file.read_text() for file in (*sorted((ROOT / "src").rglob("*.py")), ROOT / "template.yaml")
)


def test_each_line_is_a_row() -> None:
    """A line that can't be parsed would not be checked."""
    lines = [line for line in DOC.splitlines() if line.startswith("| ")]

    assert ["| old | new | where |"] == [line for line in lines if "`" not in line]
    assert len(ROWS) == len(lines) - 1


@pytest.mark.parametrize("new", sorted({new for _, new in ROWS}))
def test_the_new_name_is_in_the_code(new: str) -> None:
    """A command is there by its last word."""
    name = new.removeprefix("csr-approver ").removeprefix("…")

    assert re.search(rf"\b{re.escape(name.lstrip(', '))}\b", SOURCE)
