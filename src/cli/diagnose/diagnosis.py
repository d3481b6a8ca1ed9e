"""Whether every node has the certificate it asked for, and if not, why. Nothing is written.

What AWS asks people to find out by hand before the upgrade to Kubernetes 1.24, in which EKS issues
nothing for a request with a name that it can't verify. From: EKS User Guide, "Secure workloads
with Kubernetes certificates".

Only a requester's newest request counts: its kubelet has forgotten the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from cli.diagnose import causes
from cli.diagnose.causes import Cause, Explanation, Need
from cli.diagnose.name_status import RequestedName, name_statuses
from core import evidence, issued
from core.checks import CHECKS
from core.judging import ReviewContext, case_of, gate, judge
from core.model import (
    APPROVED_REASON,
    KUBELET_SERVING,
    Case,
    Cluster,
    Csr,
    Decision,
    IssueState,
    Judged,
    Listing,
    ParsedCsr,
    Pkcs10,
    UnreadableRequest,
    Verdict,
)
from core.ports import CertificateApi, Clock, Fleet
from core.reading import read_all
from core.settings import ReviewSettings

# With less than 15 s left EC2 and IAM are asked no more (`adapters.ec2`).
_FOR_EVIDENCE_SECONDS = 16.0


class State(Enum):
    """How far a request has come."""

    PENDING = "pending"
    APPROVED = "approved"
    FAILED = "failed"
    DENIED = "denied"
    #: There is a certificate, which isn't what was asked for.
    ISSUED = "issued"


@dataclass(frozen=True, slots=True)
class DiagnosedCsr:
    """One requester's newest request that has no certificate, or another than it asked for."""

    csr: Csr
    state: State
    age_seconds: float
    instance_id: str | None
    names: tuple[RequestedName, ...]
    causes: tuple[Explanation, ...]
    decision: Decision | None

    @property
    def need(self) -> Need:
        """The most that any cause asks for."""
        needs = {one.cause.need for one in self.causes}
        return next(need for need in Need if need in needs)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What came of one cluster's list. `superseded`: the requests that a newer one replaced.

    `gaps`: what of the list could not be read, or for which there was no time.
    """

    cluster: Cluster
    listed: int
    csrs: tuple[DiagnosedCsr, ...]
    superseded: tuple[tuple[Csr, str], ...]
    gaps: tuple[str, ...]

    @property
    def ready(self) -> bool | None:
        """False when something must be done; None when that can't be told."""
        needs = {one.need for one in self.csrs}
        if Need.ACTION in needs:
            return False
        return None if self.gaps or Need.UNKNOWN in needs else True


def diagnosis(
    cluster: Cluster, settings: ReviewSettings, api: CertificateApi, fleet: Fleet, clock: Clock
) -> Diagnosis:
    """Look at one cluster's kubelet-serving requests, and judge them as a review does.

    Raises:
        ClusterUnavailable: the cluster's CSRs could not be listed.
        NotOnboarded: the cluster lets us list nothing.
    """
    listing = api.list_csrs(KUBELET_SERVING)
    context = ReviewContext(cluster, settings, clock.now(), CHECKS[KUBELET_SERVING])
    gated = gate(listing.csrs, context)
    newer = {id(csr): gated.peers.newer(csr) for csr in listing.csrs}
    newest = [csr for csr in listing.csrs if newer[id(csr)] is None]
    older = [csr for csr in listing.csrs if newer[id(csr)] is not None]

    read = list(read_all(newest, context, lambda: clock.remaining() > _FOR_EVIDENCE_SECONDS))
    entries = [one for one in read if isinstance(one, ParsedCsr)]
    enough = max(clock.remaining() / 2, _FOR_EVIDENCE_SECONDS)
    keys = list(read_all(older, context, lambda: clock.remaining() > enough))
    for entry in (*entries, *(one for one in keys if isinstance(one, ParsedCsr))):
        gated.peers.add(entry)

    cases = [case_of(entry, context, gated.peers) for entry in entries if _is_open(entry)]
    identities = [case.identity for case in cases if case.identity is not None]
    answers = evidence.gather(
        identities, cluster.vpc_id, fleet, context.now, roles_wanted=settings.verify_node_role
    )
    judged = judge(cases, answers, context.checks, time_left=lambda: clock.remaining() > 0)
    unread = [one for one in read if isinstance(one, Judged) and not one.case.csr.certificate]
    return Diagnosis(
        cluster,
        listed=len(listing.items),
        csrs=tuple(_audited(one, settings) for one in judged + unread),
        superseded=tuple((csr, newer[id(csr)] or "") for csr in older if not csr.certificate),
        gaps=_gaps(listing, [*read, *keys]),
    )


def _is_open(entry: ParsedCsr) -> bool:
    csr = entry.csr
    return not csr.certificate or _certificate(csr, entry.request) is not None


def _certificate(csr: Csr, request: Pkcs10 | UnreadableRequest) -> Explanation | None:
    """What is wrong with its certificate, if anything is."""
    found = issued.find(csr, request, csr.created, grace=timedelta(), max_age=timedelta())
    if found is None:
        return None
    fewer = found.state is IssueState.FEWER_NAMES
    return Explanation(Cause.FEWER_NAMES if fewer else Cause.WRONG_CERTIFICATE, found.detail)


def _gaps(listing: Listing, read: Sequence[ParsedCsr | Judged]) -> tuple[str, ...]:
    gaps = []
    if listing.truncated:
        gaps.append(f"the list was not read to its end: {listing.cause}")
    if listing.unreadable:
        count = len(listing.unreadable)
        names = "`csr-approver review` names them"
        gaps.append(f"{count} of the listed requests can't be read: {names}")
    late = sum(isinstance(one, Judged) and one.deferred for one in read)
    if late:
        gaps.append(f"{late} were not read for want of time")
    return tuple(gaps)


def _audited(judged: Judged, settings: ReviewSettings) -> DiagnosedCsr:
    case, names = judged.case, name_statuses(judged.case)
    instance_id = case.identity.instance_id if case.identity is not None else None
    if instance_id is None and case.instance is not None:
        instance_id = case.instance.id
    return DiagnosedCsr(
        case.csr,
        state_of(case.csr),
        (case.now - case.csr.created).total_seconds(),
        instance_id,
        names,
        _causes(judged, names, settings),
        None if judged.verdict is None else judged.verdict.decision,
    )


def state_of(csr: Csr) -> State:
    """How far it has come."""
    if csr.certificate:
        return State.ISSUED
    decided = (state for kind, state in _STATES.items() if csr.condition(kind) is not None)
    return next(decided, State.PENDING)


_STATES = {"Failed": State.FAILED, "Denied": State.DENIED, "Approved": State.APPROVED}


def _causes(
    judged: Judged, names: tuple[RequestedName, ...], settings: ReviewSettings
) -> tuple[Explanation, ...]:
    case, verdict = judged.case, judged.verdict
    age = (case.now - case.csr.created).total_seconds()
    may_lag = age < settings.deny_after_seconds
    wrong = _certificate(case.csr, case.request) if case.csr.certificate else None
    if wrong is not None:
        gone = wrong.cause is Cause.FEWER_NAMES and causes.is_gone(case, may_lag=may_lag)
        return (
            (Explanation(Cause.INSTANCE_GONE),) if gone else (wrong, *causes.explain_names(names))
        )
    if verdict is None:
        unasked = judged.evidence_unavailable or judged.deferred
        return (
            Explanation(
                Cause.EVIDENCE_UNAVAILABLE if unasked else Cause.NOT_JUDGED, judged.problem
            ),
        )
    if age > settings.max_csr_age_seconds:
        return _abandoned(case, verdict, names)
    reported = causes.explain_refusals(case, verdict.refusals, names, may_lag=may_lag)
    if any(one.cause is Cause.INSTANCE_GONE for one in reported):
        return reported
    return (*_decided(case.csr), *reported) or (_passing(case, settings),)


def _abandoned(
    case: Case, verdict: Verdict, names: tuple[RequestedName, ...]
) -> tuple[Explanation, ...]:
    """Its kubelet has given it up, and has filed none since, or one that left the list."""
    reasons = {(one.check, one.reason) for one in verdict.refusals}
    nobodys = ("node-kind", "not an EC2 session") in reasons
    if nobodys or any(check == "requester-is-node" for check, _ in reasons):
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


def _passing(case: Case, settings: ReviewSettings) -> Explanation:
    """Every check agrees; what it lacks is an approval, or a certificate."""
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
