"""The command line: `csr-approver`, for people."""

import typer

from cli.access.command import access
from cli.demo.command import demo
from cli.diagnose.command import diagnose
from cli.doctor.command import doctor
from cli.evaluate.command import evaluate
from cli.legacy.command import legacy
from cli.request.command import request
from cli.review.command import review

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
app.command("readiness", hidden=True)(diagnose)  # its earlier name, the audit of AWS's page
app.command()(request)


@app.callback()
def _root() -> None:
    """Keep the commands commands, however few they are."""


def main() -> None:
    """Entry point of the installed command."""
    app()


if __name__ == "__main__":
    main()
