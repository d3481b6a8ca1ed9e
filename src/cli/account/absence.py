"""Messages for clusters that EKS doesn't have: what was asked for, where, and what is there."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from adapters import eks
from adapters.aws_account import Aws
from cli.account.caller import who_am_i
from core.errors import ClusterUnavailable, EvidenceUnavailable
from core.printable import printable

_MAX_SHOWN: Final = 20


def absence(aws: Aws, name: str, region: str) -> str:
    """Return that EKS has no cluster of this name in this Region, and which ones it has."""
    try:
        caller = who_am_i(aws.client("sts"), lambda: datetime.now(UTC))
        account = f" (account {caller.account})" if caller.account else ""
    except EvidenceUnavailable:
        account = ""
    try:
        there = _names_there(eks.list_clusters(aws.client("eks", region)))
    except ClusterUnavailable:
        there = "Check the name and --region."
    return f'EKS has no cluster "{printable(name)}" in {region}{account}. {there}'


def no_match(glob: str, regions: str, there: Sequence[str]) -> str:
    """Return that none of the clusters in these Regions matches, and which ones there are."""
    return (
        f'EKS has no cluster that matches "{printable(glob)}" in {regions}. {_names_there(there)}'
    )


def _names_there(names: Sequence[str]) -> str:
    if not names:
        return "There are no clusters there: check --region and --profile."
    more = f" and {len(names) - _MAX_SHOWN} more" if len(names) > _MAX_SHOWN else ""
    return f"Clusters there: {', '.join(map(printable, sorted(names)[:_MAX_SHOWN]))}{more}."
