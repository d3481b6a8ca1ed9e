"""Judging saved objects: the same reading, gates, checks and verdicts as a live review's."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.errors import EvidenceUnavailable
from core.judging import ReviewContext, case_of, judge
from core.model import (
    NOT_PROVIDED,
    Case,
    Cluster,
    Csr,
    Instance,
    Judged,
    NotProvided,
    ParsedCsr,
    Role,
    RoleUnknown,
    Service,
    ServicesHidden,
    UnreadableCsr,
)
from core.peers import PeerIndex
from core.reading import read_all
from core.settings import Policy
from core.signers import SIGNERS, Signer


@dataclass(frozen=True, slots=True)
class SavedEvidence:
    """What was saved of EC2, IAM, EKS and the cluster; NOT_GIVEN where it wasn't."""

    instances: tuple[Instance, ...] | NotProvided = NOT_PROVIDED
    roles: Mapping[str, Role | RoleUnknown] | NotProvided = NOT_PROVIDED
    cluster: Cluster | NotProvided = NOT_PROVIDED
    services: tuple[Service, ...] | NotProvided = NOT_PROVIDED


@dataclass(frozen=True, slots=True)
class Ignored:
    """Another signer's CSR, or one that is decided already or failed."""

    csr: Csr


Answer = Judged | Ignored | UnreadableCsr


def evaluate(
    items: Sequence[Csr | UnreadableCsr],
    saved: SavedEvidence,
    policy: Policy,
    now: datetime,
    *,
    decided: bool,
) -> list[Answer]:
    """One answer for each item, in their order.

    With `decided`, CSRs that were approved or denied are judged as of that moment: by what was in
    the list then.
    """
    answers: dict[int, Answer] = {}
    for name, signer in SIGNERS.items():
        context = ReviewContext(saved.cluster, policy, now, signer.checks)
        ours = [item for item in items if isinstance(item, Csr) and item.signer == name]
        outcomes = list(read_all(ours, context))
        answers |= {id(one.case.csr): one for one in outcomes if isinstance(one, Judged)}
        entries = [one for one in outcomes if isinstance(one, ParsedCsr)]
        cases = [*_pending(entries, context), *(_decided(entries, context) if decided else ())]
        answers |= {id(one.case.csr): one for one in _judged(cases, saved, signer)}
    return [
        item if isinstance(item, UnreadableCsr) else answers.get(id(item), Ignored(item))
        for item in items
    ]


def _pending(entries: Sequence[ParsedCsr], context: ReviewContext) -> Iterator[Case]:
    peers = PeerIndex(context.now, context.max_age)
    for entry in entries:
        peers.note(entry.csr)
        peers.add(entry)
    return (case_of(entry, context, peers) for entry in entries if entry.csr.is_pending)


def _decided(entries: Sequence[ParsedCsr], context: ReviewContext) -> Iterator[Case]:
    """Cases as of their decisions: the list is replayed in time, so that each sees its own past."""
    moments = sorted(
        ((moment, entry) for entry in entries if (moment := _decided_at(entry.csr)) is not None),
        key=lambda pair: pair[0],
    )
    coming = sorted(entries, key=lambda entry: entry.csr.created, reverse=True)
    peers = PeerIndex(context.now, context.max_age)
    for moment, entry in moments:
        while coming and coming[-1].csr.created <= moment:
            peers.note(coming[-1].csr)
            peers.add(replace(coming.pop(), mismatched=False))
        yield case_of(entry, replace(context, now=moment), peers)
        if entry.mismatched:  # its certificate can't have come before its decision
            peers.add(entry)


def _decided_at(csr: Csr) -> datetime | None:
    if csr.condition("Failed") is not None:
        return None
    condition = csr.condition("Approved") or csr.condition("Denied")
    if condition is None:
        return None
    return condition.last_update or csr.created


def _judged(cases: Sequence[Case], saved: SavedEvidence, signer: Signer) -> list[Judged]:
    answers = signer.gather(cases, _SavedFleet(saved), _SavedServices(saved))

    def given(case: Case) -> Case:
        return replace(
            case,
            instances=NOT_PROVIDED if saved.instances is NOT_PROVIDED else case.instances,
            role=NOT_PROVIDED if saved.roles is NOT_PROVIDED else case.role,
            services=NOT_PROVIDED if saved.services is NOT_PROVIDED else case.services,
        )

    return judge(cases, answers, signer.checks, given)


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

    def role_of_profile(self, profile_arn: str) -> Role | RoleUnknown:
        unknown = RoleUnknown("the instance profile is not among those given")
        return self._roles.get(profile_arn, unknown)


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
