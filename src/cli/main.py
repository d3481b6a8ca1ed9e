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
app.command("readiness", hidden=True)(diagnose)  # its earlier name
app.command()(request)


@app.callback()
def _root() -> None:
    """Make Typer expect a command's name."""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
