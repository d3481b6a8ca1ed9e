"""Requests grouped by cause, so that each remedy is read once."""

from dataclasses import dataclass, replace

from cli.diagnose.advice import Member, advise, role_of
from cli.diagnose.cause import Cause, Need
from cli.diagnose.diagnosis import DiagnosedCsr
from cli.diagnose.remedy import Remedy
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.sentences import ADVICE
from cli.node_kinds import is_of_node
from core.model import Csr


@dataclass(frozen=True, slots=True)
class Group:
    """The requests of a cluster that have one cause, each with its explanation."""

    cause: Cause
    members: tuple[Member, ...]

    @property
    def csrs(self) -> list[DiagnosedCsr]:
        """Return the requests, each once: a request may have its cause for several reasons."""
        return list({id(one): one for _, one in self.members}.values())

    def advice(self, diagnosed: ClusterDiagnosis) -> Remedy:
        """Return what to do about all of them."""
        return advise(self.cause, self.members, diagnosed)


def shown(diagnosed: ClusterDiagnosis) -> list[DiagnosedCsr]:
    """Return the requests that aren't ignored, the most urgent first."""
    every = [] if diagnosed.diagnosis is None else diagnosed.diagnosis.csrs
    wanted = [one for one in every if one.need is not Need.NONE]
    return sorted(wanted, key=lambda one: (list(Need).index(one.need), one.csr.username))


def grouped(diagnosed: ClusterDiagnosis) -> list[Group]:
    """Return the groups, the most urgent first, then the largest. A request may be in several.

    Requests with one cause are in one group only if one command fixes them: that depends on the
    setting, and on the role.
    """
    found: dict[tuple[object, ...], list[Member]] = {}
    for one in shown(diagnosed):
        for explanation in one.causes:
            cause = explanation.cause
            is_by_role = any("{role_word}" in text for text in ADVICE[cause].commands)
            key = (cause, explanation.settings, role_of(one) if is_by_role else "")
            found.setdefault(key, []).append((explanation, one))
    groups = [Group(members[0][0].cause, tuple(members)) for members in found.values()]
    return sorted(groups, key=_urgency)


def _urgency(group: Group) -> tuple[int, int, int]:
    need = list(Need).index(group.cause.need)
    return need, -len(group.csrs), list(Cause).index(group.cause)


@dataclass(frozen=True, slots=True)
class Sought:
    """A request by its name, or a node by its name, username or instance id. Empty: all of them."""

    node: str = ""
    csr: str = ""

    def __bool__(self) -> bool:
        return bool(self.node or self.csr)

    def __str__(self) -> str:
        return f"request {self.csr}" if self.csr else f"request of node {self.node}"

    def among(self, diagnosed: ClusterDiagnosis) -> ClusterDiagnosis:
        """Return the cluster's diagnosis with these requests alone."""
        diagnosis = diagnosed.diagnosis
        if not self or diagnosis is None:
            return diagnosed
        only = replace(
            diagnosis,
            csrs=tuple(one for one in diagnosis.csrs if self.matches(one.csr)),
            superseded=tuple(pair for pair in diagnosis.superseded if self.matches(pair[0])),
            issued=tuple(one for one in diagnosis.issued if self.matches(one)),
        )
        return replace(diagnosed, diagnosis=only, only=self.csr or self.node)

    def matches(self, csr: Csr) -> bool:
        """Return whether this is the request, or one of the node."""
        if self.csr:
            return csr.name == self.csr
        return is_of_node(csr, self.node)


def has_requests(diagnosed: ClusterDiagnosis) -> bool:
    """Return whether the diagnosis has any request, in whatever state."""
    diagnosis = diagnosed.diagnosis
    return diagnosis is not None and bool(
        diagnosis.csrs or diagnosis.superseded or diagnosis.issued
    )
