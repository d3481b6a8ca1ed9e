"""Judge saved objects with the same parsing, gates and checks as a live review."""

import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from ipaddress import IPv4Address
from itertools import groupby

from cli.evaluate.missing import with_missing
from core.assessment import Plan, assess, judge
from core.budget import Budget
from core.context import ReviewContext
from core.errors import EvidenceUnavailable
from core.evidence import NO_EVIDENCE, Addable, Answers, Evidence
from core.model import (
    NOT_PROVIDED,
    Case,
    Cluster,
    Csr,
    Evaluation,
    Instance,
    NotProvided,
    ParsedCsr,
    Role,
    RoleUnknown,
    Service,
    ServicesHidden,
    UnreadableCsr,
)
from core.peers import PeerIndex
from core.service_evidence import ServiceEvidence
from core.settings import Policy
from core.signers import SIGNERS, Signer


@dataclass(frozen=True, slots=True)
class SavedEvidence:
    """What was saved from EC2, IAM, EKS and the cluster; NOT_PROVIDED if it wasn't."""

    instances: tuple[Instance, ...] | NotProvided = NOT_PROVIDED
    roles: Mapping[str, Role | RoleUnknown] | NotProvided = NOT_PROVIDED
    cluster: Cluster | NotProvided = NOT_PROVIDED
    services: tuple[Service, ...] | NotProvided = NOT_PROVIDED


@dataclass(frozen=True, slots=True)
class Ignored:
    """A CSR that isn't judged: of a signer that isn't served, or decided, failed or issued."""

    csr: Csr


Answer = Evaluation | Ignored | UnreadableCsr


def evaluate(
    items: Sequence[Csr | UnreadableCsr],
    saved: SavedEvidence,
    policy: Policy,
    now: datetime,
    *,
    decided: bool,
    signers: Iterable[Signer] = tuple(SIGNERS.values()),
) -> list[Answer]:
    """Return one answer for each item, in their order.

    With `decided`, approved and denied CSRs are judged as of their decision, by what the list held
    at that time. CSRs of other signers than these are ignored.
    """
    answers: dict[int, Answer] = {}
    for signer in signers:
        csrs = [item for item in items if isinstance(item, Csr) and item.signer == signer.name]
        context = ReviewContext(saved.cluster, policy, now, signer)
        evaluations = _evaluations(csrs, context, saved, decided=decided)
        answers |= {id(one.case.csr): with_missing(one, signer.checks) for one in evaluations}
    return [
        item if isinstance(item, UnreadableCsr) else answers.get(id(item), Ignored(item))
        for item in items
    ]


def _evaluations(
    csrs: Sequence[Csr], context: ReviewContext, saved: SavedEvidence, *, decided: bool
) -> Iterator[Evaluation]:
    others: list[ParsedCsr] = []
    plan = Plan(_pending, gates_first=False, inspect=others.append, max_bytes=sys.maxsize)
    budget = Budget(_StoppedClock(context.now), context.signer.seconds)
    source = partial(_gather, saved=saved, signer=context.signer)
    assessment = assess(csrs, context, plan, source, budget)
    yield from assessment.bugs
    for evaluations in assessment.slices():
        yield from evaluations
    if decided:
        cases = list(_decided([*assessment.parsed, *others], context))
        yield from judge(cases, source(cases), context.signer.checks)


def _pending(cases: Sequence[Case], _peers: PeerIndex) -> list[Case]:
    return [case for case in cases if case.csr.is_pending]


def _decided(parsed: Sequence[ParsedCsr], context: ReviewContext) -> Iterator[Case]:
    """Yield cases as of their decisions: the list is replayed, so peers are those of then."""
    moments = sorted(
        ((moment, one) for one in parsed if (moment := _decided_at(one.csr)) is not None),
        key=lambda pair: pair[0],
    )
    coming = sorted(parsed, key=lambda one: one.csr.created, reverse=True)
    peers = PeerIndex(context.now, context.max_age)
    for moment, group in groupby(moments, key=lambda pair: pair[0]):
        together = [one for _, one in group]
        while coming and coming[-1].csr.created <= moment:
            peers.note(coming[-1].csr)
            peers.add(replace(coming.pop(), mismatched=False))
        # A certificate can't have come before its CSR's decision, but perhaps in the same second.
        for one in together:
            if one.mismatched:
                peers.add(one)
        for one in together:
            yield replace(one.case, now=moment, peers=peers.of(one))


def _decided_at(csr: Csr) -> datetime | None:
    if csr.condition("Failed") is not None:
        return None
    condition = csr.condition("Approved") or csr.condition("Denied")
    if condition is None:
        return None
    return condition.last_update or csr.created


def _gather(cases: Sequence[Case], saved: SavedEvidence, signer: Signer) -> Answers:
    """Return the saved evidence; NOT_PROVIDED for what wasn't saved."""
    answers = signer.gather(cases, _SavedFleet(saved), _SavedServices(saved))
    return {
        claimed: _provided(found, saved)
        for claimed, found in {**answers, None: NO_EVIDENCE}.items()
    }


def _provided(
    found: Addable | EvidenceUnavailable, saved: SavedEvidence
) -> Addable | EvidenceUnavailable:
    match found:
        case Evidence():
            return Evidence(
                NOT_PROVIDED if saved.instances is NOT_PROVIDED else found.instances,
                NOT_PROVIDED if saved.roles is NOT_PROVIDED else found.role,
                found.holders,
            )
        case ServiceEvidence() if saved.services is NOT_PROVIDED:
            return ServiceEvidence(NOT_PROVIDED)
    return found


class _StoppedClock:
    """A clock that always shows the same time, and never runs out."""

    def __init__(self, now: datetime) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def remaining(self) -> float:
        return float(sys.maxsize)


class _SavedFleet:
    """EC2 and IAM as saved."""

    def __init__(self, saved: SavedEvidence) -> None:
        self._by_id: dict[str, list[Instance]] = {}
        self._by_name: dict[str, list[Instance]] = {}
        for one in () if isinstance(saved.instances, NotProvided) else saved.instances:
            self._by_id.setdefault(one.id, []).append(one)
            self._by_name.setdefault(one.private_dns_name, []).append(one)
        self._roles = {} if isinstance(saved.roles, NotProvided) else saved.roles

    def by_id(self, ids: Collection[str]) -> Mapping[str, tuple[Instance, ...]]:
        return {one: tuple(self._by_id.get(one, ())) for one in ids}

    def by_private_dns_name(
        self, names: Collection[str], _vpc_id: str | None
    ) -> Mapping[str, tuple[Instance, ...]]:
        return {name: tuple(self._by_name.get(name, ())) for name in names}

    def holders(self, addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, frozenset[str]]:
        shown = [(one.id, set(one.addresses())) for many in self._by_id.values() for one in many]
        return {
            address: frozenset(one for one, held in shown if address in held)
            for address in addresses
        }

    def role_of_profile(self, profile_arn: str) -> Role | RoleUnknown:
        missing = f"--instance-profiles has no {profile_arn}; save the list again"
        return self._roles.get(profile_arn, RoleUnknown(missing))


class _SavedServices:
    """The cluster's Services as saved."""

    def __init__(self, saved: SavedEvidence) -> None:
        self._services = () if isinstance(saved.services, NotProvided) else saved.services

    def named(
        self, namespace: str, names: Collection[str]
    ) -> Mapping[str, Service | ServicesHidden | EvidenceUnavailable]:
        return {
            one.name: one
            for one in self._services
            if one.namespace == namespace and one.name in names
        }
