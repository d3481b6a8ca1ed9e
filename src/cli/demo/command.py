"""`csr-approver demo`: the whole approver at work, on a sandbox within this process."""

import json
from typing import Annotated

import typer

from cli.evaluate.command import Output
from cli.exits import ANSWER_IS_NO
from cli.screen import busy, console


def demo(
    output: Annotated[Output, typer.Option(help="How to print what happened.")] = Output.TABLE,
) -> None:
    """Show the whole approver at work: four clusters, good nodes, broken nodes and attackers.

    The very functions that Lambda runs, on moto for AWS and a small Kubernetes API for each
    cluster, all within this process: no account, no credentials, no network but loopback.
    Exit 1 when a decision isn't what it should be.
    """
    # Half a second that the other commands needn't wait for.
    from cli.demo.run import play
    from cli.demo.view import as_json, show

    with busy("Starting four clusters, filing requests, reviewing ..."):
        result = play()
    if output is Output.JSON:
        typer.echo(json.dumps(as_json(result), indent=2))
    else:
        show(result, console())
    if result.surprises:
        raise typer.Exit(ANSWER_IS_NO)
