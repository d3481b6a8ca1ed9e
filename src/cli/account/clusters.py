"""A person's own AWS account: credentials as the AWS CLI finds them, and the clusters there.

No kubeconfig is needed: EKS tells a cluster's endpoint and CA, and the token is made offline.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final

import boto3
import typer
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    NoCredentialsError,
    SSOError,
    TokenRetrievalError,
)

from adapters import eks
from adapters.api_connection import ApiConnection
from adapters.aws_account import Aws
from adapters.aws_clients import error_code, reported
from adapters.csr_api import KubernetesCsrApi
from adapters.eks import ClusterNotFound, DescribedCluster
from adapters.retry import Retries
from cli.exits import COULD_NOT_TELL, USAGE, stop
from cli.screen import counted
from core.errors import ClusterUnavailable
from core.model import CLUSTER_NAME, REGION_NAME
from core.ports import Clock
from core.printable import printable

Profile = Annotated[
    str | None,
    typer.Option(help="AWS profile; else AWS_PROFILE, as for the AWS CLI.", metavar="NAME"),
]
Region = Annotated[
    str | None,
    typer.Option(help="AWS Region; else AWS_REGION, or the profile's.", metavar="NAME"),
]
Regions = Annotated[
    list[str] | None,
    typer.Option(
        "--region",
        help="AWS Region to look in, may be repeated; else AWS_REGION, or the profile's.",
        metavar="NAME",
    ),
]
Proxy = Annotated[
    bool,
    typer.Option("--proxy", help="Use the environment's proxy (HTTPS_PROXY, NO_PROXY)."),
]

#: What is said where AWS, or the network on the way to it, is at fault: by AWS's error code.
_FIXES: Final = {
    "AccessDenied": "your credentials lack that right",
    "AccessDeniedException": "your credentials lack that right",
    "UnauthorizedOperation": "your credentials lack that right",
    "ExpiredToken": "your credentials have expired: renew them",
    "ExpiredTokenException": "your credentials have expired: renew them",
    "UnrecognizedClientException": "AWS doesn't know your credentials: renew them",
    "InvalidClientTokenId": "AWS doesn't know your credentials: renew them",
    "UnauthorizedSSOTokenError": "sign in again: aws sso login",
    "SSOTokenLoadError": "sign in again: aws sso login",
    "TokenRetrievalError": "sign in again: aws sso login",
    "NoCredentialsError": "give credentials: aws configure, or --profile",
    "ProxyConnectionError": "the proxy doesn't answer",
    "EndpointConnectionError": "AWS can't be reached",
    "ConnectTimeoutError": "AWS can't be reached",
    "ReadTimeoutError": "AWS can't be reached",
}

#: What fails when credentials are had of somebody else, not in the configuration.
_NOT_HAD: Final = (ClientError, SSOError, TokenRetrievalError, HTTPClientError)

_UNREACHED: Final = ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError")
_AT_ONCE: Final = 8
_GLOB: Final = frozenset("*?[")
#: One page of anything but CSRs.
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Found:
    """A cluster that was asked for: as EKS describes it, or why that can't be had."""

    name: str
    region: str
    described: DescribedCluster | ClusterUnavailable


def open_account(profile: str | None, regions: Sequence[str], *, proxy: bool) -> Aws:
    """The account of these credentials; its `home` is the first Region, or the configured one.

    Raises:
        typer.Exit: the profile or a Region isn't one (2), or there are no credentials (3).
    """
    for region in regions:
        _check_region("--region", region)
    try:
        session = boto3.Session(profile_name=profile)
        home = next(iter(regions), None) or os.environ.get("AWS_REGION") or session.region_name
        if not home:
            stop(USAGE, "no Region: give --region, or set AWS_REGION")
        _check_region("AWS_REGION or the profile's region", home)
        aws = Aws(home, session, use_environment_proxy=proxy)
        aws.client("sts")
        aws.credentials().get_frozen_credentials()
    except NoCredentialsError as error:
        stop(COULD_NOT_TELL, with_fix(f"no AWS credentials were found: {error_code(error)}"))
    except _NOT_HAD as error:  # had by SSO or another role, and that failed
        stop(COULD_NOT_TELL, with_fix(reported("AWS credentials", error)))
    except (BotoCoreError, ValueError, OSError) as error:
        stop(USAGE, f"AWS configuration: {printable(str(error))}")
    return aws


def hint(detail: str) -> str:
    """What to do about AWS's refusal, or its silence; empty where that isn't known."""
    code = next((code for code in _FIXES if code in detail.replace(":", " ").split()), "")
    proxied = any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy"))
    if code in _UNREACHED and proxied:
        return f"{_FIXES[code]}; HTTPS_PROXY is set: with --proxy it is used"
    return _FIXES.get(code, "")


def with_fix(problem: str) -> str:
    """The problem, and what to do about it where that is known."""
    fix = hint(problem)
    return f"{problem} ({fix})" if fix else problem


def find(aws: Aws, names: Sequence[str], regions: Sequence[str]) -> list[Found]:
    """The clusters of these names or globs in these Regions, each once; several at a time.

    A name that is in one of the Regions isn't missed in the others. One that can't be described
    costs the others nothing.

    Raises:
        typer.Exit: a name can't be a cluster's (2).
    """
    for name in names:
        if not _GLOB & set(name) and not CLUSTER_NAME.fullmatch(name):
            stop(USAGE, f"{printable(name, 120)!r}: not the name of an EKS cluster, nor a glob")
    where = tuple(dict.fromkeys(regions)) or (aws.home,)
    unlisted, wanted = _listed(aws, [name for name in names if _GLOB & set(name)], where)
    wanted += [(name, region) for name in names if not _GLOB & set(name) for region in where]
    found = unlisted + at_once(
        lambda one: _described(aws, *one), list(dict.fromkeys(wanted)), "Asking EKS"
    )
    there = {one.name for one in found if isinstance(one.described, DescribedCluster)}
    return [
        one
        for one in found
        if not (isinstance(one.described, ClusterNotFound) and one.name in there)
    ]


def find_one(aws: Aws, name: str) -> DescribedCluster:
    """The cluster of this name in the account's Region, if it can be reviewed now.

    Raises:
        typer.Exit: the name can't be a cluster's (2).
        ClusterUnavailable: there is none, or it can't be described, or isn't ready.
    """
    if not CLUSTER_NAME.fullmatch(name):
        stop(USAGE, f"{printable(name, 120)!r}: not the name of an EKS cluster")
    return described(_described(aws, name, aws.home))


def at_once(ask: Callable[[Any], Any], things: Sequence[Any], words: str) -> list[Any]:
    """What comes of each, in their order, several at a time, with progress on stderr."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(counted(pool.map(ask, things), len(things), words))


def described(found: Found) -> DescribedCluster:
    """The cluster, if it can be reviewed now.

    Raises:
        ClusterUnavailable: it can't; says why.
    """
    if isinstance(found.described, ClusterUnavailable):
        raise found.described
    if not eks.is_reviewable(found.described.status):
        raise ClusterUnavailable("status", f"the cluster is {printable(found.described.status)}")
    return found.described


def csr_api(
    aws: Aws, cluster: DescribedCluster, clock: Clock, *, connections: int = 8
) -> KubernetesCsrApi:
    """The CSRs of a cluster, as a context.

    Raises:
        ClusterUnavailable: endpoint or CA are none that a token may be sent by.
    """
    return KubernetesCsrApi(
        endpoint=cluster.endpoint,
        ca_pem=cluster.ca_pem,
        tokens=aws.tokens(cluster),
        clock=clock,
        connections=connections,
        use_environment_proxy=aws.use_environment_proxy,
    )


def connection(
    aws: Aws, cluster: DescribedCluster, clock: Clock, retries: Retries | None = None
) -> ApiConnection:
    """Any other call to a cluster's API; to be closed.

    Raises:
        ClusterUnavailable: endpoint or CA are none that a token may be sent by.
    """
    return ApiConnection(
        cluster.endpoint,
        cluster.ca_pem,
        aws.tokens(cluster),
        clock,
        retries or Retries(clock),
        connections=1,
        max_answer_bytes=_MOST_BYTES,
        use_environment_proxy=aws.use_environment_proxy,
    )


def _check_region(whose: str, region: str) -> None:
    if not REGION_NAME.fullmatch(region):
        stop(USAGE, f"{whose}: got {printable(region, 120)!r}, expected a Region, e.g. eu-west-1")


def _listed(
    aws: Aws, globs: Sequence[str], regions: Sequence[str]
) -> tuple[list[Found], list[tuple[str, str]]]:
    """What can't be listed or isn't there, and name and Region of what is."""
    troubles: list[Found] = []
    wanted: list[tuple[str, str]] = []
    matched: set[str] = set()
    for region in regions if globs else ():
        try:
            names = eks.list_clusters(aws.client("eks", region))
        except ClusterUnavailable as error:
            troubles.append(Found("*", region, error))
            continue
        for glob in globs:
            found = [name for name in names if fnmatchcase(name, glob)]
            matched |= {glob} if found else set()
            wanted += [(name, region) for name in found if CLUSTER_NAME.fullmatch(name)]
    absent = ClusterNotFound("list", "no cluster has such a name")
    if not troubles:
        troubles = [Found(glob, ",".join(regions), absent) for glob in globs if glob not in matched]
    return troubles, wanted


def _described(aws: Aws, name: str, region: str) -> Found:
    try:
        return Found(name, region, eks.describe(aws.client("eks", region), name, region))
    except ClusterUnavailable as error:
        return Found(name, region, error)
