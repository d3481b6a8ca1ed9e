"""`csr-approver review`: one real run on one cluster, with a person's own credentials."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from cli.account.options import Profile, Proxy, Region, Verbose, cluster_names
from cli.exits import ANSWER_IS_NO, DONE, UNKNOWN
from cli.given_settings import Settings, settings_of
from cli.output import Output, OutputOption, print_json
from core.errors import ClusterUnavailable
from core.printable import printable, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from adapters.aws_account import Aws
    from cli.account.clusters import Found
    from cli.account.copied import GivenOptions
    from cli.review.run import Reviewed
    from core.settings import ReviewSettings

_EXAMPLE = """
It lists the cluster's requests, asks EC2 and IAM who the requesters are, and judges, as the
deployed functions do. It needs the approver's own rights (csr-approver access shows them). Without
--apply it writes nothing, whatever the settings say, and the table shows what it would write. With
names of requests or nodes it shows and writes only those, and judges the others as evidence.

Exit 0: all requests are approved, wait to be approved, or stopped at a gate (abandoned, superseded,
not an EC2 node's). Exit 1: a request was denied or left, or a decision is due and was not written,
or an approved request has no certificate or a wrong one. Exit 3: a cluster, EC2 or IAM could not
be read, not all of the list was read or reached in time, or a named request isn't listed.

Examples:

  csr-approver review prod --region eu-west-1
  csr-approver review prod csr-7znmf ip-10-0-1-10.ec2.internal --apply
  csr-approver review prod --apply --set MODE=enforce --output json
"""

_CLUSTER_HELP: Final = "The cluster's name or ARN, or a glob in quotes."
_APPLY_HELP: Final = "Write what is due; approvals only, unless MODE is set."


def review(
    cluster: Annotated[
        str,
        typer.Argument(help=_CLUSTER_HELP, metavar="CLUSTER", autocompletion=cluster_names),
    ],
    only: Annotated[
        list[str] | None,
        typer.Argument(help="Only these requests, or those of these nodes.", metavar="CSR|NODE"),
    ] = None,
    region: Region = None,
    apply: Annotated[bool, typer.Option("--apply", help=_APPLY_HELP)] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show every refusal: what was got and expected.")
    ] = False,
    set_: Settings = None,
    profile: Profile = None,
    proxy: Proxy = False,
    verbose: Verbose = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Review a cluster's requests once, with your own credentials; read only, unless --apply."""
    from cli.account.cluster_names import check_region, is_glob
    from cli.account.clusters import find
    from cli.account.copied import GivenOptions
    from cli.account.credentials import open_account
    from cli.review.json_answer import as_json
    from cli.review.view import show
    from cli.screen import console
    from core.settings import Mode, ReviewSettings

    # A person who asks for --apply wants approvals; the functions write nothing by default.
    settings = settings_of(set_, ReviewSettings, MODE=Mode.APPROVE_ONLY.value)
    check_region(cluster, region)
    regions = [] if region is None else [region]
    aws = open_account(profile, regions, proxy=proxy, clusters=[cluster])
    found = find(aws, [cluster], regions)
    given = GivenOptions(profile, proxy, tuple(set_ or ()))
    done = [_reviewed(aws, one, settings, given, only or (), applied=apply) for one in found]
    reviewed = [one for one in done if one is not None]
    if output is Output.JSON:
        documents = list(map(as_json, reviewed))
        # A glob names any number of clusters, so its answer is a list even of one.
        if is_glob(cluster):
            print_json({"clusters": documents})
        for document in [] if is_glob(cluster) else documents:
            print_json(document)
    else:
        for number, one in enumerate(reviewed):
            if number:
                typer.echo()
            show(one, console(), given, explained=explain)
    raise typer.Exit(_code(done))


review.__doc__ = f"{review.__doc__}\n{_EXAMPLE}"


def _reviewed(
    aws: "Aws",
    found: "Found",
    settings: "ReviewSettings",
    given: "GivenOptions",
    only: "Iterable[str]",
    *,
    applied: bool,
) -> "Reviewed | None":
    """Return one cluster's review; None after a message on stderr if it fails."""
    from adapters.eks import ClusterNotFound
    from cli.account.clusters import described
    from cli.account.problems import in_words, own_access
    from cli.review.run import run_once
    from cli.screen import busy

    try:
        cluster = described(found)
        with busy(f"Reviewing {found.name} ..."):
            return run_once(aws, cluster, settings, applied=applied, only=tuple(only))
    except ClusterNotFound as error:
        problem = error.detail
    except ClusterUnavailable as error:
        words = in_words(error, own_access(found.name, found.region, given))
        problem = f"{printable(found.name)} in {found.region}: {words}"
    typer.echo(f"csr-approver: {visible(problem)}", err=True)
    return None


def _code(done: "list[Reviewed | None]") -> int:
    if any(one is not None and not one.is_well for one in done):
        return ANSWER_IS_NO
    return DONE if all(one is not None and one.is_whole for one in done) else UNKNOWN
