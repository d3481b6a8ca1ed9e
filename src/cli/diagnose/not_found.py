"""The lines for a node or request that `diagnose` was asked for and didn't find."""

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


def unread_parts(cluster: ClusterDiagnosis, width: int) -> Iterator[Lines]:
    """Yield what wasn't read of a cluster's list, and why: a request may be in it."""
    if cluster.diagnosis is None:
        problem, fix = problem_and_fix(cluster)
        yield _unread_part(problem, fix, cluster, width)
        return
    for gap in cluster.diagnosis.gaps:
        yield _unread_part(gap, "", cluster, width)


def _unread_part(text: str, fix: str, cluster: ClusterDiagnosis, width: int) -> Lines:
    for line in prose(f"{place(cluster)}: {printable(text, _LONGEST)}", width):
        yield Text(line, style="yellow")
    yield from command(fix, width, "  ") if fix else ()


def not_listed(sought: Sought, clusters: Sequence[ClusterDiagnosis], width: int) -> Lines:
    """Yield that the request isn't in the lists that were read, and what that may mean."""
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
