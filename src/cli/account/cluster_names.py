"""How a person names clusters: by name, by glob, or by an EKS ARN, as scripts have it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from adapters.aws_account import Aws
from cli.account.caller import who_am_i
from cli.exits import USAGE, stop
from core.errors import ClusterUnavailable, EvidenceUnavailable
from core.model import CLUSTER_NAME, REGION_NAME
from core.printable import printable

_NAME: Final = (
    "expected at most 100 letters, digits, hyphens and underscores, the first a letter or digit"
)
_GLOB: Final = frozenset("*?[")
# From: Service Authorization Reference, "Actions, resources, and condition keys for Amazon EKS".
_ARN: Final = re.compile(r"arn:aws[a-z-]*:eks:([^:]+):([0-9]{12}):cluster/(.+)")


@dataclass(frozen=True, slots=True)
class NamedClusters:
    """What one argument names. `region` and `account` are an ARN's, and otherwise empty."""

    name: str
    region: str = ""
    account: str = ""

    @property
    def is_glob(self) -> bool:
        """Whether it may name any number of clusters."""
        return is_glob(self.name)

    def regions(self, others: Sequence[str]) -> tuple[str, ...]:
        """Return the Regions to look in: the ARN's own, or the others."""
        return (self.region,) if self.region else tuple(others)


def is_glob(text: str) -> bool:
    """Return whether an argument may name any number of clusters."""
    return bool(_GLOB & set(text))


def read_name(text: str) -> NamedClusters:
    """Read an argument that names clusters.

    Raises:
        typer.Exit: it is neither a name, nor a glob, nor the ARN of a cluster (2).
    """
    arn = _ARN.fullmatch(text)
    region, account, name = arn.groups() if arn else ("", "", text)
    if (region and not REGION_NAME.fullmatch(region)) or not _may_be_name(name):
        shown = printable(text, 120)
        stop(USAGE, f"{shown!r} is not the name of an EKS cluster, nor a glob or ARN; {_NAME}")
    return NamedClusters(name, region, account)


def check_region(text: str, region: str | None) -> None:
    """Check that `--region`, if given, isn't another one than that of a cluster's ARN.

    Raises:
        typer.Exit: it is another one, and would be ignored (2).
    """
    own = read_name(text).region
    if region is not None and own and region != own:
        stop(USAGE, f"--region {printable(region, 120)}: the ARN names {own}; omit --region")


def regions_of_arns(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the Regions of those arguments that are ARNs."""
    arns = [match for text in texts if (match := _ARN.fullmatch(text))]
    return tuple(one[1] for one in arns if REGION_NAME.fullmatch(one[1]))


def of_other_accounts(
    aws: Aws, asked: Sequence[NamedClusters]
) -> dict[NamedClusters, ClusterUnavailable]:
    """Return the ARNs that EKS wouldn't find, with the reason: it describes only own clusters."""
    arns = [one for one in asked if one.account]
    if not arns:
        return {}
    try:
        own = who_am_i(aws.client("sts"), lambda: datetime.now(UTC)).account
    except EvidenceUnavailable as error:
        return dict.fromkeys(arns, ClusterUnavailable("describe", str(error)))
    return {one: _elsewhere(one, own) for one in arns if one.account != own}


def _elsewhere(named: NamedClusters, own: str) -> ClusterUnavailable:
    detail = (
        f"the ARN is of account {named.account}, the credentials are for {own or 'none'}: give "
        f"credentials of {named.account} with --profile"
    )
    return ClusterUnavailable("account", detail)


def _may_be_name(name: str) -> bool:
    return is_glob(name) or CLUSTER_NAME.fullmatch(name) is not None
