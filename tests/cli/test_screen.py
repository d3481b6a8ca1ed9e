"""Names that others chose, as the commands print them."""

from rich.console import Console

from cli.screen import cell


def test_a_cell_escapes_text_of_others() -> None:
    """Control characters, text direction marks and Rich's markup reach no terminal."""
    console = Console(width=80, record=True, file=None)
    with console.capture() as shown:
        console.print(cell("\x1b[31mred\u202e\a[bold]name[/bold]"), end="")

    assert "\\x1b[31mred\\u202e\\x07[bold]name[/bold]" == shown.get()
