"""What `csr-approver diagnose` prints; untrusted text is escaped."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.diagnose.advice import LONGEST_NAME, PAGE, about_version, age_of, node_of, remedy
from cli.diagnose.causes import Cause, Need
from cli.diagnose.diagnosis import DiagnosedCsr, state_of
from cli.diagnose.name_status import NameStatus, RequestedName
from cli.diagnose.run import ClusterDiagnosis
from core.model import Csr
from core.printable import printable

Json = dict[str, Any]

#: The words for a name's status.
WORDS: Final = {
    NameStatus.CONFIRMED: "EC2 confirms it",
    NameStatus.NEEDS_SETTING: "not confirmed without a setting",
    NameStatus.NOT_ACCEPTED: "a pod's address",
    NameStatus.NOT_ON_INSTANCE: "not the instance's",
    NameStatus.RESERVED: "the cluster's or AWS's",
    NameStatus.UNSUPPORTED: "not a host name or address",
    NameStatus.UNKNOWN: "no running instance to compare with",
}

#: The words for a request's need.
NEEDS: Final = {
    Need.ACTION: "needs action",
    Need.UNKNOWN: "unknown",
    Need.WAIT: "wait",
    Need.NONE: "no action needed",
}

#: The headings of `numbers`.
NUMBERS: Final = ("Action", "Unknown", "Wait", "Ignored")

_STYLES: Final = {Need.ACTION: "bold red", Need.UNKNOWN: "yellow", Need.WAIT: "cyan"}
_ANSWER_STYLES: Final = {True: "bold green", False: "bold red", None: "bold yellow"}
_MOST_REQUESTS: Final = 100
_MOST_NAMES: Final = 12
_LONGEST: Final = 1_000


def answer(ready: bool | None) -> str:  # noqa: FBT001  the value is what is shown
    """Return `ready`, `not ready` or `unknown`."""
    return {True: "ready", False: "not ready", None: "unknown"}[ready]


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


def counts(diagnosed: ClusterDiagnosis) -> str:
    """Return how many requests there are of each need, and how many are ignored, as text."""
    needs = Counter(one.need for one in shown(diagnosed))
    parts = [f"{needs[need]} {words}" for need, words in NEEDS.items() if needs[need]]
    ignored_count = sum(1 for _ in ignored(diagnosed))
    parts += [f"{ignored_count} ignored"] if ignored_count else []
    return ", ".join(parts) or "no request is open"


# --- for programs -------------------------------------------------------------------------------


def as_json(clusters: Sequence[ClusterDiagnosis]) -> Json:
    """Return everything as JSON; the keys and their meaning are a stable contract."""
    return {
        "ready": all_ready(clusters),
        "clusters": [
            {
                "cluster": one.name,
                "region": one.region,
                "version": one.version or None,
                "about_version": about_version(one),
                "ready": one.ready,
                "problem": one.problem or None,
                "listed": None if one.diagnosis is None else one.diagnosis.listed,
                "gaps": [] if one.diagnosis is None else list(one.diagnosis.gaps),
                "csrs": [_csr(csr, one) for csr in shown(one)],
                "ignored": [
                    {
                        "csr": csr.name,
                        "node": csr.node or None,
                        "state": state_of(csr).value,
                        "cause": cause.value,
                        "newer": newer or None,
                    }
                    for csr, cause, newer in ignored(one)
                ],
            }
            for one in clusters
        ],
    }


def _csr(one: DiagnosedCsr, diagnosed: ClusterDiagnosis) -> Json:
    return {
        "csr": one.csr.name,
        "state": one.state.value,
        "need": one.need.value,
        "requester": one.csr.username,
        "node": one.csr.node or None,
        "instance": one.instance_id,
        "age_seconds": round(one.age_seconds),
        "verdict": None if one.decision is None else one.decision.value,
        "names": [
            {
                "kind": name.kind,
                "name": name.value,
                "confirmed": confirmed(name),
                "status": name.status.value,
                "settings": list(name.settings),
            }
            for name in one.names
        ],
        "causes": [
            {
                "cause": cause.cause.value,
                "need": cause.cause.need.value,
                "detail": cause.detail or None,
                "names": list(cause.values),
                "remedy": remedy(cause, one, diagnosed),
            }
            for cause in one.causes
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
    for one in clusters:
        for line in _cluster(one):
            console.print(line, soft_wrap=True)
        console.print()
    console.print(_overview(clusters))
    ready = all_ready(clusters)
    console.print(Text(f"Result: {answer(ready)}", style=_ANSWER_STYLES[ready]))
    console.print(Text(f"AWS's page: {PAGE}"))


def _cluster(one: ClusterDiagnosis) -> Iterator[Text]:
    where = f"{printable(one.name, LONGEST_NAME)} ({printable(one.region, LONGEST_NAME)})"
    yield Text(f"{where}: {answer(one.ready)}", style=_ANSWER_STYLES[one.ready])
    yield Text(f"  {about_version(one)}")
    if one.diagnosis is None:
        yield Text(f"  {printable(one.problem, _LONGEST)}", style="yellow")
        return
    yield Text(f"  {one.diagnosis.listed} listed: {counts(one)}")
    for gap in one.diagnosis.gaps:
        yield Text(f"  {printable(gap, _LONGEST)}", style="yellow")
    requests = shown(one)
    for csr in requests[:_MOST_REQUESTS]:
        yield from _request(csr, one)
    if len(requests) > _MOST_REQUESTS:
        yield Text(f"  and {len(requests) - _MOST_REQUESTS} more; --output json shows all")
    causes = Counter(cause.value for _, cause, _ in ignored(one))
    if causes:
        reported = ", ".join(f"{count} {words}" for words, count in causes.items())
        yield Text(f"  Ignored, no action needed: {reported}", style="dim")


def _request(one: DiagnosedCsr, diagnosed: ClusterDiagnosis) -> Iterator[Text]:
    yield Text(f"  {node_of(one)}: ").append(NEEDS[one.need], style=_STYLES.get(one.need, ""))
    facts = (one.state.value, age_of(one.age_seconds), one.instance_id or "no instance")
    yield Text(f"    {printable(one.csr.name, LONGEST_NAME)}: {', '.join(facts)}")
    names = sorted(one.names, key=confirmed_last)
    for name in names[:_MOST_NAMES]:
        style = "green" if confirmed(name) else "red"
        yield Text(f"    {printable(name.value, LONGEST_NAME)}: ").append(
            WORDS[name.status], style=style
        )
    if len(names) > _MOST_NAMES:
        yield Text(f"    and {len(names) - _MOST_NAMES} more names")
    if not names:
        yield Text("    no names that can be read")
    for cause in one.causes:
        yield Text(f"    -> {remedy(cause, one, diagnosed)}")


def _overview(clusters: Sequence[ClusterDiagnosis]) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="bold", padding=(0, 1))
    for heading in ("Cluster", "Region", "Version", "Answer"):
        table.add_column(heading, overflow="fold")
    for heading in NUMBERS:
        table.add_column(heading, justify="right")
    for one in clusters:
        table.add_row(
            Text(printable(one.name, LONGEST_NAME)),
            Text(printable(one.region, LONGEST_NAME)),
            Text(printable(one.version, LONGEST_NAME) or "?"),
            Text(answer(one.ready), style=_ANSWER_STYLES[one.ready]),
            *("?" if number is None else str(number) for number in numbers(one)),
        )
    return table


def numbers(diagnosed: ClusterDiagnosis) -> list[int | None]:
    """Return how many requests there are under each heading of NUMBERS; None if unknown."""
    if diagnosed.diagnosis is None:
        return [None] * len(NUMBERS)
    needs = Counter(one.need for one in shown(diagnosed))
    ignored_count = sum(1 for _ in ignored(diagnosed))
    return [needs[Need.ACTION], needs[Need.UNKNOWN], needs[Need.WAIT], ignored_count]


def confirmed_last(name: RequestedName) -> bool:
    """Return the sort key of names: confirmed ones come last."""
    return name.status is NameStatus.CONFIRMED
