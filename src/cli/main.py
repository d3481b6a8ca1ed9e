"""The command line: `csr-approver`, for people."""

from typing import Annotated

import typer

from cli.access.command import access
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
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(demo)
app.command()(evaluate)
app.command()(legacy)
app.command()(review)
app.command()(access)
app.command()(doctor)
app.command()(diagnose)
app.command("readiness", hidden=True)(diagnose)  # its earlier name
app.command()(request)


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


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
