"""`csr-approver demo`: the whole approver at work, on a sandbox within this process."""

import json
import os
import sys
from typing import Annotated, Final

import typer
from rich.console import Console

from cli.evaluate import Output
from cli.exits import ANSWER_IS_NO

_PIPE_WIDTH: Final = 120


def demo(
    output: Annotated[Output, typer.Option(help="How to print what happened.")] = Output.TABLE,
) -> None:
    """Show the whole approver at work: four clusters, good nodes, broken nodes and attackers.

    The very functions that Lambda runs, on moto for AWS and a small Kubernetes API for each
    cluster, all within this process: no account, no credentials, no network but loopback.
    Exit 1 when a decision isn't what it should be.
    """
    # Half a second that the other commands needn't wait for.
    from cli.demo_run import play
    from cli.demo_view import as_json, show

    with Console(stderr=True).status("Starting four clusters, filing requests, reviewing ..."):
        result = play()
    if output is Output.JSON:
        typer.echo(json.dumps(as_json(result), indent=2))
    else:
        show(result, _console())
    if result.surprises:
        raise typer.Exit(ANSWER_IS_NO)


def _console() -> Console:
    """Rich asks the terminal for its width; a file or a pipe has none."""
    console = Console(file=sys.stdout)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = _PIPE_WIDTH
    return console
