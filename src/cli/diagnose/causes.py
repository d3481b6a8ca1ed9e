"""Why a request has no certificate, or not the one it asked for: the causes of its refusals.

A person can act upon a cause. Several refusals may have one cause, and one refusal several.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from cli.diagnose.cause import Cause, Explanation
from cli.diagnose.name_causes import explain_names
from cli.diagnose.name_status import RequestedName
from cli.node_kinds import NodeKind, kind_of
from core.checks.requester import CLOCK_SKEW_SECONDS
from core.model import ADDRESS_MOVED, Case, Csr, Effect, Instance, NotProvided, Refusal, RoleUnknown

#: For how long EKS may take to judge a request itself, in seconds. From: docs/kubelets.md.
EKS_JUDGES_SECONDS: Final = 90


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

_NO_NAME: Final = "instance has no name yet"


_OF_KIND: Final = {
    NodeKind.FARGATE: Cause.FARGATE,
    NodeKind.HYBRID: Cause.HYBRID,
    NodeKind.HYPERPOD: Cause.HYPERPOD,
}

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


def is_judged_by_eks(csr: Csr) -> bool:
    """Return whether EKS judges the requester's kind of node itself, as far as its names show."""
    return kind_of(csr) in _OF_KIND


def explain_refusals(
    case: Case, refusals: Iterable[Refusal], names: tuple[RequestedName, ...], *, may_lag: bool
) -> tuple[Explanation, ...]:
    """Return the causes of a request that a review refuses, each once, in the checks' order.

    `may_lag`: the request is so young that EC2 may not show its instance yet.
    """
    refusals = list(refusals)
    of_requester = [one for one in refusals if one.check in {"requester-is-node", "node-kind"}]
    if of_requester and of_requester[0].reason != "role not mapped as a node's":
        return (_requester(case, of_requester[0]),)
    # A kubelet asks, so there is an instance even if EC2 shows none: only others count as gone. An
    # attacker may name a stopped instance, so what disproves a request must not be hidden by that.
    is_disproved = any(one.effect is Effect.DENY for one in refusals)
    if is_gone(case, may_lag=True) and not is_disproved:
        return (Explanation(Cause.INSTANCE_GONE),)
    is_moved = refusals and all(one.reason == ADDRESS_MOVED for one in refusals)
    if is_moved and not _is_young(case):
        return (Explanation(Cause.ADDRESS_MOVED, refusals[0].detail),)
    of_all = [one for one in refusals if one.check not in _NAME_CHECKS or one.reason == _NO_NAME]
    causes = [cause for one in of_all for cause in _of_refusal(case, one, may_lag=may_lag)]
    of_names = explain_names(case, names)
    if may_lag and case.csr.is_pending:  # a review waits, too, before it denies
        of_names = tuple(map(_waiting, of_names))
    causes += of_names
    if not causes and refusals:  # names only, and EC2 shows none of the instance's yet
        causes = [Explanation(Cause.EC2_MAY_LAG, refusals[0].detail)]
    return tuple(dict.fromkeys(causes))


def _requester(case: Case, refusal: Refusal) -> Explanation:
    """Return the cause of a requester that isn't a node of EC2."""
    csr, kind = case.csr, kind_of(case.csr)
    if not csr.node and isinstance(case.role, RoleUnknown) and case.role.fault:
        # Its role may be a node's.
        return Explanation(Cause.EVIDENCE_UNAVAILABLE, case.role.why)
    if kind in _OF_KIND and refusal.reason != "not an EC2 session":
        return Explanation(Cause.WAITING if _is_young(case) else _OF_KIND[kind])
    if csr.namespace is not None:
        return Explanation(Cause.WORKLOAD)
    is_person = not csr.node and not csr.username.startswith("system:")
    return Explanation(Cause.PERSON if is_person else Cause.NOT_A_NODE, refusal.detail)


def _is_young(case: Case) -> bool:
    """Return whether EKS may still judge the request itself."""
    age = (case.now - case.csr.created).total_seconds()
    return case.csr.is_pending and age < EKS_JUDGES_SECONDS


def _waiting(one: Explanation) -> Explanation:
    is_lagging = one.cause is Cause.NAMES_NOT_ON_INSTANCE
    return replace(one, cause=Cause.NAMES_MAY_LAG) if is_lagging else one


def _of_refusal(case: Case, refusal: Refusal, *, may_lag: bool) -> Iterator[Explanation]:
    detail = f"{refusal.check}: {refusal.reason} ({refusal.detail})"
    if refusal.reason == _NO_NAME:
        yield Explanation(Cause.EC2_MAY_LAG if may_lag else Cause.NO_PRIVATE_NAME)
    elif refusal.check in _OF_FORM:
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


def _cluster(_case: Case, refusal: Refusal) -> Cause:
    return {
        "instance in another VPC": Cause.OTHER_VPC,
        "instance has no cluster tag": Cause.NO_CLUSTER_TAG,
    }.get(refusal.reason, Cause.OTHER_CLUSTER)


def _role(case: Case, _refusal: Refusal) -> Cause:
    is_fault = isinstance(case.role, RoleUnknown) and case.role.fault
    return Cause.EVIDENCE_UNAVAILABLE if is_fault else Cause.NODE_ROLE


_BY_CHECK: Final[Mapping[str, Callable[[Case, Refusal], Cause]]] = {
    "node-kind": lambda _case, _refusal: Cause.ROLE_NOT_MAPPED,
    "fresh": lambda _case, _refusal: Cause.CREATED_IN_FUTURE,
    "not-reissued-in-a-loop": lambda _case, _refusal: Cause.WRONG_CERTIFICATE,
    "node-name": lambda _case, _refusal: Cause.NODE_NAME,
    "cluster": _cluster,
    "node-role": _role,
}
_ALONE: Final = frozenset({"node-kind", "fresh", "not-reissued-in-a-loop"})

#: The checks whose refusals have a cause. Only a requester's newest request is diagnosed, so
#: `newest` refuses none. A test fails for a check that isn't in here.
EXPLAINED: Final = (
    _OF_FORM | _NAME_CHECKS | _OF_INSTANCE | _BY_CHECK.keys() | {"newest", "requester-is-node"}
)
