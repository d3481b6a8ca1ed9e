"""Names that others chose, as the commands print them."""

import io
import sys

import pytest
from rich.console import Console

from cli.screen import Screen, cell, console, table


def test_a_cell_escapes_text_of_others() -> None:
    """Control characters, text direction marks and Rich's markup reach no terminal."""
    console = Console(width=80, record=True, file=None)
    with console.capture() as shown:
        console.print(cell("\x1b[31mred\u202e\a[bold]name[/bold]"), end="")

    assert "\\x1b[31mred\\u202e\\x07[bold]name[/bold]" == shown.get()


def test_a_table_in_a_pipe_has_80_columns_and_no_trailing_blanks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rich pads its tables to their width."""
    monkeypatch.delenv("COLUMNS", raising=False)
    written = io.StringIO()
    monkeypatch.setattr(sys, "stdout", written)
    rows = table("Name", "Why", expand=True)
    rows.add_row(cell("a"), cell("b"))

    console().print(rows)

    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.rstrip() for line in lines] == lines


@pytest.mark.parametrize("columns", ["0", "x", "-5", ""])
def test_a_width_that_is_none_is_80_columns(monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)

    assert 80 == Screen.of_stdout().width


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"FORCE_COLOR": "1"}, "\x1b[31mdeny\x1b[0m"),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, "deny"),
        ({}, "deny"),
    ],
)
def test_colours_are_for_terminals_without_no_color(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], shown: str
) -> None:
    """FORCE_COLOR makes a pipe a terminal."""
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in {"TERM": "xterm", **environment}.items():
        monkeypatch.setenv(name, value)

    assert shown == Screen.of_stdout().styled("deny", "red")
