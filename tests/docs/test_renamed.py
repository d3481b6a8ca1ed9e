"""`docs/renamed.md` leads to names that the code has."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DOC: Final = (ROOT / "docs" / "renamed.md").read_text()
RENAMED, RESERVED = DOC.split("## Names reserved")
ROWS: Final = re.findall(r"^\| `(.+)` \| `(.+)` \| \S.* \|$", RENAMED, re.MULTILINE)
SOURCE: Final = "\n".join(
    file.read_text() for file in (*sorted((ROOT / "src").rglob("*.py")), ROOT / "template.yaml")
)


def test_each_line_is_a_row() -> None:
    """A line that can't be parsed would not be checked."""
    lines = [line for line in RENAMED.splitlines() if line.startswith("| ")]

    assert ["| old | new | where |"] == [line for line in lines if "`" not in line]
    assert len(ROWS) == len(lines) - 1


@pytest.mark.parametrize("new", sorted({new for _, new in ROWS}))
def test_the_new_name_is_in_the_code(new: str) -> None:
    """A command is there by its last word."""
    name = new.removeprefix("csr-approver ").removeprefix("…")

    assert re.search(rf"\b{re.escape(name.lstrip(', '))}\b", SOURCE)


@pytest.mark.parametrize("name", re.findall(r"^\| `([^`]+)` \|", RESERVED, re.MULTILINE))
def test_a_reserved_name_is_not_in_use(name: str) -> None:
    """Once the code uses it, its row moves out of the list."""
    literal = name.lower() if name.isupper() else name

    assert f'"{name}"' not in SOURCE
    assert f"    {literal}: " not in SOURCE
