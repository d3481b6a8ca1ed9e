"""`csr-approver request`: a serving certificate for a workload, from EKS's own signer."""

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
    with_fix,
)
from cli.account.rights import Right
from cli.exits import ANSWER_IS_NO, COULD_NOT_TELL, DONE, STOPPED, USAGE, stop
from cli.request.files import Files
from cli.request.key import Key, KeyType
from cli.request.own_csr import OwnCsr
from cli.request.run import CALL_SECONDS, End, Ended, Pace, Plan, Walk
from cli.request.view import as_json, lines
from cli.request.wanted import Wanted, manifest, wanted, warnings
from cli.screen import Output, OutputOption, busy, print_json
from core.errors import BadSettings, ClusterUnavailable, NotOnboarded
from core.model import APP_SERVING
from core.printable import printable

#: How time passes here.
PACE: Final = Pace()

_CSRS: Final = "certificatesigningrequests"

_MORE = """
It makes a key, files a request for beta.eks.amazonaws.com/app-serving with its
names as subjectAltName, waits until it is approved and issued, holds the
certificate against what was asked for, and saves it. With --approve it also
approves the request, if you may; else a person has to, or the approver
(APP_SERVING=true), which takes such requests of ServiceAccounts alone.

No file is written over. When no certificate comes, or after Ctrl-C, request and
key are deleted again, unless --keep is given, or it is issued by then.

Exit 0: issued and saved. 1: denied, failed, not issued in time, or issued
otherwise than asked for. 2: usage, or a file is there already. 3: the cluster
could not be asked, or you lack a right in it, which is named. 130: Ctrl-C.

--output json prints one object: `outcome` (issued, differs, unusable, denied,
failed, refused, deleted, not-issued, stopped, unknown), `detail`, what was
written as `key`, `certificate` and `ca`, `request` (there, deleted, none,
unknown), `expires`, `issuer`, `trusted_by_cluster_ca`, `differences`,
`warnings`, and what was asked for.

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
        str | None, typer.Option(help="The cluster's name; needed but for --dry-run.")
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
        typer.Option(help="File for the CA that clients need, if it is known.", metavar="FILE"),
    ] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Approve it yourself.")] = False,
    timeout: Annotated[int, typer.Option(help="Seconds to wait for it.", min=1, max=86_400)] = 300,
    keep: Annotated[
        bool, typer.Option("--keep", help="Delete neither request nor key if none is issued.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print the manifest; file and write nothing.")
    ] = False,
    profile: Profile = None,
    proxy: Proxy = False,
    output: OutputOption = Output.TABLE,
) -> None:
    """Have a serving certificate issued for a workload: key, request, approval, certificate."""
    files = Files(key or Path(f"{name}.key"), cert or Path(f"{name}.crt"), ca)
    try:
        asked = wanted(name, namespace, dns or (), ip or ())
        notes = tuple(warnings(asked))
        if not dry_run:
            files.check()
    except BadSettings as error:
        stop(USAGE, str(error))
    for note in notes:
        typer.echo(f"csr-approver: warning: {note}", err=True)
    new = Key(key_type)
    body = manifest(asked, new.request(asked), rsa=new.is_rsa)
    if dry_run:
        typer.echo(_shown(body, output))
        return
    if cluster is None:
        stop(USAGE, "--cluster: give the cluster's name")
    aws = open_account(profile, [region] if region else [], proxy=proxy)
    try:
        with busy(f"Asking {cluster} what you may ..."):
            described = find_one(aws, cluster)
            own = OwnCsr(name, partial(_connection, aws, described))
            _look_before(aws, described, asked, own, approve=approve)
    except ClusterUnavailable as error:
        stop(COULD_NOT_TELL, f"{cluster} in {aws.home}: {_mended(error)}")
    plan = Plan(asked, new, body, files, described.ca_pem, approve, float(timeout), keep)
    ended = _walked(plan, own)
    if output is Output.JSON:
        print_json(as_json(cluster, aws.home, plan, ended, notes))
    else:
        typer.echo("\n".join(printable(line, None) for line in lines(plan, ended)))
    raise typer.Exit(_code(ended))


request.__doc__ = f"{request.__doc__}\n{_MORE}"


def _walked(plan: Plan, own: OwnCsr) -> Ended:
    try:
        with busy(f"Waiting for {plan.asked.name} ...") as tell:
            return Walk(plan, own, PACE, tell).run()
    except OSError as error:
        stop(USAGE, f"{printable(str(plan.files.key))} can't be written: {error.strerror}")


def _connection(aws: Aws, described: DescribedCluster) -> ApiConnection:
    clock = WallClock(CALL_SECONDS, PACE.ticks)
    return connection(aws, described, clock, Retries(clock, sleep=PACE.sleep))


def _look_before(
    aws: Aws, described: DescribedCluster, asked: Wanted, own: OwnCsr, *, approve: bool
) -> None:
    """Nothing is done in vain: the rights are there, and the name is free.

    Raises:
        typer.Exit: a right is missing (3), or the name is taken (1).
        ClusterUnavailable: the cluster couldn't be asked.
    """
    missing = _missing(aws, described, _rights(asked.name, approve=approve))
    where = described.cluster.name
    if missing:
        more = "; without --approve, it waits for somebody who may" if approve else ""
        stop(COULD_NOT_TELL, f"{where}: you may not {', nor '.join(map(str, missing))}{more}")
    there = own.look()
    if there is not None:
        conditions = ", ".join(one.type for one in there.csr.conditions) or "pending"
        stop(
            ANSWER_IS_NO,
            f"{where}: a request {asked.name} exists ({printable(conditions)}), filed by "
            f"{printable(there.csr.username)}; choose another NAME, or run: "
            f"kubectl delete csr {asked.name}",
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


def _mended(error: ClusterUnavailable) -> str:
    if isinstance(error, NotOnboarded) and error.cause == "unauthorized":
        return f"{error}; the cluster must let your own role in, by an access entry"
    return with_fix(str(error))


def _shown(body: dict[str, object], output: Output) -> str:
    if output is Output.JSON:
        return json.dumps(body, indent=2)
    text = yaml.safe_dump(body, sort_keys=False, width=float("inf")).rstrip("\n")
    return f"# Nothing was filed, and the key of this request is not kept.\n{text}"


def _code(ended: Ended) -> int:
    return {
        End.ISSUED: DONE,
        End.UNKNOWN: COULD_NOT_TELL,
        End.STOPPED: STOPPED,
    }.get(ended.end, ANSWER_IS_NO)
