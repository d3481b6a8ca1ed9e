"""What `csr-approver diagnose` prints; whatever a cluster or a requester chose is escaped."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.diagnose.advice import PAGE, about_version, age_of, node_of, short, to_do
from cli.diagnose.audit import Audited, state_of
from cli.diagnose.causes import Need, Why
from cli.diagnose.name_status import Named, Standing
from cli.diagnose.run import Looked
from core.model import Csr

Json = dict[str, Any]

#: What is said of a name, for people.
WORDS: Final = {
    Standing.CONFIRMED: "EC2 confirms it",
    Standing.BY_SETTING: "not confirmed without a setting",
    Standing.PODS: "a pod's address",
    Standing.FOREIGN: "not the instance's",
    Standing.RESERVED: "the cluster's or AWS's",
    Standing.OTHER_KIND: "no host name or address",
    Standing.UNKNOWN: "nothing to compare with",
}

#: How a request's need is told.
NEEDS: Final = {
    Need.DO: "to do",
    Need.UNKNOWN: "can't be told",
    Need.WAIT: "wait",
    Need.NONE: "nothing to do",
}

#: The headings of `numbers`.
NUMBERS: Final = ("To do", "Can't tell", "Wait", "Set aside")

_STYLES: Final = {Need.DO: "bold red", Need.UNKNOWN: "yellow", Need.WAIT: "cyan"}
_ANSWER_STYLES: Final = {True: "bold green", False: "bold red", None: "bold yellow"}
_MOST_REQUESTS: Final = 100
_MOST_NAMES: Final = 12
_LONGEST: Final = 1_000


def answer(ready: bool | None) -> str:  # noqa: FBT001  it is the value that is told
    """`ready`, `not ready`, or that it can't be told."""
    return {True: "ready", False: "not ready", None: "can't be told"}[ready]


def all_ready(clusters: Sequence[Looked]) -> bool | None:
    """Of all: False where anything must be done; else None where anything can't be told."""
    every = [one.ready for one in clusters]
    if False in every:
        return False
    return None if None in every or not every else True


def shown(looked: Looked) -> list[Audited]:
    """The requests that ask something of a person, the most urgent first."""
    every = [] if looked.audit is None else looked.audit.audited
    wanted = [one for one in every if one.need is not Need.NONE]
    return sorted(wanted, key=lambda one: (list(Need).index(one.need), one.csr.username))


def aside(looked: Looked) -> Iterator[tuple[Csr, Why, str]]:
    """The requests that are nobody's trouble any more: which, why, and for which newer one."""
    if looked.audit is None:
        return
    for one in looked.audit.audited:
        if one.need is Need.NONE:
            yield one.csr, one.causes[0].why, ""
    for csr, newer in looked.audit.superseded:
        yield csr, Why.SUPERSEDED, newer


def counts(looked: Looked) -> str:
    """How many there are of each need, and how many were set aside."""
    needs = Counter(one.need for one in shown(looked))
    parts = [f"{needs[need]} {words}" for need, words in NEEDS.items() if needs[need]]
    apart = sum(1 for _ in aside(looked))
    parts += [f"{apart} set aside"] if apart else []
    return ", ".join(parts) or "no request is open"


# --- for programs -------------------------------------------------------------------------------


def as_json(clusters: Sequence[Looked]) -> Json:
    """All of it; the keys and their meaning are a stable contract."""
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
                "listed": None if one.audit is None else one.audit.listed,
                "gaps": [] if one.audit is None else list(one.audit.gaps),
                "csrs": [_csr(csr, one) for csr in shown(one)],
                "aside": [
                    {
                        "csr": csr.name,
                        "node": csr.node or None,
                        "state": state_of(csr).value,
                        "why": why.value,
                        "newer": newer or None,
                    }
                    for csr, why, newer in aside(one)
                ],
            }
            for one in clusters
        ],
    }


def _csr(one: Audited, looked: Looked) -> Json:
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
                "standing": name.standing.value,
                "settings": list(name.settings),
            }
            for name in one.names
        ],
        "causes": [
            {
                "cause": cause.why.value,
                "need": cause.why.need.value,
                "detail": cause.detail or None,
                "names": list(cause.values),
                "to_do": to_do(cause, one, looked),
            }
            for cause in one.causes
        ],
    }


def confirmed(name: Named) -> bool | None:
    """Whether EC2 confirms it; None where there is nothing to compare with."""
    return None if name.standing is Standing.UNKNOWN else name.standing is Standing.CONFIRMED


# --- for people ---------------------------------------------------------------------------------


def show(clusters: Sequence[Looked], console: Console) -> None:
    """Each cluster with what is to do; the answer last, where it is read.

    Lines are left whole, so that commands can be copied.
    """
    for one in clusters:
        for line in _cluster(one):
            console.print(line, soft_wrap=True)
        console.print()
    console.print(_overview(clusters))
    ready = all_ready(clusters)
    console.print(Text(f"All in all: {answer(ready)}", style=_ANSWER_STYLES[ready]))
    console.print(Text(f"AWS's page: {PAGE}"))


def _cluster(one: Looked) -> Iterator[Text]:
    where = f"{short(one.name)} ({short(one.region)})"
    yield Text(f"{where}: {answer(one.ready)}", style=_ANSWER_STYLES[one.ready])
    yield Text(f"  {about_version(one)}")
    if one.audit is None:
        yield Text(f"  {short(one.problem, _LONGEST)}", style="yellow")
        return
    yield Text(f"  {one.audit.listed} listed: {counts(one)}")
    for gap in one.audit.gaps:
        yield Text(f"  {short(gap, _LONGEST)}", style="yellow")
    requests = shown(one)
    for csr in requests[:_MOST_REQUESTS]:
        yield from _request(csr, one)
    if len(requests) > _MOST_REQUESTS:
        yield Text(f"  and {len(requests) - _MOST_REQUESTS} more, which --output json tells of")
    why = Counter(why.value for _, why, _ in aside(one))
    if why:
        told = ", ".join(f"{count} {words}" for words, count in why.items())
        yield Text(f"  Set aside, nothing to do: {told}", style="dim")


def _request(one: Audited, looked: Looked) -> Iterator[Text]:
    yield Text(f"  {node_of(one)}: ").append(NEEDS[one.need], style=_STYLES.get(one.need, ""))
    facts = (one.state.value, age_of(one.age_seconds), one.instance_id or "no instance")
    yield Text(f"    {short(one.csr.name)}: {', '.join(facts)}")
    names = sorted(one.names, key=confirmed_last)
    for name in names[:_MOST_NAMES]:
        style = "green" if confirmed(name) else "red"
        yield Text(f"    {short(name.value)}: ").append(WORDS[name.standing], style=style)
    if len(names) > _MOST_NAMES:
        yield Text(f"    and {len(names) - _MOST_NAMES} more names")
    if not names:
        yield Text("    no names that can be read")
    for cause in one.causes:
        yield Text(f"    -> {to_do(cause, one, looked)}")


def _overview(clusters: Sequence[Looked]) -> Table:
    table = Table(box=SIMPLE_HEAD, header_style="bold", padding=(0, 1))
    for heading in ("Cluster", "Region", "Version", "Answer"):
        table.add_column(heading, overflow="fold")
    for heading in NUMBERS:
        table.add_column(heading, justify="right")
    for one in clusters:
        table.add_row(
            Text(short(one.name)),
            Text(short(one.region)),
            Text(short(one.version) or "?"),
            Text(answer(one.ready), style=_ANSWER_STYLES[one.ready]),
            *("?" if number is None else str(number) for number in numbers(one)),
        )
    return table


def numbers(looked: Looked) -> list[int | None]:
    """How many requests there are of each need."""
    if looked.audit is None:
        return [None] * len(NUMBERS)
    needs = Counter(one.need for one in shown(looked))
    apart = sum(1 for _ in aside(looked))
    return [needs[Need.DO], needs[Need.UNKNOWN], needs[Need.WAIT], apart]


def confirmed_last(name: Named) -> bool:
    """The order in which names are told."""
    return name.standing is Standing.CONFIRMED
