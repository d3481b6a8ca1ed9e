"""A remedy with its commands, and what a person needs to know to run these."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from cli.account.copied import KUBECTL, word
from cli.account.problems import access_command
from cli.diagnose.cause import Cause
from cli.diagnose.run import ClusterDiagnosis
from core.printable import printable

# What is fixed on the node, after which its kubelet must ask for other names.
_FIXED_ON_NODE: Final = frozenset(
    {
        Cause.HOST_NAME,
        Cause.NAMES_NOT_ACCEPTED,
        Cause.NAMES_NOT_ON_INSTANCE,
        Cause.NAMES_NEED_SETTING,
        Cause.NODE_NAME,
    }
)


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do about a cause: its title, sentences, and commands to type, the first one first.

    `parts`: the sentences, split at backticks: every second part is code. They are kept apart
    because a name that a requester chose may have backticks too.
    """

    title: str
    parts: tuple[str, ...]
    commands: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the sentences, with code between backticks."""
        return "`".join(self.parts)


def problem_and_fix(diagnosed: ClusterDiagnosis) -> tuple[str, str]:
    """Return why there is no diagnosis, and the command that fixes it; empty without one."""
    fix = access_command(diagnosed.name, diagnosed.region, diagnosed.given)
    if not diagnosed.problem.endswith(fix):
        return diagnosed.problem, ""
    return diagnosed.problem.removesuffix(fix).rstrip(), fix


def how_to_ask_again(causes: Iterable[Cause], csr: str) -> str:
    """Return how a kubelet asks for other names; empty if no cause is fixed on the node."""
    if _FIXED_ON_NODE.isdisjoint(causes):
        return ""
    return (
        "After a fix on a node: while its request is pending, a kubelet files no other for 15 "
        f"minutes. `{KUBECTL} delete csr {word(csr)}` makes it ask again within seconds."
    )


def has_kubectl(remedies: Iterable[Remedy]) -> bool:
    """Return whether any of the commands is one of kubectl, and so needs a context."""
    return any(one.startswith(KUBECTL) for remedy in remedies for one in remedy.commands)


def what_is_context(cluster: ClusterDiagnosis) -> str:
    """Return what to type for CONTEXT in the commands of kubectl."""
    name = printable(cluster.name)
    return f"CONTEXT: the name of {name} in your kubeconfig (kubectl config get-contexts)."
