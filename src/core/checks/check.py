"""What a check is: a rule with its effects, and with what it needs to be run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from core.model import Case, Effect, NotProvided, Pkcs10, Refusal
from core.settings import Policy


class Need(Enum):
    """What a rule compares with."""

    #: A request that can be read. Where it can't, `request-well-formed` has denied it.
    REQUEST = "request"
    #: What EC2 shows for the identity, be it nothing.
    EC2 = "ec2"
    #: The one running instance.
    INSTANCE = "instance"
    ROLE = "role"
    CLUSTER = "cluster"
    SERVICES = "services"


class Availability(Enum):
    """Whether a need of a check is met."""

    AVAILABLE = "available"
    #: It was asked for, and there is no such thing.
    ABSENT = "absent"
    #: It wasn't asked for at all; that happens only in `evaluate`.
    NOT_PROVIDED = "not provided"


def _always(_policy: Policy) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: a pure function that returns a refusal, of one of its `effects`, or None.

    It is run only if all its `needs` are met. A check that also `uses` something is run without it
    where it isn't provided, and is listed as not run in full. `applies` says whether the policy
    wants the rule. A `gate` that refuses ends the evaluation; a review runs it before it reads a
    request, and not again, unless its answer `changes_with_time`.
    """

    id: str
    run: Callable[[Case], Refusal | None]
    effects: frozenset[Effect]
    needs: frozenset[Need] = frozenset()
    uses: frozenset[Need] = frozenset()
    applies: Callable[[Policy], bool] = _always
    gate: bool = False
    changes_with_time: bool = False


def availability(need: Need, case: Case) -> Availability:
    """Return whether the case has what a check needs."""
    if need is Need.REQUEST:
        return _present(isinstance(case.request, Pkcs10))
    if isinstance(_provided(need, case), NotProvided):
        return Availability.NOT_PROVIDED
    return _present(need is not Need.INSTANCE or case.instance is not None)


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
