"""`csr-approver review`: one real run on one cluster, with a person's own credentials."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.account.options import Profile, Proxy, Region, Verbose, cluster_names
from cli.exits import ANSWER_IS_NO, UNKNOWN, stop
from cli.given_settings import Settings, settings_of
from cli.output import Output, OutputOption, print_json
from core.errors import ClusterUnavailable

if TYPE_CHECKING:
    from cli.review.run import Reviewed

_EXAMPLE = """
It lists the cluster's requests, asks EC2 and IAM who the requesters are, and judges, as the
deployed functions do. It needs the approver's own rights (csr-approver access shows them). Without
--apply it writes nothing, whatever the settings say, and the table shows what it would write.

Exit 0: all requests are approved, wait to be approved, or stopped at a gate (abandoned, superseded,
not an EC2 node's). Exit 1: a request was denied or left, or a decision is due and was not written,
or an approved request has no certificate or a wrong one. Exit 3: the cluster, EC2 or IAM could not
be read, or not all of the list was read.

Examples:

  csr-approver review prod --region eu-west-1
  csr-approver review prod --apply --set MODE=enforce --output json
"""


def review(
    cluster: Annotated[
        str,
        typer.Argument(help="The cluster's name.", metavar="CLUSTER", autocompletion=cluster_names),
    ],
    region: Region = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Write what is due; approvals only, unless MODE is set.")
    ] = False,
    set_: Settings = None,
    profile: Profile = None,
    proxy: Proxy = False,
    verbose: Verbose = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Review one cluster's requests once, with your own credentials; read only, unless --apply."""
    from cli.account.clusters import find_one, open_account
    from cli.account.problems import in_words, own_access
    from cli.review.run import run_once
    from cli.review.view import as_json, show
    from cli.screen import busy, console
    from core.settings import Mode, ReviewSettings

    # A person who asks for --apply wants approvals; the functions write nothing by default.
    settings = settings_of(set_, ReviewSettings, MODE=Mode.APPROVE_ONLY.value)
    aws = open_account(profile, [] if region is None else [region], proxy=proxy)
    try:
        described = find_one(aws, cluster)
        with busy(f"Reviewing {cluster} ..."):
            reviewed = run_once(aws, described, settings, applied=apply)
    except ClusterUnavailable as error:
        problem = in_words(error, own_access(cluster, aws.home))
        stop(UNKNOWN, f"{cluster} in {aws.home}: {problem}")
    if output is Output.JSON:
        print_json(as_json(reviewed))
    else:
        show(reviewed, console())
    raise typer.Exit(_code(reviewed))


review.__doc__ = f"{review.__doc__}\n{_EXAMPLE}"


def _code(reviewed: "Reviewed") -> int:
    if not reviewed.is_well:
        return ANSWER_IS_NO
    return 0 if reviewed.is_whole else UNKNOWN
