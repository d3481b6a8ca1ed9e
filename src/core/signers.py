"""A signer is a pair: whom to ask about the requesters, and the checks of what they ask for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from core import evidence, service_evidence
from core.checks import CHECKS, Check
from core.errors import EvidenceUnavailable
from core.judging import Answers
from core.model import APP_SERVING, KUBELET_SERVING, Case, NotProvided
from core.ports import Fleet, Services
from core.settings import ReviewSettings

Gather = Callable[[Sequence[Case], Fleet, Services | None], Answers]


@dataclass(frozen=True, slots=True)
class Signer:
    """How one signer's requests are judged.

    `gather` asks for the evidence of a slice of cases at once. `seconds`: with less time left no
    slice is begun, because its evidence could no longer be asked for. `slowest`: the time that is
    left for a run's first slice, in case EC2 and IAM are slow.
    """

    gather: Gather
    checks: tuple[Check, ...]
    seconds: float
    slowest: float


def served(settings: ReviewSettings) -> tuple[str, ...]:
    """The signers that are served, the nodes' first: their clusters break without it."""
    return (KUBELET_SERVING, APP_SERVING) if settings.app_serving else (KUBELET_SERVING,)


def _of_nodes(cases: Sequence[Case], fleet: Fleet, _: Services | None) -> Answers:
    if not cases:
        return {}
    shared = cases[0]
    return evidence.gather(
        [case.identity for case in cases if case.identity is not None],
        None if isinstance(shared.cluster, NotProvided) else shared.cluster.vpc_id,
        fleet,
        shared.now,
        roles_wanted=shared.policy.verify_node_role,
    )


def _of_services(cases: Sequence[Case], _: Fleet, services: Services | None) -> Answers:
    claims = [case.claim for case in cases if case.claim is not None]
    if services is None:
        return dict.fromkeys(claims, EvidenceUnavailable("nobody to ask for Services"))
    return service_evidence.gather(claims, services)


#: In the function EC2 is no longer asked with less than 5 s left, IAM with less than 15 s
#: (`adapters.ec2`), and the API server for Services with less than 3 s (`adapters.services`).
SIGNERS: Mapping[str, Signer] = {
    KUBELET_SERVING: Signer(_of_nodes, CHECKS[KUBELET_SERVING], seconds=5.0, slowest=21.0),
    APP_SERVING: Signer(_of_services, CHECKS[APP_SERVING], seconds=3.0, slowest=4.0),
}
