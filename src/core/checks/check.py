"""What a check is: a rule, its effects, and what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from core.model import Case, Effect, NotProvided, Pkcs10, Refusal
from core.settings import Policy


class Need(StrEnum):
    """What a rule compares."""

    #: A readable request. `request-well-formed` denies any other.
    REQUEST = auto()
    #: What EC2 shows for the identity, even if that is nothing.
    EC2 = auto()
    #: The one running instance.
    INSTANCE = auto()
    #: That instance, once every check that establishes it as this cluster's has passed.
    OWN_INSTANCE = auto()
    ROLE = auto()
    CLUSTER = auto()
    SERVICES = auto()


class Availability(Enum):
    """Whether a need of a check is met."""

    AVAILABLE = auto()
    #: It was asked for, and doesn't exist.
    ABSENT = auto()
    #: It wasn't asked for; this happens only in `evaluate`.
    NOT_PROVIDED = auto()


_INSTANCES = frozenset({Need.INSTANCE, Need.OWN_INSTANCE})


def _always(_policy: Policy) -> bool:
    return True


def _never(_case: Case) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: a pure function that returns a refusal, of one of its `effects`, or None.

    It runs only if all its `needs` are met. A check that `uses` something runs even if that isn't
    provided, but is then listed as not run. What it `establishes` is met for later checks only if
    it passes. `applies` returns whether the policy asks for the rule. A `gate` that refuses ends
    the evaluation. A review runs a gate before it reads a request, and again when judging only if
    its answer `changes_with_time`. `may_pass_by_evidence` returns whether a case that the gate
    stopped is judged again, with evidence, after all others.
    """

    id: str
    run: Callable[[Case], Refusal | None]
    effects: frozenset[Effect]
    needs: frozenset[Need] = frozenset()
    uses: frozenset[Need] = frozenset()
    establishes: frozenset[Need] = frozenset()
    applies: Callable[[Policy], bool] = _always
    gate: bool = False
    changes_with_time: bool = False
    may_pass_by_evidence: Callable[[Case], bool] = _never


def availability(need: Need, case: Case) -> Availability:
    """Return whether the case has what a check needs, before any check has run."""
    if need is Need.REQUEST:
        return _present(isinstance(case.request, Pkcs10))
    if isinstance(_provided(need, case), NotProvided):
        return Availability.NOT_PROVIDED
    return _present(need not in _INSTANCES or case.instance is not None)


def _present(is_present: bool) -> Availability:  # noqa: FBT001  the value decides
    return Availability.AVAILABLE if is_present else Availability.ABSENT


def _provided(need: Need, case: Case) -> object:
    match need:
        case Need.ROLE:
            return case.role
        case Need.CLUSTER:
            return case.cluster
        case Need.SERVICES:
            return case.services
        case _:
            return case.instances
