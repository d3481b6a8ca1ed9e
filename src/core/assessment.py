"""THE PIPELINE, which `review`, `diagnose` and `evaluate` all run. Each CSR has one case.

1. Index: who asked, and when (`core.peers`).
2. Gate: count the requests that aren't ours to judge now, before any of them is read.
3. Read: the request, its key, its certificate (`core.reading`).
4. Gather: what EC2, IAM or the cluster shows, for a slice of cases at once (`core.signers`).
5. Judge: run the checks (`core.decision`).

Every stage adds to the case that it is given. One bad CSR stops no other.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from core.budget import Budget
from core.checks import Check
from core.context import ReviewContext
from core.decision import decider
from core.errors import EvidenceUnavailable, OutOfTime
from core.evidence import NO_EVIDENCE, Answers
from core.memo import MAX_BYTES
from core.model import (
    Bug,
    Case,
    Csr,
    Deferred,
    Evaluation,
    Judged,
    NoEvidence,
    ParsedCsr,
    Peers,
    RoleUnknown,
    Verdict,
)
from core.peers import PeerIndex
from core.reading import read_all, read_list
from core.retained import RetainedRequests
from core.slices import SLICE, rotated, sliced

#: A function that asks for the evidence of a slice of cases at once.
EvidenceSource = Callable[[Sequence[Case]], Answers]


def _ignore(_parsed: ParsedCsr) -> None:
    pass


def _all(_parsed: ParsedCsr, _peers: PeerIndex) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Plan:
    """What a caller wants done with a list.

    `choose`: returns the cases to judge, in order. `gates_first`: a pending case that stops at a
    gate is counted and not read, and `choose` gets the pending cases past the gates, oldest first;
    otherwise it gets all cases, and gates are checks like any other. `keep`: returns whether a
    chosen case is still to be judged, now that its request was read. `inspect` is called with every
    request that was read and wasn't chosen. `max_bytes`: how much of the requests is kept at once.
    """

    choose: Callable[[Sequence[Case], PeerIndex], Sequence[Case]]
    gates_first: bool = True
    keep: Callable[[ParsedCsr, PeerIndex], bool] = _all
    inspect: Callable[[ParsedCsr], None] = _ignore
    max_bytes: int = MAX_BYTES


@dataclass(slots=True)
class Gated:
    """A list's pending cases after the gates: those past them, and how many stopped, by reason.

    `open`: cases among those stopped that evidence may let pass, by the reason they stopped for.
    """

    passed: list[Case] = field(default_factory=list)
    stopped: Counter[str] = field(default_factory=Counter)
    open: list[tuple[Case, str]] = field(default_factory=list)


@dataclass(slots=True)
class Assessment:
    """A list after the gates and the reading. Its requests are judged slice by slice, on demand.

    `due`: the cases that were chosen. `parsed`: those of them that were read. `bugs`: cases that
    our own code failed on before they could be judged. `not_read`: how many requests of the whole
    list were not read for lack of time; their keys and certificates are unknown. `max_bytes`: as in
    the plan.
    """

    context: ReviewContext
    source: EvidenceSource
    budget: Budget
    checks: tuple[Check, ...]
    peers: PeerIndex
    gated: Gated
    max_bytes: int = MAX_BYTES
    due: Sequence[Case] = ()
    parsed: Sequence[ParsedCsr] = ()
    bugs: list[Bug] = field(default_factory=list)
    not_read: int = field(init=False)

    def slices(self) -> Iterator[list[Evaluation]]:
        """Judge the cases that are due, slice by slice, while there is time to begin a slice."""
        yield from self._slices(self.parsed, self.checks)

    def slices_of(self, parsed: Sequence[ParsedCsr]) -> Iterator[list[Evaluation]]:
        """Judge other requests of the list. The gates are among their checks."""
        yield from self._slices(parsed, self.context.signer.checks)

    def reconsidered(self, is_due: Callable[[Case], bool]) -> Iterator[Evaluation]:
        """Judge cases that a gate stopped and that evidence may let pass: a slice of them at most.

        To be called after the others are judged, so that no requester who only claims an instance
        delays a node. A case that the gate stops again stays counted, and isn't returned.
        """
        found = [(case, reason) for case, reason in self.gated.open if is_due(case)]
        turn = rotated(found, self.context.now)[:SLICE]
        reasons = {id(case.csr): reason for case, reason in turn}
        read = read_all([case for case, _ in turn], self.context, self.budget.may_begin_slice)
        retained = RetainedRequests(self.max_bytes)
        for one in read:
            if isinstance(one, ParsedCsr):
                retained.add(one)
        for evaluations in self.slices_of(list(retained.entries)):
            for judged in evaluations:
                if not self._is_stopped_again(judged):
                    self.gated.stopped[reasons[id(judged.case.csr)]] -= 1
                    yield judged

    def _is_stopped_again(self, one: Evaluation) -> bool:
        if isinstance(one, Deferred):
            return True
        # Without IAM's answer the gate can't know: that is no reason to stop.
        if one.verdict is None or (isinstance(one.case.role, RoleUnknown) and one.case.role.fault):
            return False
        open_gates = {
            check.id for check in self.context.signer.checks if check.may_pass_by_evidence(one.case)
        }
        return not open_gates.isdisjoint(refusal.check for refusal in one.verdict.refusals)

    def _slices(
        self, parsed: Sequence[ParsedCsr], checks: tuple[Check, ...]
    ) -> Iterator[list[Evaluation]]:
        """Judge each slice as of the time at which its evidence is asked for."""
        for together in sliced(parsed):
            if not self.budget.may_begin_slice():
                return
            now = self.budget.clock.now()
            cases = [replace(one.case, now=now, peers=self.peers.of(one)) for one in together]
            yield judge(cases, self.source(cases), checks, self.budget.judging())


def assess(
    csrs: Sequence[Csr],
    context: ReviewContext,
    plan: Plan,
    source: EvidenceSource,
    budget: Budget,
) -> Assessment:
    """Index, gate and read one signer's CSRs; the assessment's `slices` judges them."""
    assessment = Assessment(
        context,
        source,
        budget,
        checks=context.signer.checks,
        peers=PeerIndex(context.now, context.max_age),
        gated=Gated(),
        max_bytes=plan.max_bytes,
    )
    cases = list(_indexed(csrs, assessment))
    candidates = cases
    if plan.gates_first:
        _gate(cases, assessment)
        candidates = assessment.gated.passed
        assessment.checks = tuple(
            check for check in context.signer.checks if not check.gate or check.changes_with_time
        )
    assessment.due = plan.choose(candidates, assessment.peers)
    others = _others(cases, assessment)
    read = partial(read_list, inspect=plan.inspect, max_bytes=plan.max_bytes)
    parsed = read(assessment.due, others, assessment.peers, context, budget)
    assessment.parsed = [one for one in parsed.due if plan.keep(one, assessment.peers)]
    assessment.not_read = parsed.not_read
    assessment.bugs += parsed.bugs
    return assessment


def judge(
    cases: Sequence[Case],
    answers: Answers,
    checks: tuple[Check, ...],
    time_left: Callable[[], bool] = lambda: True,
) -> list[Evaluation]:
    """Return each case's verdict, or why there is none; an error is never a verdict.

    Raises:
        ValueError: there are no checks, or two have the same id.
    """
    decide = decider(checks)
    return [
        _evaluation(case, answers, decide) if time_left() else Deferred.in_this_run(case)
        for case in cases
    ]


def _indexed(csrs: Sequence[Csr], assessment: Assessment) -> Iterator[Case]:
    for csr in csrs:
        case = assessment.context.case_of(csr)
        try:
            assessment.peers.note(csr)
        except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
            assessment.bugs.append(Bug.of(case, error))
        else:
            yield case


def _gate(cases: Iterable[Case], assessment: Assessment) -> None:
    """Count the pending cases that aren't ours to judge now; keep the others, oldest first.

    Oldest first, because a kubelet waits 15 minutes at most. No request is read before this, and
    AWS isn't asked: a requester that files thousands of large requests costs no more than their
    listing, because the gate `newest` passes one of them.
    """
    gates = tuple(check for check in assessment.context.signer.checks if check.gate)
    peers, gated = assessment.peers, assessment.gated
    for first in sorted(cases, key=lambda case: (case.csr.created, case.csr.name)):
        csr = first.csr
        if not csr.is_pending:
            continue
        case = first
        try:
            newer, newer_in_namespace = peers.newer(csr), peers.newer_in_namespace(csr)
            case = replace(first, peers=Peers(newer, newer_in_namespace=newer_in_namespace))
            refused = [(check, one) for check in gates if (one := check.run(case)) is not None]
            is_open = all(check.may_pass_by_evidence(case) for check, _ in refused)
        except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
            assessment.bugs.append(Bug.of(case, error))
            continue
        if not refused:
            gated.passed.append(case)
            continue
        reason = refused[0][1].reason
        gated.stopped[reason] += 1
        if is_open:
            gated.open.append((case, reason))


def _others(cases: Sequence[Case], assessment: Assessment) -> list[Case]:
    """Return all cases that aren't due: the decided ones first, each group newest first.

    Decided ones first, because a requester can't multiply them.
    """
    done = {id(case.csr) for case in assessment.due} | {id(one.case.csr) for one in assessment.bugs}
    others = [case for case in cases if id(case.csr) not in done]
    return sorted(others, key=_decided_first, reverse=True)


def _decided_first(case: Case) -> tuple[bool, datetime, str]:
    return not case.csr.is_pending, case.csr.created, case.csr.name


def _evaluation(case: Case, answers: Answers, decide: Callable[[Case], Verdict]) -> Evaluation:
    claimed = case.claim or case.identity
    try:
        evidence = answers.get(claimed, NO_EVIDENCE) if claimed is None else answers[claimed]
        if isinstance(evidence, OutOfTime):
            return Deferred(case, f"evidence unavailable: {evidence}")
        if isinstance(evidence, EvidenceUnavailable):
            return NoEvidence(case, f"evidence unavailable: {evidence}")
        case = evidence.added_to(case)
        return Judged(case, decide(case))
    except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
        return Bug.of(case, error)
