"""`csr-approver access`: the approver's rights in a cluster, printed or applied."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cli.access.options import STACK, RoleArn, StackName, StackRegion
from cli.account.options import Profile, Proxy, Regions, Verbose, cluster_names
from cli.exits import ANSWER_IS_NO, DONE, UNKNOWN
from cli.output import Output, OutputOption, print_json

if TYPE_CHECKING:
    from cli.access.onboarding import Onboarding

_EXAMPLE = """
The approver needs a ClusterRole with its binding, to list CSRs, write decisions and approve for the
kubelet-serving signer, and a standard EKS access entry that puts its role into the group
csr-approver. With --apply the command creates and updates them with your own rights in each
cluster that you name. It doesn't overwrite what others created under the same name, and an error in
one cluster stops no other.

Without --apply it changes nothing, and prints YAML for kubectl, with the aws commands for each
cluster in its comments. Name the context when you apply it: the current one may be another cluster.

Exit 1: a cluster takes no access entries (authentication mode CONFIG_MAP), or the role's entry has
another type; the fix is printed. Exit 3: a cluster could not be described or changed.

Examples:

  csr-approver access prod --region eu-west-1 --apply
  csr-approver access 'prod-*' test --region eu-west-1 --region us-east-1 \\
      --apply
  csr-approver access prod > access.yaml; less access.yaml
  kubectl --context prod apply -f access.yaml
"""


def access(
    clusters: Annotated[
        list[str],
        typer.Argument(
            help="Names or ARNs of clusters, or globs in quotes.",
            metavar="CLUSTER",
            autocompletion=cluster_names,
        ),
    ],
    region: Regions = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Create or update the rights in each cluster.")
    ] = False,
    app_serving: Annotated[
        bool, typer.Option("--app-serving", help="Add the rights for the app-serving signer.")
    ] = False,
    role_arn: RoleArn = None,
    stack_name: StackName = STACK,
    stack_region: StackRegion = None,
    profile: Profile = None,
    proxy: Proxy = False,
    verbose: Verbose = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Give the approver access to clusters: print what it needs, or create it with --apply."""
    from cli.access.approver_role import find_role
    from cli.access.manifests import manifests
    from cli.access.onboarding import Approver, onboard
    from cli.access.view import as_json, as_manifests, failures, show
    from cli.account.clusters import at_once, find
    from cli.account.copied import GivenOptions
    from cli.account.credentials import open_account

    aws = open_account(profile, region or [], proxy=proxy, clusters=clusters)
    role = find_role(aws, role_arn, stack_name, stack_region or aws.home)
    needed = manifests(app_serving=app_serving)
    approver = Approver(role.arn, needed, GivenOptions(profile, proxy))
    do = partial(onboard, aws, approver=approver, applied=apply)
    words = "Giving access" if apply else "Looking at clusters"
    done = at_once(do, find(aws, clusters, region or []), words)
    if output is Output.JSON:
        print_json(as_json(role, needed, done, applied=apply))
    elif apply:
        show(done)
    else:
        for problem in failures(done):
            typer.echo(f"csr-approver: {problem}", err=True)
        # Without a cluster there is nothing for `kubectl apply` to apply to.
        if any(one.is_described for one in done):
            typer.echo(as_manifests(role, needed, done))
    raise typer.Exit(_code(done))


access.__doc__ = f"{access.__doc__}\n{_EXAMPLE}"


def _code(done: "list[Onboarding]") -> int:
    from cli.access.steps import State

    if any(one.has(State.BLOCKED) for one in done):
        return ANSWER_IS_NO
    return UNKNOWN if any(one.has(State.UNKNOWN) for one in done) else DONE
