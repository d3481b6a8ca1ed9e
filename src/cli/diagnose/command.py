"""`csr-approver diagnose`: from the symptom to its cause and its remedy."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.account.options import Profile, Proxy, Regions, Verbose, cluster_names
from cli.exits import ANSWER_IS_NO, DONE, UNKNOWN, USAGE, stop
from cli.given_settings import Settings, settings_of
from cli.output import Output, OutputOption, print_json
from core.printable import printable, visible

_EXAMPLE = """
For `kubectl logs` that fails with `tls: internal error`, and `kubectl get csr` that shows Pending.
It lists each kubelet-serving request that is pending, or approved and not issued, grouped by cause,
with what to do about each cause and what to type. It judges as a review does, and writes nothing.
With --node or --csr it shows one in full: names, what EC2 shows, each check.

Without CLUSTER it looks at all clusters of the Regions. It needs the approver's rights to list and
describe (csr-approver access shows them). It is also the audit that AWS's page asks for before the
upgrade to Kubernetes 1.24; `readiness` is an alias.

Only a requester's newest request counts. Requests that a newer one superseded, or whose instance is
gone, are ignored. A young request waits, and doesn't make a cluster not ready. Where no request is
listed, that alone doesn't prove that every node has a certificate.

Exit 0: nothing needs action. Exit 1: something does, even if something else is unknown. Exit 3:
nothing is known to need action, but a cluster or a request could not be read, judged or found.

Examples:

  csr-approver diagnose prod --region eu-west-1
  csr-approver diagnose prod --node ip-10-0-1-10.eu-west-1.compute.internal
  csr-approver diagnose prod 'test-*' --html report.html --output json
"""

_NODE_HELP: Final = "Show this node's request in full: its name, username or instance id."


def diagnose(
    clusters: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names or ARNs of clusters, or globs in quotes.",
            metavar="CLUSTER",
            autocompletion=cluster_names,
        ),
    ] = None,
    region: Regions = None,
    node: Annotated[str | None, typer.Option(help=_NODE_HELP, metavar="NAME")] = None,
    csr: Annotated[
        str | None, typer.Option(help="Show this request in full.", metavar="NAME")
    ] = None,
    html: Annotated[
        str | None, typer.Option(help="Write a report for people to this file.", metavar="FILE")
    ] = None,
    set_: Settings = None,
    profile: Profile = None,
    proxy: Proxy = False,
    verbose: Verbose = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Show which nodes have no serving certificate, why, and what to do about each cause."""
    from cli.account.caller import account_of
    from cli.account.clusters import at_once, check_any, find
    from cli.account.copied import GivenOptions
    from cli.account.credentials import open_account
    from cli.diagnose.groups import Sought, has_requests
    from cli.diagnose.html import html_report
    from cli.diagnose.json_answer import as_json
    from cli.diagnose.one import show_sought
    from cli.diagnose.run import diagnose_cluster
    from cli.diagnose.totals import all_ready
    from cli.diagnose.view import show
    from cli.screen import console
    from core.settings import JudgingSettings

    settings = settings_of(set_, JudgingSettings)
    if node is not None and csr is not None:
        stop(USAGE, "--node and --csr: give one of them")
    if "" in {node, csr}:  # an empty variable in a script must not select the whole cluster
        stop(USAGE, "--node or --csr is empty: give a name")
    if html is not None:
        _check_writable(html)
    aws = open_account(profile, region or [], proxy=proxy, clusters=clusters or [])
    found = find(aws, clusters or ["*"], region or [])
    if not clusters:
        check_any(found)
    given = GivenOptions(profile, proxy, tuple(set_ or ()))
    looked_at = at_once(
        lambda one: diagnose_cluster(aws, one, settings, given), found, "Looking at clusters"
    )
    for one in looked_at:
        if not one.exists:
            typer.echo(f"csr-approver: {visible(one.problem)}", err=True)
    sought, account = Sought(node or "", csr or ""), account_of(aws)
    diagnosed = [sought.among(one) for one in looked_at]
    is_missing = bool(sought) and not any(map(has_requests, diagnosed))
    ready = None if is_missing else all_ready(diagnosed)
    if output is Output.JSON:
        print_json(as_json(diagnosed, account) | {"ready": ready})
    elif sought:
        show_sought(sought, diagnosed, console())
    else:
        show(diagnosed, console())
    if html is not None:
        _write(html, html_report(diagnosed, datetime.now(UTC), account))
    raise typer.Exit(_CODES[ready])


diagnose.__doc__ = f"{diagnose.__doc__}\n{_EXAMPLE}"

_CODES: Final = {True: DONE, False: ANSWER_IS_NO, None: UNKNOWN}


def _check_writable(file: str) -> None:
    """Stop now, rather than after the diagnosis, if the report can't be written."""
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
        stop(USAGE, f"--html {printable(file, 200)}: {error.strerror}; give another file")


def _write(file: str, report: str) -> None:
    try:
        Path(file).write_text(report, encoding="ascii")
    except OSError as error:
        stop(
            UNKNOWN,
            f"--html {printable(file)}: {error.strerror}; give another file",
        )
    typer.echo(f"csr-approver: the report is in {printable(file)}", err=True)
