"""What both the terminal and the report say of a diagnosis in a word or a number."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from cli.diagnose.cause import Cause, Need
from cli.diagnose.diagnosis import Diagnosis
from cli.diagnose.groups import shown
from cli.diagnose.name_status import NameStatus, RequestedName
from cli.diagnose.run import ClusterDiagnosis
from core.model import Csr

#: The text for a name's status.
STATUS_TEXT: Final = {
    NameStatus.CONFIRMED: "EC2 confirms it",
    NameStatus.NEEDS_SETTING: "needs a setting",
    NameStatus.NOT_ACCEPTED: "not the node's own",
    NameStatus.NOT_ON_INSTANCE: "not the instance's",
    NameStatus.RESERVED: "the cluster's or AWS's",
    NameStatus.UNSUPPORTED: "not a host name or address",
    NameStatus.UNKNOWN: "nothing to compare with",
}

#: The text for a request's need.
NEED_TEXT: Final = {
    Need.ACTION: "needs action",
    Need.UNKNOWN: "unknown",
    Need.WAIT: "wait",
    Need.NONE: "no action needed",
}

#: The headings of `counts`.
COUNT_HEADINGS: Final = ("Action", "Unknown", "Wait", "Ignored")

#: Printed where nothing needs action: an empty list is no proof of health.
NO_PROOF: Final = (
    "This doesn't prove that every node has a certificate: the API server lists an issued request "
    "for an hour, and a kubelet that can't reach it, or has no address yet, asks for none. If "
    "`kubectl logs` fails on a node, look at that node with --node NAME."
)

# The texts before the number of requests of each need.
_FOR: Final = {Need.ACTION: "action needed for", Need.UNKNOWN: "unknown for", Need.WAIT: "wait for"}


def answer(ready: bool | None) -> str:  # noqa: FBT001  the value is what is shown
    """Return `nothing needs action`, `needs action` or `unknown`."""
    return {True: "nothing needs action", False: "needs action", None: "unknown"}[ready]


def yes_or_no(ready: bool | None) -> str:  # noqa: FBT001  the value is what is shown
    """Return `yes`, `no` or `unknown`, under a heading that says what for."""
    return {True: "yes", False: "no", None: "unknown"}[ready]


def all_ready(clusters: Sequence[ClusterDiagnosis]) -> bool | None:
    """Return False if any cluster needs action; else None if any is unknown, or there is none."""
    every = [one.ready for one in clusters]
    if False in every:
        return False
    return None if None in every or not every else True


def ignored(diagnosed: ClusterDiagnosis) -> Iterator[tuple[Csr, Cause, str]]:
    """Yield the requests that need no action: which, why, and the newer one's name, if any."""
    if diagnosed.diagnosis is None:
        return
    for one in diagnosed.diagnosis.csrs:
        if one.need is Need.NONE:
            yield one.csr, one.causes[0].cause, ""
    for csr, newer in diagnosed.diagnosis.superseded:
        yield csr, Cause.SUPERSEDED, newer


def summary(diagnosis: Diagnosis, diagnosed: ClusterDiagnosis) -> str:
    """Return, as text, how many requests are listed and how many there are of each need."""
    needs = Counter(one.need for one in shown(diagnosed))
    parts = [f"{words} {needs[need]}" for need, words in _FOR.items() if needs[need]]
    ignored_count = sum(1 for _ in ignored(diagnosed))
    parts += [f"nothing to do for {ignored_count}"] if ignored_count else []
    found = ", ".join(parts) or "no request lacks a certificate or has a wrong one"
    return f"{diagnosis.listed} request{'' if diagnosis.listed == 1 else 's'} listed: {found}"


def counts(cluster: ClusterDiagnosis) -> list[int | None]:
    """Return how many requests there are under each of COUNT_HEADINGS; None if unknown."""
    if cluster.diagnosis is None:
        return [None] * len(COUNT_HEADINGS)
    needs = Counter(one.need for one in shown(cluster))
    ignored_count = sum(1 for _ in ignored(cluster))
    return [needs[Need.ACTION], needs[Need.UNKNOWN], needs[Need.WAIT], ignored_count]


def confirmed(name: RequestedName) -> bool | None:
    """Return True if EC2 confirms the name; None if its status is unknown."""
    return None if name.status is NameStatus.UNKNOWN else name.status is NameStatus.CONFIRMED


def confirmed_last(name: RequestedName) -> bool:
    """Return the sort key of names: confirmed ones come last."""
    return name.status is NameStatus.CONFIRMED
