"""The clusters that a command names, as EKS describes them."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final

from adapters import eks
from adapters.aws_account import Aws
from adapters.eks import ClusterNotFound, DescribedCluster
from cli.account.absence import absence, no_match
from cli.account.cluster_names import NamedClusters, is_glob, of_other_accounts, read_name
from cli.exits import UNKNOWN, USAGE, stop
from cli.screen import counted
from core.errors import ClusterUnavailable
from core.model import CLUSTER_NAME
from core.printable import printable, quoted
from core.selection import is_reviewable

_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Found:
    """A requested cluster: its description by EKS, or why there is none."""

    name: str
    region: str
    described: DescribedCluster | ClusterUnavailable


def find(aws: Aws, names: Sequence[str], regions: Sequence[str]) -> list[Found]:
    """Return the clusters of these names, globs or ARNs in these Regions, each once.

    A name that is found in one Region isn't reported as missing in the others. A cluster that can't
    be described is returned with the reason, and stops no other.

    Raises:
        typer.Exit: a name isn't valid for a cluster (2).
    """
    asked = [read_name(name) for name in names]
    others = of_other_accounts(aws, asked)
    asked = [one for one in asked if one not in others]
    where = tuple(dict.fromkeys(regions)) or (aws.home,)
    unlisted, wanted = _listed(aws, [one for one in asked if one.is_glob], where)
    wanted += [(one.name, r) for one in asked if not one.is_glob for r in one.regions(where)]
    found = unlisted + at_once(
        lambda one: _described(aws, *one), list(dict.fromkeys(wanted)), "Asking EKS"
    )
    there = {one.name for one in found if isinstance(one.described, DescribedCluster)}
    there -= {one.name for one in asked if one.region}  # an ARN names one Region
    return [Found(one.name, one.region, why) for one, why in others.items()] + [
        _explained(aws, one)
        for one in found
        if not (isinstance(one.described, ClusterNotFound) and one.name in there)
    ]


def check_any(found: Sequence[Found]) -> None:
    """Stop if there is no cluster in any of the Regions.

    Raises:
        typer.Exit: there is none; says where (3).
    """
    if all(isinstance(one.described, ClusterNotFound) for one in found):
        where = ", ".join(dict.fromkeys(one.region for one in found))
        stop(UNKNOWN, f"there are no clusters in {where}: check --region and --profile")


def find_one(aws: Aws, name: str) -> DescribedCluster:
    """Return the cluster of this name or ARN, if it can be reviewed now.

    Raises:
        typer.Exit: the name isn't valid for a cluster (2), or there is no such cluster (3).
        ClusterUnavailable: it can't be described, or isn't ready.
    """
    named = read_name(name)
    if named.is_glob:
        stop(USAGE, f"{quoted(name, 120)} is a glob; expected one cluster's name or ARN")
    for why in of_other_accounts(aws, [named]).values():
        raise why
    region = named.region or aws.home
    found = _described(aws, named.name, region)
    if isinstance(found.described, ClusterNotFound):
        stop(UNKNOWN, absence(aws, named.name, region))
    return described(found)


def at_once(ask: Callable[[Any], Any], things: Sequence[Any], words: str) -> list[Any]:
    """Call `ask` for each, several at a time; return the answers in order, and show progress."""
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        return list(counted(pool.map(ask, things), len(things), words))
    finally:
        # After Ctrl-C, don't wait for answers that may take a minute.
        pool.shutdown(wait=False, cancel_futures=True)


def described(found: Found) -> DescribedCluster:
    """Return the cluster, if it can be reviewed now.

    Raises:
        ClusterUnavailable: it can't; says why.
    """
    if isinstance(found.described, ClusterUnavailable):
        raise found.described
    if not is_reviewable(found.described.status):
        raise ClusterUnavailable("state", f"the cluster is {printable(found.described.status)}")
    return found.described


def _listed(
    aws: Aws, globs: Sequence[NamedClusters], where: Sequence[str]
) -> tuple[list[Found], list[tuple[str, str]]]:
    """Return the Regions and globs without clusters, and name and Region of the clusters found."""
    failed: list[Found] = []
    there: list[str] = []
    wanted: list[tuple[str, str]] = []
    matched: set[NamedClusters] = set()
    for region in dict.fromkeys(region for one in globs for region in one.regions(where)):
        try:
            names = eks.list_clusters(aws.client("eks", region))
        except ClusterUnavailable as error:
            failed.append(Found("*", region, error))
            continue
        there += names
        for glob in globs:
            if region in glob.regions(where):
                found = [name for name in names if fnmatchcase(name, glob.name)]
                matched |= {glob} if found else set()
                wanted += [(name, region) for name in found if CLUSTER_NAME.fullmatch(name)]
    if not failed:
        failed = [_unmatched(one, where, there) for one in globs if one not in matched]
    return failed, wanted


def _unmatched(glob: NamedClusters, where: Sequence[str], there: Sequence[str]) -> Found:
    regions = ",".join(glob.regions(where))
    return Found(glob.name, regions, ClusterNotFound("list", no_match(glob.name, regions, there)))


def _described(aws: Aws, name: str, region: str) -> Found:
    try:
        return Found(name, region, eks.describe(aws.client("eks", region), name, region))
    except ClusterUnavailable as error:
        return Found(name, region, error)


def _explained(aws: Aws, found: Found) -> Found:
    """Return it unchanged, but a cluster that EKS doesn't have with the names of those it has."""
    if not isinstance(found.described, ClusterNotFound) or is_glob(found.name):
        return found
    detail = absence(aws, found.name, found.region)
    return Found(found.name, found.region, ClusterNotFound("describe", detail))
