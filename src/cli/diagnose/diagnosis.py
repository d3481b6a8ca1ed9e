"""Find out whether every node has the certificate it asked for, and if not, why.

AWS asks people to do this by hand before the upgrade to Kubernetes 1.24, in which EKS issues
nothing for a request with a name that it can't verify. Nothing is written. From: EKS User Guide,
"Secure workloads with Kubernetes certificates".

Only a requester's newest request counts: its kubelet has forgotten the others.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from cli.account.problems import logged_in_words
from cli.diagnose import causes
from cli.diagnose.causes import Cause, Explanation, Need
from cli.diagnose.name_status import RequestedName, name_statuses
from core import issued
from core.assessment import Assessment, EvidenceSource, Plan, assess
from core.budget import Budget
from core.context import ReviewContext
from core.model import (
    APPROVED_REASON,
    KUBELET_SERVING,
    Bug,
    Case,
    Cluster,
    Csr,
    Decision,
    Deferred,
    Evaluation,
    IssueState,
    Listing,
    ParsedCsr,
    Pkcs10,
    UnreadableRequest,
    Verdict,
)
from core.peers import PeerIndex
from core.ports import CertificateApi, Clock, Fleet
from core.settings import JudgingSettings
from core.signers import SIGNERS


class State(Enum):
    """The state of a request."""

    PENDING = "pending"
    APPROVED = "approved"
    FAILED = "failed"
    DENIED = "denied"
    #: There is a certificate, but it isn't what was asked for.
    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class DiagnosedCsr:
    """A requester's newest request, without a certificate or with another than it asked for."""

    csr: Csr
    state: State
    age_seconds: float
    instance_id: str | None
    names: tuple[RequestedName, ...]
    causes: tuple[Explanation, ...]
    verdict: Decision | None

    @property
    def need(self) -> Need:
        """Return the most urgent need of its causes."""
        needs = {one.cause.need for one in self.causes}
        return next(need for need in Need if need in needs)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The audit of one cluster's list. `superseded`: requests, each with its newer one's name.

    `gaps`: which parts of the list could not be read, and why.
    """

    cluster: Cluster
    listed: int
    csrs: tuple[DiagnosedCsr, ...]
    superseded: tuple[tuple[Csr, str], ...]
    gaps: tuple[str, ...]

    @property
    def ready(self) -> bool | None:
        """Return False when something needs action; None when that is unknown."""
        needs = {one.need for one in self.csrs}
        if Need.ACTION in needs:
            return False
        return None if self.gaps or Need.UNKNOWN in needs else True


def diagnosis(
    cluster: Cluster, settings: JudgingSettings, api: CertificateApi, fleet: Fleet, clock: Clock
) -> Diagnosis:
    """Audit one cluster's kubelet-serving requests, judging them as a review does.

    Raises:
        ClusterUnavailable: the cluster's CSRs could not be listed.
        NotOnboarded: the cluster lets us list nothing.
    """
    signer = SIGNERS[KUBELET_SERVING]
    budget = Budget(clock, signer.seconds)
    listing = api.list_csrs(signer.name)
    context = ReviewContext(cluster, settings, clock.now(), signer)
    plan = Plan(_newest, gates_first=False, max_bytes=sys.maxsize)
    source: EvidenceSource = lambda cases: signer.gather(cases, fleet, None)  # noqa: E731  typed
    assessment = assess(listing.csrs, context, plan, source, budget)

    return Diagnosis(
        cluster,
        listed=len(listing.items),
        csrs=tuple(_diagnosed(one, settings) for one in _open(assessment)),
        superseded=tuple(_superseded(listing.csrs, assessment)),
        gaps=_gaps(listing, assessment.not_read),
    )


def _open(assessment: Assessment) -> Iterator[Evaluation]:
    """Yield the evaluations of requests without a certificate, or with one not as asked for."""
    wanted = [one for one in assessment.parsed if _is_open(one)]
    evaluations = [one for part in assessment.slices_of(wanted) for one in part]
    yield from evaluations
    reached = {id(one.case.csr) for one in evaluations}
    yield from (Deferred.in_this_run(one.case) for one in wanted if id(one.csr) not in reached)
    # A request that wasn't read counts as open only if it has no certificate.
    unread: list[Evaluation] = [
        one for one in assessment.bugs if _newer(one.case.csr, assessment.peers) is None
    ]
    read = {id(one.csr) for one in assessment.parsed} | {id(one.case.csr) for one in unread}
    unread += [Deferred.in_this_run(case) for case in assessment.due if id(case.csr) not in read]
    yield from (one for one in unread if not one.case.csr.certificate)


def _superseded(csrs: Sequence[Csr], assessment: Assessment) -> Iterator[tuple[Csr, str]]:
    for csr in csrs:
        newer = _newer(csr, assessment.peers)
        if newer is not None and not csr.certificate:
            yield csr, newer


def _newer(csr: Csr, peers: PeerIndex) -> str | None:
    try:
        return peers.newer(csr)
    except Exception:  # noqa: BLE001  it is reported as a bug already, and must not stop the others
        return None


def _newest(cases: Sequence[Case], peers: PeerIndex) -> list[Case]:
    """Return each requester's newest request: its kubelet has forgotten the others."""
    return [case for case in cases if peers.newer(case.csr) is None]


def _is_open(parsed: ParsedCsr) -> bool:
    csr = parsed.csr
    return not csr.certificate or _certificate(csr, parsed.request) is not None


def _certificate(csr: Csr, request: Pkcs10 | UnreadableRequest) -> Explanation | None:
    """Return what is wrong with its certificate, if anything is."""
    found = issued.find(csr, request, csr.created, grace=timedelta(), max_age=timedelta())
    if found is None:
        return None
    fewer = found.state is IssueState.FEWER_NAMES
    return Explanation(Cause.FEWER_NAMES if fewer else Cause.WRONG_CERTIFICATE, found.detail)


def _gaps(listing: Listing, not_read: int) -> tuple[str, ...]:
    gaps = []
    if listing.truncated:
        gaps.append(f"the list was not read to its end: {logged_in_words(listing.cause)}")
    if listing.unreadable:
        count = len(listing.unreadable)
        names = "`csr-approver review` names them"
        gaps.append(f"{count} of the listed requests can't be read: {names}")
    if not_read:
        gaps.append(f"{not_read} requests were not read for lack of time")
    return tuple(gaps)


def _diagnosed(evaluation: Evaluation, settings: JudgingSettings) -> DiagnosedCsr:
    case, names = evaluation.case, name_statuses(evaluation.case)
    instance_id = case.identity.instance_id if case.identity is not None else None
    if instance_id is None and case.instance is not None:
        instance_id = case.instance.id
    return DiagnosedCsr(
        case.csr,
        state_of(case.csr),
        (case.now - case.csr.created).total_seconds(),
        instance_id,
        names,
        _causes(evaluation, names, settings),
        None if evaluation.verdict is None else evaluation.verdict.decision,
    )


def state_of(csr: Csr) -> State:
    """Return the state of a request."""
    if csr.certificate:
        return State.ISSUED
    decided = (state for kind, state in _STATES.items() if csr.condition(kind) is not None)
    return next(decided, State.PENDING)


_STATES = {"Failed": State.FAILED, "Denied": State.DENIED, "Approved": State.APPROVED}


def _causes(
    evaluation: Evaluation, names: tuple[RequestedName, ...], settings: JudgingSettings
) -> tuple[Explanation, ...]:
    case, verdict = evaluation.case, evaluation.verdict
    age = (case.now - case.csr.created).total_seconds()
    may_lag = age < settings.deny_after_seconds
    wrong = _certificate(case.csr, case.request) if case.csr.certificate else None
    if wrong is not None:
        gone = wrong.cause is Cause.FEWER_NAMES and causes.is_gone(case, may_lag=may_lag)
        return (
            (Explanation(Cause.INSTANCE_GONE),) if gone else (wrong, *causes.explain_names(names))
        )
    if verdict is None:
        cause = Cause.NOT_JUDGED if isinstance(evaluation, Bug) else Cause.EVIDENCE_UNAVAILABLE
        return (Explanation(cause, evaluation.problem),)
    if age > settings.max_csr_age_seconds:
        return _abandoned(case, verdict, names)
    reported = causes.explain_refusals(case, verdict.refusals, names, may_lag=may_lag)
    if any(one.cause is Cause.INSTANCE_GONE for one in reported):
        return reported
    return (*_decided(case.csr), *reported) or (_passing(case, settings),)


def _abandoned(
    case: Case, verdict: Verdict, names: tuple[RequestedName, ...]
) -> tuple[Explanation, ...]:
    """Return the causes of a request older than the kubelet waits, with no newer one listed."""
    reasons = {(one.check, one.reason) for one in verdict.refusals}
    is_not_ec2 = ("node-kind", "not an EC2 session") in reasons
    if is_not_ec2 or any(check == "requester-is-node" for check, _ in reasons):
        return (Explanation(Cause.ABANDONED),)
    if causes.is_gone(case, may_lag=False):
        return (Explanation(Cause.INSTANCE_GONE),)
    return (Explanation(Cause.NO_NEWER_REQUEST), *causes.explain_names(names))


def _decided(csr: Csr) -> tuple[Explanation, ...]:
    for kind, cause in (("Failed", Cause.SIGNER_FAILED), ("Denied", Cause.DENIED)):
        condition = csr.condition(kind)
        if condition is not None:
            return (Explanation(cause, f"{condition.reason}: {condition.message}"),)
    return ()


def _passing(case: Case, settings: JudgingSettings) -> Explanation:
    """Return the cause of a request that passes every check and has no certificate."""
    approved = case.csr.condition("Approved")
    since = case.csr.created if approved is None else approved.last_update or case.csr.created
    seconds = (case.now - since).total_seconds()
    if approved is None:
        return Explanation(
            Cause.WAITING if seconds < settings.approve_after_seconds else Cause.NOT_APPROVED
        )
    detail = f"approved {seconds:.0f} s ago by {approved.reason}"
    if seconds <= settings.issue_grace_seconds:
        return Explanation(Cause.JUST_APPROVED, detail)
    ours = approved.reason == APPROVED_REASON
    return Explanation(Cause.NOT_ISSUED_AFTER_US if ours else Cause.NOT_ISSUED, detail)
