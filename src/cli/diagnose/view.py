"""What `csr-approver diagnose` prints; untrusted text is escaped."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.diagnose.advice import LONGEST_NAME, PAGE, about_version, age_of, node_of, remedy
from cli.diagnose.causes import Cause, Need
from cli.diagnose.diagnosis import DiagnosedCsr, Diagnosis, state_of
from cli.diagnose.name_status import NameStatus, RequestedName
from cli.diagnose.run import ClusterDiagnosis
from cli.screen import cell, table
from core.model import Csr
from core.printable import printable

Json = dict[str, Any]

#: The text for a name's status.
STATUS_TEXT: Final = {
    NameStatus.CONFIRMED: "EC2 confirms it",
    NameStatus.NEEDS_SETTING: "not confirmed without a setting",
    NameStatus.NOT_ACCEPTED: "on the instance, but may be a pod's",
    NameStatus.NOT_ON_INSTANCE: "not the instance's",
    NameStatus.RESERVED: "the cluster's or AWS's",
    NameStatus.UNSUPPORTED: "not a host name or address",
    NameStatus.UNKNOWN: "unknown: EC2 shows no running instance, or none of its names yet",
}

#: The text for a request's need.
NEED_TEXT: Final = {
    Need.ACTION: "needs action",
    Need.UNKNOWN: "unknown",
    Need.WAIT: "wait",
    Need.NONE: "no action needed",
}

#: The texts before the number of requests of each need.
_FOR: Final = {Need.ACTION: "action needed for", Need.UNKNOWN: "unknown for", Need.WAIT: "wait for"}

#: The headings of `counts`.
COUNT_HEADINGS: Final = ("Action", "Unknown", "Wait", "Ignored")

_STYLES: Final = {Need.ACTION: "bold red", Need.UNKNOWN: "yellow", Need.WAIT: "cyan"}
_ANSWER_STYLES: Final = {True: "bold green", False: "bold red", None: "bold yellow"}
_MOST_REQUESTS: Final = 100
_MOST_NAMES: Final = 12
_LONGEST: Final = 1_000


def answer(ready: bool | None) -> str:  # noqa: FBT001  the value is what is shown
    """Return `ready`, `not ready` or `unknown`."""
    return {True: "ready", False: "not ready", None: "unknown"}[ready]


def yes_or_no(ready: bool | None) -> str:  # noqa: FBT001  the value is what is shown
    """Return `yes`, `no` or `unknown`, under a heading that says what for."""
    return {True: "yes", False: "no", None: "unknown"}[ready]


def all_ready(clusters: Sequence[ClusterDiagnosis]) -> bool | None:
    """Return False if any cluster needs action; else None if any is unknown, or there is none."""
    every = [one.ready for one in clusters]
    if False in every:
        return False
    return None if None in every or not every else True


def shown(diagnosed: ClusterDiagnosis) -> list[DiagnosedCsr]:
    """Return the requests that aren't ignored, the most urgent first."""
    every = [] if diagnosed.diagnosis is None else diagnosed.diagnosis.csrs
    wanted = [one for one in every if one.need is not Need.NONE]
    return sorted(wanted, key=lambda one: (list(Need).index(one.need), one.csr.username))


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


# --- for programs -------------------------------------------------------------------------------


def as_json(clusters: Sequence[ClusterDiagnosis]) -> Json:
    """Return everything as JSON; the keys and their meaning are a stable contract."""
    return {
        "ready": all_ready(clusters),
        "clusters": [
            {
                "cluster": cluster.name,
                "region": cluster.region,
                "version": cluster.version or None,
                "about_version": about_version(cluster),
                "ready": cluster.ready,
                "problem": cluster.problem or None,
                "problem_cause": cluster.cause or None,
                "listed": None if cluster.diagnosis is None else cluster.diagnosis.listed,
                "gaps": [] if cluster.diagnosis is None else list(cluster.diagnosis.gaps),
                "csrs": [_csr(csr, cluster) for csr in shown(cluster)],
                "ignored": [
                    {
                        "csr": csr.name,
                        "node": csr.node or None,
                        "state": state_of(csr).value,
                        "cause": cause.value,
                        "newer": newer or None,
                    }
                    for csr, cause, newer in ignored(cluster)
                ],
            }
            for cluster in clusters
        ],
    }


def _csr(csr: DiagnosedCsr, diagnosed: ClusterDiagnosis) -> Json:
    return {
        "csr": csr.csr.name,
        "state": csr.state.value,
        "need": csr.need.value,
        "requester": csr.csr.username,
        "node": csr.csr.node or None,
        "instance": csr.instance_id,
        "age_seconds": round(csr.age_seconds),
        "verdict": None if csr.verdict is None else csr.verdict.value,
        "names": [
            {
                "kind": name.kind,
                "name": name.value,
                "confirmed": confirmed(name),
                "status": name.status.value,
                "settings": list(name.settings),
            }
            for name in csr.names
        ],
        "causes": [
            {
                "cause": explanation.cause.value,
                "need": explanation.cause.need.value,
                "detail": explanation.detail or None,
                "names": list(explanation.values),
                "remedy": remedy(explanation, csr, diagnosed),
            }
            for explanation in csr.causes
        ],
    }


def confirmed(name: RequestedName) -> bool | None:
    """Return True if EC2 confirms the name; None if its status is unknown."""
    return None if name.status is NameStatus.UNKNOWN else name.status is NameStatus.CONFIRMED


# --- for people ---------------------------------------------------------------------------------


def show(clusters: Sequence[ClusterDiagnosis], console: Console) -> None:
    """Print each cluster with what to do, and the result last.

    Lines aren't wrapped, so that commands can be copied.
    """
    for cluster in clusters:
        for line in _cluster(cluster):
            console.print(line, soft_wrap=True)
        console.print()
    console.print(_overview(clusters))
    ready = all_ready(clusters)
    console.print(Text(f"Ready: {yes_or_no(ready)}", style=_ANSWER_STYLES[ready]))
    console.print(Text(f"AWS's page: {PAGE}"))


def _cluster(cluster: ClusterDiagnosis) -> Iterator[Text]:
    where = f"{printable(cluster.name, LONGEST_NAME)} ({printable(cluster.region, LONGEST_NAME)})"
    yield Text(f"{where}: {answer(cluster.ready)}", style=_ANSWER_STYLES[cluster.ready])
    yield Text(f"  {about_version(cluster)}")
    if cluster.diagnosis is None:
        yield Text(f"  {printable(cluster.problem, _LONGEST)}", style="yellow")
        return
    yield Text(f"  {summary(cluster.diagnosis, cluster)}")
    for gap in cluster.diagnosis.gaps:
        yield Text(f"  {printable(gap, _LONGEST)}", style="yellow")
    requests = shown(cluster)
    for csr in requests[:_MOST_REQUESTS]:
        yield from _request(csr, cluster)
    if len(requests) > _MOST_REQUESTS:
        yield Text(f"  and {len(requests) - _MOST_REQUESTS} more; --output json shows all")
    causes = Counter(cause.value for _, cause, _ in ignored(cluster))
    if causes:
        reported = ", ".join(f"{count} {words}" for words, count in causes.items())
        yield Text(f"  Ignored, no action needed: {reported}", style="dim")


def _request(csr: DiagnosedCsr, cluster: ClusterDiagnosis) -> Iterator[Text]:
    yield Text(f"  {node_of(csr)}: ").append(NEED_TEXT[csr.need], style=_STYLES.get(csr.need, ""))
    instance = csr.instance_id or "EC2 instance unknown"
    facts = (csr.state.value, age_of(csr.age_seconds), instance)
    yield Text(f"    {printable(csr.csr.name, LONGEST_NAME)}: {', '.join(facts)}")
    names = sorted(csr.names, key=confirmed_last)
    for name in names[:_MOST_NAMES]:
        style = "green" if confirmed(name) else "red"
        yield Text(f"    {printable(name.value, LONGEST_NAME)}: ").append(
            STATUS_TEXT[name.status], style=style
        )
    if len(names) > _MOST_NAMES:
        yield Text(f"    and {len(names) - _MOST_NAMES} more names")
    if not names:
        yield Text("    no names that can be read")
    for explanation in csr.causes:
        yield Text(f"    -> {remedy(explanation, csr, cluster)}")


def _overview(clusters: Sequence[ClusterDiagnosis]) -> Table:
    rows = table("Cluster", "Region", "Version", "Ready")
    for heading in COUNT_HEADINGS:
        rows.add_column(cell(heading), justify="right")
    for cluster in clusters:
        rows.add_row(
            Text(printable(cluster.name, LONGEST_NAME)),
            Text(printable(cluster.region, LONGEST_NAME)),
            Text(printable(cluster.version, LONGEST_NAME) or "?"),
            Text(yes_or_no(cluster.ready), style=_ANSWER_STYLES[cluster.ready]),
            *("?" if number is None else str(number) for number in counts(cluster)),
        )
    return rows


def counts(cluster: ClusterDiagnosis) -> list[int | None]:
    """Return how many requests there are under each of COUNT_HEADINGS; None if unknown."""
    if cluster.diagnosis is None:
        return [None] * len(COUNT_HEADINGS)
    needs = Counter(one.need for one in shown(cluster))
    ignored_count = sum(1 for _ in ignored(cluster))
    return [needs[Need.ACTION], needs[Need.UNKNOWN], needs[Need.WAIT], ignored_count]


def confirmed_last(name: RequestedName) -> bool:
    """Return the sort key of names: confirmed ones come last."""
    return name.status is NameStatus.CONFIRMED
