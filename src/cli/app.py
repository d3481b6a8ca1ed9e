"""The command line: `csr-approver`, for people.

The commands' modules hold options and help. What a command needs beyond that is imported when it
runs, so that `--help` and completion are quick.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from cli.access.command import access
from cli.command import Command
from cli.demo.command import demo
from cli.diagnose.command import diagnose
from cli.doctor.command import doctor
from cli.evaluate.command import evaluate
from cli.legacy.command import legacy
from cli.request.command import request
from cli.review.command import review
from core.version import VERSION

app = typer.Typer(
    name="csr-approver",
    help="Approves the kubelet serving certificates of EKS clusters, from outside the clusters.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: Rich takes time to import, and breaks long lines twice
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _add(command: Callable[..., None], summary: str, *, name: str | None = None) -> None:
    """Add a command. `summary`: at most 66 characters, or `--help` cuts it in 80 columns."""
    app.command(name, cls=Command, short_help=summary, hidden=name is not None)(command)


_add(diagnose, "Show which nodes get no certificate, why, and what to do.")
_add(review, "Review a cluster's requests once; with --apply, approve them.")
_add(access, "Give the approver access to clusters, with --apply.")
_add(doctor, "Check the whole chain, and show the first broken link.")
_add(evaluate, "Judge saved requests by saved evidence, offline.")
_add(legacy, "Find v1beta1 CSRs and signers that EKS never issues for.")
_add(request, "Get a serving certificate for a workload.")
_add(demo, "Show the whole approver at work, in a sandbox.")
_add(diagnose, "Show which nodes get no certificate.", name="readiness")  # its earlier name


def _print_version(is_wanted: bool) -> None:  # noqa: FBT001  Typer calls it
    if is_wanted:
        typer.echo(f"csr-approver {VERSION}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Accept the options that come before a command."""
    del version  # its callback has printed it
