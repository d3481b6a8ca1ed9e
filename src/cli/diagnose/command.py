"""`csr-approver diagnose`: the upgrade audit of AWS's page, for one cluster or all of them."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.account.clusters import Profile, Proxy, Regions, at_once, find, open_account
from cli.diagnose.html import html_report
from cli.diagnose.run import ClusterDiagnosis, diagnose_cluster
from cli.diagnose.view import all_ready, as_json, show
from cli.exits import ANSWER_IS_NO, DONE, UNKNOWN, USAGE, stop
from cli.given_settings import Settings, settings_of
from cli.screen import Output, OutputOption, console, print_json
from core.printable import printable
from core.settings import JudgingSettings

_EXAMPLE = """
From Kubernetes 1.24 on, EKS issues nothing for a request with a name that it can't verify. This
lists each kubelet-serving request that is pending, or approved and not issued, the names it asks
for, which of them EC2 confirms, and what to do. It writes nothing. Without CLUSTER it audits all
clusters of the Regions. It needs the approver's rights to list and describe (csr-approver access
shows them).

Only a requester's newest request counts. Requests that a newer one superseded, or whose instance is
gone, are ignored. A request that waits and passes all checks doesn't make a cluster not ready.

Exit 0: all clusters are ready. Exit 1: something needs action, even if something else is unknown.
Exit 3: nothing is known to need action, but a cluster or a request could not be read or judged.

Examples:

  csr-approver diagnose --region eu-west-1 --region us-east-1
  csr-approver diagnose prod 'test-*' --html report.html --output json
"""


def diagnose(
    clusters: Annotated[
        list[str] | None,
        typer.Argument(help="Names or ARNs of clusters, or globs in quotes.", metavar="CLUSTER"),
    ] = None,
    region: Regions = None,
    html: Annotated[
        str | None, typer.Option(help="Write a report for people to this file.", metavar="FILE")
    ] = None,
    set_: Settings = None,
    profile: Profile = None,
    proxy: Proxy = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Audit clusters for the upgrade to 1.24: which nodes get no certificate, and what to do."""
    settings = settings_of(set_, JudgingSettings)
    if html is not None:
        _check_writable(html)
    aws = open_account(profile, region or [], proxy=proxy, clusters=clusters or [])
    found = find(aws, clusters or ["*"], region or [])
    diagnosed = at_once(
        lambda one: diagnose_cluster(aws, one, settings), found, "Looking at clusters"
    )
    if output is Output.JSON:
        print_json(as_json(diagnosed))
    else:
        show(diagnosed, console())
    if html is not None:
        _write(html, diagnosed)
    raise typer.Exit(_CODES[all_ready(diagnosed)])


diagnose.__doc__ = f"{diagnose.__doc__}\n{_EXAMPLE}"

_CODES: Final = {True: DONE, False: ANSWER_IS_NO, None: UNKNOWN}


def _check_writable(file: str) -> None:
    """Stop now, rather than after the audit, if the report can't be written."""
    path = Path(file)
    try:
        if path.is_dir() or not path.name:
            stop(USAGE, f"--html {printable(file)}: a folder, expected a file")
        if not path.parent.is_dir():
            folder = printable(str(path.parent))
            stop(USAGE, f"--html {printable(file)}: create the folder {folder} first")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            stop(USAGE, f"--html {printable(file)}: you may not write it: give another file")
    except OSError as error:  # for example, the name is too long
        stop(USAGE, f"--html {printable(file, 200)}: {error.strerror}")


def _write(file: str, diagnosed: list[ClusterDiagnosis]) -> None:
    try:
        Path(file).write_text(html_report(diagnosed, datetime.now(UTC)), encoding="ascii")
    except OSError as error:
        stop(UNKNOWN, f"--html {printable(file)}: {error.strerror}")
    typer.echo(f"csr-approver: the report is in {printable(file)}", err=True)
