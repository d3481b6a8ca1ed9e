"""What is shown where a request that is asked for isn't listed, or may be in an unread part."""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.text import Text

from cli.account.copied import KUBECTL, word
from cli.diagnose.groups import Sought
from cli.diagnose.remedy import problem_and_fix, what_is_context
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.view import place
from cli.lines import command, prose
from core.identity import INSTANCE_ID
from core.printable import printable

_LONGEST: Final = 300

_NODE_PREFIX: Final = "system:node:"
_IDS_AND_ADDRESSES: Final = (
    "custom-columns=NODE:.metadata.name,INSTANCE:.spec.providerID,"
    "ADDRESSES:.status.addresses[*].address"
)

Lines = Iterator[Text | str]


def troubles(cluster: ClusterDiagnosis, width: int) -> Iterator[Lines]:
    """Yield why a request may be missing: it may be in a part of the list that wasn't read."""
    if cluster.diagnosis is None:
        problem, fix = problem_and_fix(cluster)
        yield _trouble(problem, fix, cluster, width)
        return
    for gap in cluster.diagnosis.gaps:
        yield _trouble(gap, "", cluster, width)


def _trouble(text: str, fix: str, cluster: ClusterDiagnosis, width: int) -> Lines:
    for line in prose(f"{place(cluster)}: {printable(text, _LONGEST)}", width):
        yield Text(line, style="yellow")
    yield from command(fix, width, "  ") if fix else ()


def nothing(sought: Sought, clusters: Sequence[ClusterDiagnosis], width: int) -> Lines:
    """Yield that no cluster that was read has the request, and what that may mean."""
    looked = [one for one in clusters if one.diagnosis is not None]
    if not looked:
        return
    where = ", ".join(map(place, looked[:3])) + (
        f" and {len(looked) - 3} more" if len(looked) > 3 else ""
    )
    yield from prose(
        f"No kubelet-serving {printable(str(sought), _LONGEST)} is listed in {where}.", width
    )
    yield from prose(
        "Either its certificate was issued more than an hour ago, or its kubelet doesn't ask: it "
        "needs serverTLSBootstrap: true and an address of its Node object.",
        width,
    )
    if sought.node:
        yield "Whether it has an address:"
        yield from command(f"{KUBECTL} {_get(sought.node)}", width, "  ")
        if len(looked) == 1:
            yield from prose(what_is_context(looked[0]), width)


def _get(node: str) -> str:
    """Return the arguments of kubectl that show the Node's addresses. `node`: as --node takes it.

    kubectl finds no Node by an instance's id, so all are listed with theirs.
    """
    if INSTANCE_ID.fullmatch(node):
        return f"get nodes -o {word(_IDS_AND_ADDRESSES)}"
    name = node.removeprefix(_NODE_PREFIX)
    return f"get node -o wide {'-- ' if name.startswith('-') else ''}{word(name)}"
