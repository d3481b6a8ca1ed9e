"""`csr-approver doctor`: the whole chain from the credentials to a dry run, link by link."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.access.options import STACK, RoleArn, StackName, StackRegion
from cli.account.options import Profile, Proxy, Regions, Verbose, cluster_names
from cli.exits import ANSWER_IS_NO, DONE, UNKNOWN
from cli.output import Output, OutputOption, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.account.clusters import Found
    from cli.doctor.account import AccountLinks
    from cli.doctor.view import Examined, Findings

_EXAMPLE = """
It changes nothing. Without names it checks all clusters of the Region. A link is ok, open (nothing
is wrong, but nothing has confirmed it yet), broken, unknown (it could not be checked), or not
checked (it needs a link that doesn't hold). The first broken link and its fix are printed last.

By default doctor checks your credentials, not the approver's. With --assume-role it checks the
approver's role, if that role's trust policy lets you assume it. Without it, doctor asks the cluster
what the approver's group may do.

Your credentials should be able to read the stack (cloudformation:DescribeStacks,
ListStackResources, scheduler:GetSchedule), its alarms and their topics (cloudwatch:DescribeAlarms,
sns:GetTopicAttributes, and of an encrypted topic's key kms:DescribeKey, GetKeyPolicy), the
reviewer's log (logs:FilterLogEvents), roles and their rights (iam:GetRole,
SimulatePrincipalPolicy), the clusters and their access entries (eks:ListClusters, DescribeCluster,
ListAccessEntries, DescribeAccessEntry). If the reviewer runs in a VPC, also ec2:DescribeSubnets,
DescribeRouteTables and DescribeVpcEndpoints. A link that your credentials can't read is unknown.

Exit 0: nothing is broken. Exit 1: a link is broken. Exit 3: a link is unknown, and none is broken.

Examples:

  csr-approver doctor prod --region eu-west-1
  csr-approver doctor 'prod-*' --assume-role --output json
"""


def doctor(
    clusters: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names or ARNs of clusters, or globs in quotes.",
            metavar="CLUSTER",
            autocompletion=cluster_names,
        ),
    ] = None,
    region: Regions = None,
    assume_role: Annotated[
        bool, typer.Option("--assume-role", help="Check as the approver's own role.")
    ] = False,
    account: Annotated[
        str | None, typer.Option(help="The account that the credentials must be for.", metavar="ID")
    ] = None,
    role_arn: RoleArn = None,
    stack_name: StackName = STACK,
    stack_region: StackRegion = None,
    profile: Profile = None,
    proxy: Proxy = False,
    verbose: Verbose = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Check the whole chain, from your credentials to a dry run, and name the first broken link."""
    from adapters.eks import ClusterNotFound
    from cli.access.approver_role import check_role, check_stack
    from cli.account.clusters import at_once, find
    from cli.account.copied import GivenOptions
    from cli.account.credentials import open_account
    from cli.doctor.account import AccountLinks
    from cli.doctor.chain import walk
    from cli.doctor.view import as_json, show
    from cli.screen import busy, console

    aws = open_account(profile, region or [], proxy=proxy, clusters=clusters or [])
    check_stack(stack_name)
    if role_arn is not None:
        check_role(role_arn)
    links = AccountLinks(
        aws,
        account=account,
        role_arn=role_arn,
        stack_name=stack_name,
        stack_region=stack_region or aws.home,
        assume=assume_role,
        given=GivenOptions(profile, proxy),
    )
    with busy("Checking the account ..."):
        ours = walk(links.links(), {})
    found = find(aws, clusters or ["*"], region or []) if ours["credentials"].holds else []
    if not clusters:  # a Region without clusters is not broken
        found = [one for one in found if not isinstance(one.described, ClusterNotFound)]
    examined = at_once(lambda one: _examine(one, links, ours), found, "Checking clusters")
    if output is Output.JSON:
        print_json(as_json(ours, examined))
    else:
        show(ours, examined, console())
    raise typer.Exit(_code(ours, examined))


doctor.__doc__ = f"{doctor.__doc__}\n{_EXAMPLE}"


def _examine(found: "Found", account: "AccountLinks", known: "Findings") -> "Examined":
    from cli.doctor.chain import walk
    from cli.doctor.cluster import ClusterLinks
    from cli.doctor.view import Examined

    return Examined(found.name, found.region, walk(ClusterLinks(found, account).links(), known))


def _code(account: "Findings", clusters: "Sequence[Examined]") -> int:
    from cli.doctor.chain import Status

    every = [account, *(one.findings for one in clusters)]
    seen = {finding.status for findings in every for finding in findings.values()}
    if Status.BROKEN in seen:
        return ANSWER_IS_NO
    return UNKNOWN if Status.UNKNOWN in seen else DONE
