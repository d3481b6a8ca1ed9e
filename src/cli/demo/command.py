"""`csr-approver demo`: the whole approver at work, on a sandbox within this process."""

from typing import Annotated

import typer

from cli.exits import ANSWER_IS_NO, USAGE, stop
from cli.output import Output, OutputOption, print_json


def demo(
    all_: Annotated[
        bool, typer.Option("--all", help="Show every decision, and log lines and metrics.")
    ] = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show a broken node and its fix, in a sandbox of four clusters with good nodes and attackers.

    The functions are those that Lambda runs; moto stands in for AWS, and each cluster has a fake
    Kubernetes API server. Everything runs in this process, and needs no account, no credentials
    and no network but loopback. It needs the optional packages: the wheel's extra `demo`.
    Exit 1: a decision isn't the expected one. Exit 2: the optional packages aren't installed.
    """
    try:
        # Imported here: it takes half a second, and the other commands must run without moto.
        from cli.demo.json_answer import as_json
        from cli.demo.run import play
        from cli.demo.screen import show
        from cli.demo.view import show_all, show_surprises
        from cli.screen import busy, console
    except ModuleNotFoundError as error:
        stop(
            USAGE,
            f'the demo needs the Python package "{error.name}", which is not installed. '
            "Install the wheel with its extra: pipx install --force 'WHEEL[demo]'",
        )
    with busy("Starting four clusters, filing requests, reviewing ..."):
        result = play()
    if output is Output.JSON:
        print_json(as_json(result))
    else:
        screen = console()
        (show_all if all_ else show)(result, screen)
        show_surprises(result, screen)
    if not result.is_expected:
        raise typer.Exit(ANSWER_IS_NO)
