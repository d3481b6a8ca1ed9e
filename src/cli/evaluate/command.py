"""`csr-approver evaluate`: judge saved objects offline with the checks of a live review."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from cli.exits import USAGE, stop
from cli.given_settings import Settings, settings_of
from cli.output import Output, OutputOption, print_value
from core.printable import printable

_EXAMPLE = """
Each file may be JSON or YAML, and one of them `-`, which is standard input. A file that its program
truncated (NextToken) is refused, as what isn't in it could forbid an approval.

Examples:

  kubectl get csr -o json > csrs.json
  aws ec2 describe-instances > instances.json
  aws eks describe-cluster --name prod > cluster.json
  aws iam list-instance-profiles > profiles.json
  kubectl get svc -A -o json > services.json
  csr-approver evaluate --csr csrs.json --instances instances.json \\
      --cluster cluster.json --instance-profiles profiles.json \\
      --services services.json --output json

  kubectl get csr -o yaml | csr-approver evaluate --csr - --explain
"""


def evaluate(
    csr: Annotated[
        str, typer.Option(help="What `kubectl get csr -o json` prints.", metavar="FILE")
    ],
    instances: Annotated[
        str | None, typer.Option(help="What `aws ec2 describe-instances` prints.", metavar="FILE")
    ] = None,
    cluster: Annotated[
        str | None, typer.Option(help="What `aws eks describe-cluster` prints.", metavar="FILE")
    ] = None,
    instance_profiles: Annotated[
        str | None,
        typer.Option(help="What `aws iam list-instance-profiles` prints.", metavar="FILE"),
    ] = None,
    services: Annotated[
        str | None, typer.Option(help="What `kubectl get svc -A -o json` prints.", metavar="FILE")
    ] = None,
    now: Annotated[
        str | None, typer.Option(help="Judge as of this time; default: now.", metavar="RFC3339")
    ] = None,
    decided: Annotated[
        bool,
        typer.Option(
            "--decided", help="Also judge approved and denied CSRs, as of when they were decided."
        ),
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print all reasons instead of a table.")
    ] = False,
    set_: Settings = None,
    output: OutputOption = Output.TABLE,
) -> None:
    """Judge saved CSRs by saved evidence; exit 0 whatever the verdicts, 3 for unreadable input."""
    from cli.evaluate.inputs import check_stdin, read_csrs, read_evidence
    from cli.evaluate.saved_evidence import evaluate as evaluate_saved
    from cli.evaluate.view import show
    from cli.verdict_rows import row_of
    from core.settings import JudgingSettings
    from core.signers import served

    # With --services the second signer's CSRs are judged too, unless APP_SERVING=false is set.
    settings = settings_of(
        set_, JudgingSettings, **({} if services is None else {"APP_SERVING": "true"})
    )
    moment = _moment(now)
    check_stdin(csr, instances, cluster, instance_profiles, services)
    items = read_csrs(csr)
    saved = read_evidence(instances, cluster, instance_profiles, services)
    signers = served(settings)
    answers = evaluate_saved(items, saved, settings, moment, decided=decided, signers=signers)
    rows = [row_of(answer) for answer in answers]
    if output is Output.JSON:
        print_value(rows)
    else:
        show(rows, explained=explain)
    if not items:
        # If kubectl can't parse the API server's answer, it also prints an empty list.
        read = "standard input" if csr == "-" else printable(csr)
        _hint(f"{read} has no CSR; check that kubectl saved it without an error")
    if now is None and _all_abandoned(rows):
        _hint(
            "every CSR is older than MAX_CSR_AGE_SECONDS; to judge them as of when they were "
            "saved, pass that time with --now"
        )


# Typer shows the docstring as the command's help.
evaluate.__doc__ = f"{evaluate.__doc__}\n{_EXAMPLE}"


def _hint(text: str) -> None:
    typer.echo(f"csr-approver: hint: {text}", err=True)


def _moment(now: str | None) -> datetime:
    if now is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(now)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        stop(
            USAGE,
            f"--now {printable(now)}: expected RFC 3339 with an offset, e.g. 2026-01-31T12:00:00Z",
        )
    return moment


def _all_abandoned(rows: list[dict[str, Any]]) -> bool:
    """Return whether all CSRs that were judged were refused as abandoned, and for nothing else."""
    judged = [row for row in rows if row["csr"] and row["verdict"] != "ignore"]
    refused = [[refusal["reason"] for refusal in row["refusals"]] for row in judged]
    return bool(refused) and all(reasons == ["abandoned"] for reasons in refused)
