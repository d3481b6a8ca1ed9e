"""`csr-approver demo`: the whole approver at work, on a sandbox within this process."""

import typer

from cli.exits import ANSWER_IS_NO
from cli.screen import Output, OutputOption, busy, console, print_json


def demo(
    output: OutputOption = Output.TABLE,
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
        print_json(as_json(result))
    else:
        show(result, console())
    if result.surprises:
        raise typer.Exit(ANSWER_IS_NO)
