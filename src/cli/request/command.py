"""`csr-approver request`: a serving certificate for a workload, from EKS's signer."""

import json
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated, Final

import typer
import yaml

from adapters.api_connection import ApiConnection
from adapters.aws_account import Aws
from adapters.clock import WallClock
from adapters.eks import DescribedCluster
from adapters.retry import Retries
from cli.account import rights
from cli.account.clusters import (
    Profile,
    Proxy,
    Region,
    connection,
    find_one,
    open_account,
)
from cli.account.problems import in_words
from cli.account.rights import Right
from cli.exits import ANSWER_IS_NO, DONE, STOPPED, UNKNOWN, USAGE, stop
from cli.request.files import Files
from cli.request.key import Key, KeyType
from cli.request.outcome import Outcome, Result
from cli.request.own_csr import OwnCsr
from cli.request.run import CALL_SECONDS, Issuance, Pace, Plan
from cli.request.spec import CertificateSpec, certificate_spec, manifest, warnings
from cli.request.view import as_json, lines
from cli.screen import Output, OutputOption, busy, print_json
from core.errors import BadSettings, ClusterUnavailable
from core.model import APP_SERVING
from core.printable import printable

#: The clock of the runs.
PACE: Final = Pace()

_CSRS: Final = "certificatesigningrequests"

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
deleted, none, unknown),
`expires`, `issuer`, `trusted_by_cluster_ca`, `differences`, `warnings`, and
what was requested.

Examples:

  csr-approver request myserver --cluster prod --approve
  csr-approver request web --dns web.shop.svc --dns shop.example.com \\
      --namespace shop --cluster prod --region eu-west-1 --ca ca.crt
"""


def request(
    name: Annotated[str, typer.Argument(help="The request's name.", metavar="NAME")],
    dns: Annotated[
        list[str] | None,
        typer.Option(help="DNS name, may be repeated; else NAME.NAMESPACE.svc.", metavar="NAME"),
    ] = None,
    ip: Annotated[
        list[str] | None, typer.Option(help="IP address, may be repeated.", metavar="ADDRESS")
    ] = None,
    namespace: Annotated[str, typer.Option(help="The Service's namespace.")] = "default",
    cluster: Annotated[
        str | None, typer.Option(help="The cluster's name; needed without --dry-run.")
    ] = None,
    region: Region = None,
    key_type: Annotated[KeyType, typer.Option(help="Kind of key.")] = KeyType.RSA_2048,
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
        int, typer.Option(help="Seconds to wait for the certificate.", min=1, max=86_400)
    ] = 300,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep request and key if no certificate is issued.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the manifest; file nothing, write no file.")
    ] = False,
    profile: Profile = None,
    proxy: Proxy = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Get a serving certificate for a workload: key, request, approval, certificate."""
    files = Files(key or Path(f"{name}.key"), cert or Path(f"{name}.crt"), ca)
    try:
        spec = certificate_spec(name, namespace, dns or (), ip or ())
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
        typer.echo(_shown(body, output))
        return
    if cluster is None:
        stop(USAGE, "--cluster is missing: give the cluster's name, or --dry-run")
    aws = open_account(profile, [region] if region else [], proxy=proxy)
    try:
        with busy(f"Checking your rights in {cluster} ..."):
            described = find_one(aws, cluster)
            own = OwnCsr(name, partial(_connection, aws, described))
            _check_first(aws, described, spec, own, approve=approve)
    except ClusterUnavailable as error:
        stop(UNKNOWN, f"{cluster} in {aws.home}: {in_words(error)}")
    plan = Plan(spec, new, body, files, described.ca_pem, approve, float(timeout), keep)
    result = _issued(plan, own)
    if output is Output.JSON:
        print_json(as_json(cluster, aws.home, plan, result, notes))
    else:
        typer.echo("\n".join(printable(line, None) for line in lines(plan, result)))
    raise typer.Exit(_code(result))


request.__doc__ = f"{request.__doc__}\n{_MORE}"


def _issued(plan: Plan, own: OwnCsr) -> Result:
    try:
        with busy(f"Waiting for {plan.spec.name} ...") as report:
            return Issuance(plan, own, PACE, report).run()
    except OSError as error:
        key = printable(str(plan.files.key))
        stop(USAGE, f"--key: {key} can't be written: {error.strerror}; give another path")


def _connection(aws: Aws, described: DescribedCluster) -> ApiConnection:
    clock = WallClock(CALL_SECONDS, PACE.ticks)
    return connection(aws, described, clock, Retries(clock, sleep=PACE.sleep))


def _check_first(
    aws: Aws, described: DescribedCluster, spec: CertificateSpec, own: OwnCsr, *, approve: bool
) -> None:
    """Check that the rights are there and the name is free, before anything is done.

    Raises:
        typer.Exit: a right is missing (3), or the name is taken (1).
        ClusterUnavailable: the cluster couldn't be asked.
    """
    missing = _missing(aws, described, _rights(spec.name, approve=approve))
    where = described.cluster.name
    if missing:
        more = "; without --approve, it waits for another person's approval" if approve else ""
        stop(
            UNKNOWN,
            f"{where}: you may not {', nor '.join(map(str, missing))}: ask for that right{more}",
        )
    there = own.look()
    if there is not None:
        conditions = ", ".join(one.type for one in there.csr.conditions) or "pending"
        stop(
            ANSWER_IS_NO,
            f"{where}: a request {spec.name} exists ({printable(conditions)}), filed by "
            f"{printable(there.csr.username)}; choose another NAME, or run: "
            f"kubectl delete csr {spec.name}",
        )


def _rights(name: str, *, approve: bool) -> Sequence[Right]:
    approving = (
        Right("update", f"{_CSRS}/approval", name),
        Right("approve", "signers", APP_SERVING),
    )
    return (Right("create", _CSRS), Right("get", _CSRS, name), *(approving if approve else ()))


def _missing(aws: Aws, described: DescribedCluster, wanted: Sequence[Right]) -> list[Right]:
    with closing(_connection(aws, described)) as api:
        return [right for right in wanted if not rights.may(api, right)]


def _shown(body: dict[str, object], output: Output) -> str:
    if output is Output.JSON:
        return json.dumps(body, indent=2)
    text = yaml.safe_dump(body, sort_keys=False, width=float("inf")).rstrip("\n")
    return f"# Nothing was filed, and the key of this request was not kept.\n{text}"


def _code(result: Result) -> int:
    return {
        Outcome.ISSUED: DONE,
        Outcome.UNKNOWN: UNKNOWN,
        Outcome.STOPPED: STOPPED,
    }.get(result.outcome, ANSWER_IS_NO)
