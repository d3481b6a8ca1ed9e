"""Exit codes of every command, and how a command ends early."""

from typing import NoReturn

import typer

from core.printable import visible

DONE = 0
ANSWER_IS_NO = 1
USAGE = 2
UNKNOWN = 3

#: After Ctrl-C, as Typer itself ends. From: the shells' convention, 128 plus the signal's number.
STOPPED = 130


def stop(code: int, problem: str) -> NoReturn:
    """End with a message on stderr that says what failed, on what, and what to do.

    Raises:
        typer.Exit: always.
    """
    typer.echo(f"csr-approver: {visible(problem)}", err=True)
    raise typer.Exit(code)
