"""Names of clusters, to complete on a command line that isn't finished."""

from collections.abc import Mapping
from contextlib import redirect_stderr
from io import StringIO
from typing import Any, Final

import typer

from adapters.aws_clients import AWS_FAULTS
from cli.account.credentials import open_account
from core.model import CLUSTER_NAME

#: A person waits: EKS lists a hundred names in one answer, and more aren't asked for.
_MOST: Final = 100


def names_of(given: Mapping[str, Any], incomplete: str) -> list[str]:
    """Return the clusters' names that begin so, in the account and Regions that were given.

    `given`: the options before the name. Without an answer of AWS there are no names: what is
    printed here would end up on the person's command line.
    """
    region = given.get("region")
    regions = [region] if isinstance(region, str) else list(region or ())
    names: set[str] = set()
    try:
        with redirect_stderr(StringIO()):
            aws = open_account(given.get("profile"), regions, proxy=bool(given.get("proxy")))
        for where in regions or [aws.home]:
            eks = aws.client("eks", where, fast_fail=True)
            names |= set(eks.list_clusters(maxResults=_MOST)["clusters"])
    except (*AWS_FAULTS, typer.Exit, KeyError):
        return []
    return sorted(
        one for one in names if one.startswith(incomplete) and CLUSTER_NAME.fullmatch(one)
    )
