"""What `csr-approver diagnose` prints of its clusters; untrusted text is escaped."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from cli.account.copied import word
from cli.approvals import NONE
from cli.columns import Column, aligned
from cli.diagnose.advice import LONGEST_NAME, about_version, node_of
from cli.diagnose.cause import Need
from cli.diagnose.diagnosis import DiagnosedCsr, Diagnosis
from cli.diagnose.groups import Group, grouped, shown
from cli.diagnose.remedy import (
    has_kubectl,
    how_to_ask_again,
    problem_and_fix,
    what_is_context,
)
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.totals import (
    COUNT_HEADINGS,
    NO_PROOF,
    all_ready,
    answer,
    counts,
    ignored,
    summary,
    yes_or_no,
)
from cli.lines import age_of, command, prose, put
from core.printable import printable

#: The styles of needs, and of answers.
STYLES: Final = {Need.ACTION: "bold red", Need.UNKNOWN: "yellow", Need.WAIT: "cyan"}
ANSWER_STYLES: Final = {True: "bold green", False: "bold red", None: "bold yellow"}

# Of a group, in the terminal. `--output json` has them all.
_MOST_REQUESTS: Final = 50
_LONGEST: Final = 1_000
_CSR_COLUMNS: Final = (
    Column(gives=1, least=26),
    Column(gives=2),
    Column(),
    Column(right=True),
)


def show(clusters: Sequence[ClusterDiagnosis], console: Console) -> None:
    """Print each cluster's groups, with what to do about each, and the result last.

    Clusters that don't exist are reported on stderr; here only the result names them.
    """
    existing = [one for one in clusters if one.exists]
    for cluster in existing:
        put(list(_cluster(cluster, console.width)), console)
        console.print()
    if not existing:
        return
    if len(existing) > 1:
        put(list(_overview(existing, console.width)), console)
        console.print()
    ready = all_ready(clusters)
    for line in prose(_result(clusters, ready), console.width):
        put([Text(line, style=ANSWER_STYLES[ready])], console)


def place(cluster: ClusterDiagnosis) -> str:
    """Return a cluster's name and Region."""
    return f"{printable(cluster.name, LONGEST_NAME)} ({printable(cluster.region, LONGEST_NAME)})"


def _cluster(cluster: ClusterDiagnosis, width: int) -> Iterator[Text | str]:
    version = f", Kubernetes {printable(cluster.version, LONGEST_NAME)}" if cluster.version else ""
    for line in prose(f"{place(cluster)}{version}: {answer(cluster.ready)}", width):
        yield Text(line, style=ANSWER_STYLES[cluster.ready])
    if cluster.diagnosis is None:
        yield from _problem(cluster, width)
        return
    if not cluster.is_strict:
        yield from prose(about_version(cluster), width, "  ")
    yield from prose(summary(cluster.diagnosis, cluster), width, "  ")
    for gap in cluster.diagnosis.gaps:
        yield from _warned(gap, width)
    groups = grouped(cluster)
    yield from _totals(groups, width)
    for group in groups:
        yield ""
        yield from _group(group, cluster, width)
    yield from _footer(cluster, cluster.diagnosis, groups, width)


def _totals(groups: Sequence[Group], width: int) -> Iterator[Text | str]:
    """Yield the number of requests of each cause, where there is more than one."""
    if len(groups) < 2:
        return
    yield ""
    columns = (Column(right=True), Column(), Column(gives=1, least=30))
    rows = [
        (
            Text(str(len(group.csrs))),
            Text(group.cause.need.value, style=STYLES.get(group.cause.need, "")),
            Text(group.cause.value),
        )
        for group in groups
    ]
    yield from aligned(columns, rows, width)


def _group(group: Group, cluster: ClusterDiagnosis, width: int) -> Iterator[Text | str]:
    advice, need = group.advice(cluster), group.cause.need
    heading = f"{len(group.csrs)} x {advice.title} ({group.cause.value})"
    for line in prose(heading, width, "  "):
        yield Text(line, style=STYLES.get(need, ""))
    yield from prose(advice.text, width, "    ")
    for one in advice.commands:
        yield from command(one, width, "      ")
    requests = group.csrs
    yield from aligned(_CSR_COLUMNS, list(map(_row, requests[:_MOST_REQUESTS])), width, "    ")
    if len(requests) > _MOST_REQUESTS:
        yield f"    and {len(requests) - _MOST_REQUESTS} more; --output json shows all"


def _row(one: DiagnosedCsr) -> tuple[Text, Text, Text, Text]:
    return (
        Text(printable(one.csr.name, 63)),
        Text(node_of(one)),
        Text(one.instance_id or ""),
        Text(age_of(one.age_seconds)),
    )


def _footer(
    cluster: ClusterDiagnosis, diagnosis: Diagnosis, groups: Sequence[Group], width: int
) -> Iterator[Text | str]:
    yield ""
    if diagnosis.approvals != NONE:
        yield from prose(f"Approved by csr-approver: {diagnosis.approvals}.", width, "  ")
    causes = Counter(cause.value for _, cause, _ in ignored(cluster))
    if causes:
        reported = ", ".join(f"{count} {words}" for words, count in causes.items())
        yield from prose(f"Ignored, no action needed: {reported}.", width, "  ")
    asking_again = how_to_ask_again((group.cause for group in groups), "NAME")
    yield from prose(asking_again, width, "  ") if asking_again else ()
    if not any(group.cause.need is Need.ACTION for group in groups):
        yield from prose(NO_PROOF, width, "  ")
    if asking_again or has_kubectl(group.advice(cluster) for group in groups):
        yield from prose(what_is_context(cluster), width, "  ")
    if groups:
        yield "  One request in full:"
        yield from command(look_at(cluster, shown(cluster)[0].csr.name), width, "    ")


def look_at(cluster: ClusterDiagnosis, csr: str) -> str:
    """Return the command that shows one request in full."""
    name, region = printable(cluster.name), printable(cluster.region)
    options = f"--region {region}{cluster.given.judging} --csr {word(csr)}"
    return f"csr-approver diagnose {name} {options}"


def _problem(cluster: ClusterDiagnosis, width: int) -> Iterator[Text | str]:
    """Yield why there is no diagnosis; a command that fixes it is in lines of its own."""
    problem, fix = problem_and_fix(cluster)
    yield from _warned(problem, width)
    yield from command(fix, width, "    ") if fix else ()


def _warned(text: str, width: int) -> Iterator[Text]:
    return (Text(one, style="yellow") for one in prose(printable(text, _LONGEST), width, "  "))


def _overview(clusters: Sequence[ClusterDiagnosis], width: int) -> Iterator[Text]:
    columns = [Column("Cluster", gives=1), Column("Ready")]
    columns += [Column(heading, right=True) for heading in COUNT_HEADINGS]
    rows = [
        (
            Text(place(one)),
            Text(yes_or_no(one.ready), style=ANSWER_STYLES[one.ready]),
            *(Text("?" if number is None else str(number)) for number in counts(one)),
        )
        for one in clusters
    ]
    yield from aligned(columns, rows, width)


def _result(clusters: Sequence[ClusterDiagnosis], ready: bool | None) -> str:  # noqa: FBT001
    which = [one for one in clusters if one.ready is ready]
    where = ", ".join(map(place, which[:3])) + (
        f" and {len(which) - 3} more" if len(which) > 3 else ""
    )
    if ready is False:
        return f"Action is needed in {where}."
    if ready is None:
        return f"Unknown: {where or 'no cluster was found'}. Nothing is known to need action."
    return "Nothing needs action."
