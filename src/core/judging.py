"""The gates, and the verdicts. One bad CSR stops no other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from core.checks import Check
from core.decision import decide
from core.errors import EvidenceUnavailable, OutOfTime
from core.evidence import NO_EVIDENCE, Evidence
from core.memo import Memo, Reader
from core.model import (
    Case,
    Cluster,
    Csr,
    Identity,
    Judged,
    NotProvided,
    ParsedCsr,
    Peers,
    ServiceClaim,
    UnreadableRequest,
)
from core.peers import PeerIndex
from core.service_evidence import ServiceEvidence
from core.settings import Policy

#: What could be had for each identity or claim, or why it couldn't.
Answers = Mapping[Any, Evidence | ServiceEvidence | EvidenceUnavailable]


def _fresh_reader() -> Reader:
    return Memo().reader()


@dataclass(frozen=True, slots=True)
class ReviewContext:
    """What all cases of one review share."""

    cluster: Cluster | NotProvided
    policy: Policy
    now: datetime
    checks: tuple[Check, ...]
    reader: Reader = field(default_factory=_fresh_reader)

    @property
    def max_age(self) -> timedelta:
        """How old a CSR may be before it counts as abandoned."""
        return timedelta(seconds=self.policy.max_csr_age_seconds)


@dataclass(slots=True)
class Gated:
    """What the gates made of a list.

    `passed` are the pending CSRs past them, oldest first, for a kubelet waits no longer than 15
    minutes; `stopped` counts the others by the refusal's reason; `broken` broke our own code.
    """

    peers: PeerIndex
    passed: list[Csr] = field(default_factory=list)
    stopped: Counter[str] = field(default_factory=Counter)
    broken: list[Judged] = field(default_factory=list)


def gate(csrs: Sequence[Csr], context: ReviewContext) -> Gated:
    """Sort out what is nobody's to judge now.

    No request is read before, nor anything asked of AWS: one who files thousands, each as large
    as may be, costs no more than their listing, for `newest` leaves one.
    """
    gated = Gated(PeerIndex(context.now, context.max_age))
    sound = [csr for csr in csrs if _note(csr, gated, context)]
    gates = [check for check in context.checks if check.gate]
    for csr in sorted(sound, key=lambda csr: (csr.created, csr.name)):
        if not csr.is_pending:
            continue
        standing = Peers(
            newer=gated.peers.newer(csr), newer_in_namespace=gated.peers.newer_in_namespace(csr)
        )
        case = replace(unread(csr, context), peers=standing)
        try:
            refusal = next((r for check in gates if (r := check.run(case)) is not None), None)
        except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
            gated.broken.append(Judged.broken(case, error))
            continue
        if refusal is None:
            gated.passed.append(csr)
        else:
            gated.stopped[refusal.reason] += 1
    return gated


def _note(csr: Csr, gated: Gated, context: ReviewContext) -> bool:
    try:
        gated.peers.note(csr)
    except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
        gated.broken.append(Judged.broken(unread(csr, context), error))
        return False
    return True


def unread(csr: Csr, context: ReviewContext) -> Case:
    """The case of a CSR whose request isn't read, or not yet: the gates need none."""
    return Case(
        csr,
        UnreadableRequest("not read"),
        None,
        context.now,
        context.policy,
        cluster=context.cluster,
    )


def judge(
    cases: Sequence[Case],
    answers: Answers,
    checks: tuple[Check, ...],
    given: Callable[[Case], Case] = lambda case: case,
    time_left: Callable[[], bool] = lambda: True,
) -> list[Judged]:
    """A verdict for every case whose evidence could be had; an error is never a verdict.

    `given` takes away again what of the evidence wasn't given at all (only offline). Those for
    which there is no time left come back deferred.
    """
    return [
        _judge(case, answers, checks, given)
        if time_left()
        else Judged(case, None, "no time was left", deferred=True)
        for case in cases
    ]


def case_of(entry: ParsedCsr, context: ReviewContext, peers: PeerIndex) -> Case:
    """The case of one CSR, still without evidence."""
    return Case(
        entry.csr,
        entry.request,
        entry.identity,
        context.now,
        context.policy,
        peers=peers.of(entry),
        cluster=context.cluster,
        claim=entry.claim,
    )


def _judge(
    case: Case,
    answers: Answers,
    checks: tuple[Check, ...],
    given: Callable[[Case], Case],
) -> Judged:
    claimed: Identity | ServiceClaim | None = case.claim or case.identity
    evidence = NO_EVIDENCE if claimed is None else answers[claimed]
    if isinstance(evidence, EvidenceUnavailable):
        late = isinstance(evidence, OutOfTime)
        problem = f"evidence unavailable: {evidence}"
        return Judged(case, None, problem, evidence_unavailable=not late, deferred=late)
    case = given(_with(evidence, case))
    try:
        return Judged(case, decide(case, checks))
    except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
        return Judged.broken(case, error)


def _with(evidence: Evidence | ServiceEvidence, case: Case) -> Case:
    if isinstance(evidence, ServiceEvidence):
        return replace(case, services=evidence.services)
    return replace(case, instances=evidence.instances, role=evidence.role)
