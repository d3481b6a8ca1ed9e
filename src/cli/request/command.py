"""`csr-approver request`: a serving certificate for a workload, from EKS's signer."""

from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer

from cli.account.options import Profile, Proxy, Region, Verbose, cluster_names
from cli.exits import UNKNOWN, USAGE, stop
from cli.output import Output, OutputOption, print_json
from cli.request.key_type import KeyType
from core.errors import BadSettings, ClusterUnavailable

_MORE = """
It creates a key, files a request for beta.eks.amazonaws.com/app-serving with
its names as subjectAltName, waits until it is approved and issued, compares the
certificate with the request, and saves it. With --approve it also approves the
request, if you may. Otherwise a person has to, or the approver
(APP_SERVING=true), which only approves such requests of ServiceAccounts.

It overwrites no file. If no certificate comes, or after Ctrl-C, it deletes the
request and the key, unless --keep is given or the certificate is issued by then.

Exit 0: issued and saved. 1: denied, failed, not issued in time, issued
differently, or not all files were saved. 2: usage, or a file exists already.
3: the cluster could not be asked, or you lack a right in it, which is named.
130: Ctrl-C.

--output json prints one object: `outcome` (issued, differs, not-saved,
unusable, denied, failed, refused, deleted, not-issued, stopped, unknown),
`detail`, the written files `key`, `certificate` and `ca`, `request` (there,
deleted, none, unknown), `expires`, `issuer`, `trusted_by_cluster_ca`,
`differences`, `warnings`, and what was requested.

Examples:

  csr-approver request myserver --cluster prod --approve
  csr-approver request web --dns web.shop.svc --dns shop.example.com \\
      --namespace shop --cluster prod --region eu-west-1 --ca ca.crt
"""

_KINDS: Final = ", ".join(one.value for one in KeyType)


def request(
    name: Annotated[str, typer.Argument(help="The request's name.", metavar="NAME")],
    dns: Annotated[
        list[str] | None,
        typer.Option(help="DNS name, may be repeated; else NAME.NAMESPACE.svc.", metavar="NAME"),
    ] = None,
    ip: Annotated[
        list[str] | None, typer.Option(help="IP address, may be repeated.", metavar="ADDRESS")
    ] = None,
    namespace: Annotated[
        str,
        typer.Option("--namespace", "-n", help="The Service's namespace.", metavar="NAME"),
    ] = "default",
    cluster: Annotated[
        str | None,
        typer.Option(
            help="The cluster's name or ARN; --dry-run needs none.",
            metavar="NAME",
            autocompletion=cluster_names,
        ),
    ] = None,
    allow_loopback: Annotated[
        bool,
        typer.Option(
            "--allow-loopback", help="Accept localhost and 127.0.0.1; a person must approve them."
        ),
    ] = False,
    allow_wildcards: Annotated[
        bool,
        typer.Option("--allow-wildcards", help="Accept *.NAME; a person must approve them."),
    ] = False,
    region: Region = None,
    key_type: Annotated[
        KeyType, typer.Option(help=f"Kind of key: {_KINDS}.", metavar="KIND")
    ] = KeyType.RSA_2048,
    key: Annotated[
        Path | None, typer.Option(help="File for the key; else NAME.key.", metavar="FILE")
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(help="File for the certificate; else NAME.crt.", metavar="FILE")
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(
            help="File for the cluster's CA, if it signed the certificate.", metavar="FILE"
        ),
    ] = None,
    approve: Annotated[
        bool, typer.Option("--approve", help="Approve the request yourself.")
    ] = False,
    timeout: Annotated[
        int,
        typer.Option(
            help="How long to wait for the certificate.", metavar="SECONDS", min=1, max=86_400
        ),
    ] = 300,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep request and key if no certificate is issued.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the manifest; file nothing, write no file.")
    ] = False,
    profile: Profile = None,
    proxy: Proxy = False,
    verbose: Verbose = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Get a serving certificate for a workload: key, request, approval, certificate."""
    from cli.account.cluster_names import check_region, read_name
    from cli.account.clusters import find_one
    from cli.account.credentials import open_account
    from cli.account.problems import in_words
    from cli.request.files import Files
    from cli.request.filing import check_first, code_of, issued, open_connection, shown
    from cli.request.key import Key
    from cli.request.own_csr import OwnCsr
    from cli.request.plan import Plan
    from cli.request.spec import Allowed, certificate_spec, manifest, warnings
    from cli.request.view import as_json, lines, show
    from cli.screen import busy

    files = Files(key or Path(f"{name}.key"), cert or Path(f"{name}.crt"), ca)
    try:
        spec = certificate_spec(
            name,
            namespace,
            dns or (),
            ip or (),
            Allowed(loopback=allow_loopback, wildcards=allow_wildcards),
        )
        notes = tuple(warnings(spec))
        if not dry_run:
            files.check()
    except BadSettings as error:
        stop(USAGE, str(error))
    for note in notes:
        typer.echo(f"csr-approver: warning: {note}", err=True)
    new = Key(key_type)
    body = manifest(spec, new.request(spec), rsa=new.is_rsa)
    if dry_run:
        typer.echo(shown(body, output))
        return
    if cluster is None:
        stop(USAGE, "--cluster is missing: give the cluster's name, or --dry-run")
    check_region(cluster, region)
    regions = [] if region is None else [region]
    aws = open_account(profile, regions, proxy=proxy, clusters=[cluster])
    try:
        with busy(f"Checking your rights in {cluster} ..."):
            described = find_one(aws, cluster)
            own = OwnCsr(name, partial(open_connection, aws, described))
            check_first(aws, described, spec, own, approve=approve)
    except ClusterUnavailable as error:
        named = read_name(cluster)
        stop(UNKNOWN, f"{named.name} in {named.region or aws.home}: {in_words(error)}")
    plan = Plan(spec, new, body, files, described.ca_pem, approve, float(timeout), keep)
    result = issued(plan, own)
    if output is Output.JSON:
        print_json(as_json(described.cluster, plan, result, notes))
    else:
        show(lines(plan, result))
    raise typer.Exit(code_of(result))


request.__doc__ = f"{request.__doc__}\n{_MORE}"
