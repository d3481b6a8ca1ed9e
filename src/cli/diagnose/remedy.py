"""A remedy with its commands, and what a person needs to know to run these."""

from collections.abc import Iterable
from dataclasses import dataclass

from cli.account.copied import KUBECTL
from cli.account.problems import access_command
from cli.diagnose.run import ClusterDiagnosis
from core.printable import printable


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


def has_kubectl(remedies: Iterable[Remedy]) -> bool:
    """Return whether any of the commands is one of kubectl, and so needs a context."""
    return any(one.startswith(KUBECTL) for remedy in remedies for one in remedy.commands)


def what_is_context(cluster: ClusterDiagnosis) -> str:
    """Return what to type for CONTEXT in the commands of kubectl."""
    name = printable(cluster.name)
    return f"CONTEXT: the name of {name} in your kubeconfig (kubectl config get-contexts)."
