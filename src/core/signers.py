"""One object per signer, with everything that differs between signers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from ipaddress import IPv4Address
from typing import Final

from core import budget, evidence, service_evidence
from core.checks import APP_SERVING_CHECKS, KUBELET_SERVING_CHECKS, Check
from core.checks.instance import not_of_cluster
from core.checks.moved import may_have_moved
from core.checks.node import requester_is_node
from core.checks.request import signature, subject
from core.checks.service import requester_is_service_account, service_names
from core.claims import claim_of
from core.errors import EvidenceUnavailable
from core.evidence import Answers
from core.identity import claimed_by_session, identify
from core.model import (
    APP_SERVING,
    KUBELET_SERVING,
    Case,
    Cluster,
    Csr,
    Identity,
    Instance,
    NotProvided,
    Pkcs10,
    Refusal,
    ServiceClaim,
    UnreadableRequest,
)
from core.ports import Fleet, Services
from core.settings import JudgingSettings, Policy

Request = Pkcs10 | UnreadableRequest


@dataclass(frozen=True, slots=True)
class Signer:
    """How one signer's requests are read, judged and counted.

    `key_proof`: what a readable request must pass for its key to count against other requesters. A
    copy of another requester's request fails one of these, so no one can be blocked by a copy.
    `claim`: returns who the requester claims to be. `gather`: asks for the evidence of a slice of
    cases at once. `common_names`: the CNs that the certificate may have. `seconds`: what a slice
    needs. `reads_bare`: a request without any attribute is readable. `completes`: a run of this
    signer counts the cluster as reviewed. `left_to_people`: a request with the verdict LEAVE waits
    for a person, so it doesn't count as pending.
    """

    name: str
    checks: tuple[Check, ...]
    key_proof: tuple[Callable[[Case], Refusal | None], ...]
    claim: Callable[[Csr, Request, Policy], Identity | ServiceClaim | None]
    gather: Callable[[Sequence[Case], Fleet, Services | None], Answers]
    common_names: Callable[[Csr, Pkcs10], tuple[str, ...]]
    seconds: budget.SliceSeconds
    reads_bare: bool = False
    completes: bool = True
    left_to_people: bool = False


def served(settings: JudgingSettings) -> tuple[Signer, ...]:
    """Return the signers that are served, the nodes' first: clusters break without it."""
    return (_NODES, _SERVICES) if settings.app_serving else (_NODES,)


def _node(csr: Csr, _request: Request, policy: Policy) -> Identity | None:
    # A node whose role is mapped to another user is found by its session, for `node-kind`.
    return identify(csr, allow_name=policy.allow_name_identity) or claimed_by_session(csr)


def _of_nodes(cases: Sequence[Case], fleet: Fleet, _: Services | None) -> Answers:
    if not cases:
        return {}
    shared = cases[0]
    cluster, policy = shared.cluster, shared.policy
    vpc_id = None if isinstance(cluster, NotProvided) else cluster.vpc_id
    answers = evidence.gather(
        [case.identity for case in cases if case.identity is not None],
        None if policy.allow_other_vpcs else vpc_id,
        fleet,
        shared.now,
        roles_wanted=policy.verify_node_role,
        is_of_cluster=partial(_is_of_cluster, cluster, policy),
    )
    return _with_holders(cases, answers, fleet)


def _with_holders(cases: Sequence[Case], answers: Answers, fleet: Fleet) -> Answers:
    """Ask which instances have the addresses that may have moved: most slices have none."""
    found = {key: shown for key, shown in answers.items() if isinstance(shown, evidence.Evidence)}
    judged = [found[case.identity].added_to(case) for case in cases if case.identity in found]
    addresses = {moved for case in judged if (moved := _moved(case)) is not None}
    if not addresses:
        return answers
    holders = fleet.holders(addresses)
    return {**answers, **{key: replace(shown, holders=holders) for key, shown in found.items()}}


def _moved(case: Case) -> IPv4Address | None:
    try:
        return may_have_moved(case)
    except Exception:  # noqa: BLE001  the checks meet the same bug, and report it for this CSR
        return None


def _is_of_cluster(cluster: Cluster | NotProvided, policy: Policy, instance: Instance) -> bool:
    return isinstance(cluster, NotProvided) or not_of_cluster(instance, cluster, policy) is None


def _username(csr: Csr, _request: Pkcs10) -> tuple[str, ...]:
    return (csr.username,)


def _claimed_services(csr: Csr, request: Request, policy: Policy) -> ServiceClaim | None:
    return claim_of(csr, request, allow_short=policy.allow_short_service_names)


def _of_services(cases: Sequence[Case], _: Fleet, services: Services | None) -> Answers:
    claims = [case.claim for case in cases if case.claim is not None]
    if services is None:
        return dict.fromkeys(
            claims, EvidenceUnavailable("there is no API server to ask for Services")
        )
    return service_evidence.gather(claims, services)


def _own_names(_csr: Csr, request: Pkcs10) -> tuple[str, ...]:
    return request.common_names


_NODES: Final = Signer(
    KUBELET_SERVING,
    checks=KUBELET_SERVING_CHECKS,
    key_proof=(requester_is_node, signature, subject),
    claim=_node,
    gather=_of_nodes,
    # A kubelet's certificate has its username as the only CN.
    common_names=_username,
    seconds=budget.NODE_SLICE,
)

_SERVICES: Final = Signer(
    APP_SERVING,
    checks=APP_SERVING_CHECKS,
    # service_names, because a copy has the names of another namespace.
    key_proof=(requester_is_service_account, signature, service_names),
    claim=_claimed_services,
    gather=_of_services,
    # EKS's signer for workloads accepts any subject.
    common_names=_own_names,
    seconds=budget.SERVICE_SLICE,
    # A request that OpenSSL makes for an application may have a CN and no attribute.
    reads_bare=True,
    # The nodes' run has counted the cluster already.
    completes=False,
    left_to_people=True,
)

#: Every signer that is known, by `spec.signerName`; all other signers' CSRs are ignored.
SIGNERS: Final[Mapping[str, Signer]] = {one.name: one for one in (_NODES, _SERVICES)}
