"""Why a request has no certificate, or not the one it asked for: the causes of its refusals.

A person can act upon a cause. Several refusals may have one cause, and one refusal several.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from itertools import groupby
from typing import Final

from cli.diagnose.name_status import NameStatus, RequestedName
from core.checks.requester import CLOCK_SKEW_SECONDS
from core.model import ADDRESS_MOVED, Case, Effect, Instance, NotProvided, Refusal, RoleUnknown


class Need(Enum):
    """What a cause requires of a person, the most urgent first."""

    ACTION = "action"
    #: It is unknown whether anything must be done.
    UNKNOWN = "unknown"
    #: Nothing is wrong so far, and the request is young.
    WAIT = "wait"
    NONE = "none"


class Cause(Enum):
    """The causes. The values are a stable contract."""

    # requests that pass every check
    WAITING = "waiting"
    NAMES_MAY_LAG = "names-may-lag"
    NOT_APPROVED = "not-approved"
    JUST_APPROVED = "just-approved"
    NOT_ISSUED = "not-issued"
    NOT_ISSUED_AFTER_US = "not-issued-after-us"
    # names
    NAMES_NEED_SETTING = "names-need-setting"
    NAMES_NOT_ACCEPTED = "names-not-accepted"
    NAMES_NOT_ON_INSTANCE = "names-not-on-instance"
    NAMES_RESERVED = "names-reserved"
    ADDRESS_MOVED = "address-moved"
    # instance
    NO_CLUSTER_TAG = "no-cluster-tag"
    OTHER_VPC = "other-vpc"
    OTHER_CLUSTER = "other-cluster"
    NODE_NAME = "node-name"
    NODE_ROLE = "node-role"
    NO_IDENTITY = "no-identity"
    NO_INSTANCE = "no-instance"
    # requester and request
    NOT_EC2 = "not-ec2"
    NOT_A_NODE = "not-a-node"
    ROLE_NOT_MAPPED = "role-not-mapped"
    NOT_A_KUBELET_REQUEST = "not-a-kubelet-request"
    # decisions and certificates
    SIGNER_FAILED = "signer-failed"
    DENIED = "denied"
    FEWER_NAMES = "fewer-names"
    WRONG_CERTIFICATE = "wrong-certificate"
    # unknown
    EC2_MAY_LAG = "ec2-may-lag"
    EVIDENCE_UNAVAILABLE = "evidence-unavailable"
    NOT_JUDGED = "not-judged"
    CREATED_IN_FUTURE = "created-in-future"
    NO_NEWER_REQUEST = "no-newer-request"
    # no action needed
    SUPERSEDED = "superseded"
    INSTANCE_GONE = "instance-gone"
    ABANDONED = "abandoned"

    @property
    def need(self) -> Need:
        """Return what it requires of a person."""
        return _NEEDS.get(self, Need.ACTION)


_NEEDS: Final = {
    Cause.WAITING: Need.WAIT,
    Cause.NAMES_MAY_LAG: Need.WAIT,
    Cause.JUST_APPROVED: Need.WAIT,
    **dict.fromkeys(
        (
            Cause.EC2_MAY_LAG,
            Cause.EVIDENCE_UNAVAILABLE,
            Cause.NOT_JUDGED,
            Cause.CREATED_IN_FUTURE,
            Cause.NO_NEWER_REQUEST,
        ),
        Need.UNKNOWN,
    ),
    **dict.fromkeys((Cause.SUPERSEDED, Cause.INSTANCE_GONE, Cause.ABANDONED), Need.NONE),
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """One cause. `values`: the names that it is about; `settings`: what would allow them."""

    cause: Cause
    detail: str = ""
    values: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()


_OF_NAMES: Final = {
    NameStatus.NEEDS_SETTING: Cause.NAMES_NEED_SETTING,
    NameStatus.NOT_ACCEPTED: Cause.NAMES_NOT_ACCEPTED,
    NameStatus.NOT_ON_INSTANCE: Cause.NAMES_NOT_ON_INSTANCE,
    NameStatus.RESERVED: Cause.NAMES_RESERVED,
}

_OF_FORM: Final = frozenset(
    {
        "request-well-formed",
        "key",
        "signature",
        "subject",
        "usages",
        "extensions",
        "san-kinds",
        "lifetime",
        "key-not-reused",
    }
)
_NAME_CHECKS: Final = frozenset({"reserved-names", "dns-names", "ip-addresses"})
_OF_INSTANCE: Final = frozenset(
    {"instance-known", "instance-single", "instance-running", "instance-launched-before"}
)

# From: EC2 API reference, InstanceState. One that is `pending` has no names yet.
_STOPPED: Final = frozenset({"shutting-down", "terminated", "stopping", "stopped"})


def is_gone(case: Case, *, may_lag: bool) -> bool:
    """Return True when the instance no longer runs, or was restarted since the request.

    An instance that EC2 doesn't show is gone, unless EC2 `may_lag`.
    """
    if case.identity is None or isinstance(case.instances, NotProvided):
        return False
    if not case.instances:
        return not may_lag
    return all(one.state in _STOPPED or _is_younger(case, one) for one in case.instances)


def explain_names(names: Iterable[RequestedName]) -> tuple[Explanation, ...]:
    """Return one cause per group of names with the same status and settings."""
    wrong = [one for one in names if one.status in _OF_NAMES]
    wrong.sort(key=lambda one: (list(NameStatus).index(one.status), one.settings))
    return tuple(
        Explanation(_OF_NAMES[status], values=tuple(one.value for one in group), settings=settings)
        for (status, settings), group in groupby(wrong, lambda one: (one.status, one.settings))
    )


def explain_refusals(
    case: Case, refusals: Iterable[Refusal], names: tuple[RequestedName, ...], *, may_lag: bool
) -> tuple[Explanation, ...]:
    """Return the causes of a request that a review refuses, each once, in the checks' order.

    `may_lag`: the request is so young that EC2 may not show its instance yet.
    """
    refusals = list(refusals)
    # A kubelet asks, so there is an instance even if EC2 shows none: only others count as gone. An
    # attacker may name a stopped instance, so what disproves a request must not be hidden by that.
    is_disproved = any(
        one.effect is Effect.DENY or one.check == "requester-is-node" for one in refusals
    )
    if is_gone(case, may_lag=True) and not is_disproved:
        return (Explanation(Cause.INSTANCE_GONE),)
    if refusals and all(one.reason == ADDRESS_MOVED for one in refusals):
        return (Explanation(Cause.ADDRESS_MOVED, refusals[0].detail),)
    of_all = [one for one in refusals if one.check not in _NAME_CHECKS]
    causes = [cause for one in of_all for cause in _of_refusal(case, one, may_lag=may_lag)]
    of_names = explain_names(names)
    if may_lag and case.csr.is_pending:  # a review waits, too, before it denies
        of_names = tuple(map(_waiting, of_names))
    causes += of_names
    if not causes and refusals:  # names only, and EC2 shows none of the instance's yet
        causes = [_lagging(refusals[0], may_lag=may_lag)]
    return tuple(dict.fromkeys(causes))


def _waiting(one: Explanation) -> Explanation:
    is_lagging = one.cause is Cause.NAMES_NOT_ON_INSTANCE
    return replace(one, cause=Cause.NAMES_MAY_LAG) if is_lagging else one


def _of_refusal(case: Case, refusal: Refusal, *, may_lag: bool) -> Iterator[Explanation]:
    detail = f"{refusal.check}: {refusal.reason} ({refusal.detail})"
    if refusal.check in _OF_FORM:
        yield Explanation(Cause.NOT_A_KUBELET_REQUEST, detail)
    elif refusal.check == "instance-known" and case.identity is None:
        yield Explanation(Cause.NO_IDENTITY, refusal.detail)
    elif refusal.check in _OF_INSTANCE:
        yield _lagging(refusal, may_lag=may_lag)
    elif refusal.check in _BY_CHECK and (case.instance is not None or refusal.check in _ALONE):
        yield Explanation(_BY_CHECK[refusal.check](case, refusal), refusal.detail)
    elif refusal.check not in EXPLAINED:
        yield Explanation(Cause.NOT_JUDGED, detail)


def _lagging(refusal: Refusal, *, may_lag: bool) -> Explanation:
    return Explanation(Cause.EC2_MAY_LAG if may_lag else Cause.NO_INSTANCE, refusal.detail)


def _is_younger(case: Case, instance: Instance) -> bool:
    if instance.launched is None:
        return False
    return instance.launched - case.csr.created > timedelta(seconds=CLOCK_SKEW_SECONDS)


def _kind(_case: Case, refusal: Refusal) -> Cause:
    return {
        "not an EC2 node": Cause.NOT_EC2,
        "role not mapped as a node's": Cause.ROLE_NOT_MAPPED,
    }.get(refusal.reason, Cause.NOT_A_NODE)


def _cluster(_case: Case, refusal: Refusal) -> Cause:
    return {
        "instance in another VPC": Cause.OTHER_VPC,
        "instance has no cluster tag": Cause.NO_CLUSTER_TAG,
    }.get(refusal.reason, Cause.OTHER_CLUSTER)


def _role(case: Case, _refusal: Refusal) -> Cause:
    is_fault = isinstance(case.role, RoleUnknown) and case.role.fault
    return Cause.EVIDENCE_UNAVAILABLE if is_fault else Cause.NODE_ROLE


def _node_name(case: Case, _refusal: Refusal) -> Cause:
    named = case.instance is not None and case.instance.private_dns_name
    return Cause.NODE_NAME if named else Cause.EC2_MAY_LAG


_BY_CHECK: Final[Mapping[str, Callable[[Case, Refusal], Cause]]] = {
    "requester-is-node": lambda _case, _refusal: Cause.NOT_A_NODE,
    "node-kind": _kind,
    "fresh": lambda _case, _refusal: Cause.CREATED_IN_FUTURE,
    "not-reissued-in-a-loop": lambda _case, _refusal: Cause.WRONG_CERTIFICATE,
    "node-name": _node_name,
    "cluster": _cluster,
    "node-role": _role,
}
_ALONE: Final = frozenset({"requester-is-node", "node-kind", "fresh", "not-reissued-in-a-loop"})

#: The checks whose refusals have a cause. Only a requester's newest request is diagnosed, so
#: `newest` refuses none. A test fails for a check that isn't in here.
EXPLAINED: Final = _OF_FORM | _NAME_CHECKS | _OF_INSTANCE | _BY_CHECK.keys() | {"newest"}
