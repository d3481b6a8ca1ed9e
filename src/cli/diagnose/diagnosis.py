"""Find out whether every node has the certificate it asked for, and if not, why.

AWS asks people to do this by hand before the upgrade to Kubernetes 1.24, in which EKS issues
nothing for a request with a name that it can't verify. Nothing is written. From: EKS User Guide,
"Secure workloads with Kubernetes certificates".

Only a requester's newest request counts: its kubelet has forgotten the others.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from cli.account.problems import log_text_in_words
from cli.approvals import NONE, Approvals
from cli.diagnose.cause import Explanation, Need
from cli.diagnose.explain import explain, wrong_certificate
from cli.diagnose.name_status import RequestedName, name_statuses
from core.assessment import Assessment, EvidenceSource, Plan, assess
from core.budget import Budget
from core.context import ReviewContext
from core.model import (
    KUBELET_SERVING,
    Case,
    Cluster,
    Csr,
    Decision,
    Deferred,
    Evaluation,
    Listing,
    ParsedCsr,
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
    evaluation: Evaluation | None

    @property
    def verdict(self) -> Decision | None:
        """Return what a review would decide; None if it couldn't judge."""
        verdict = None if self.evaluation is None else self.evaluation.verdict
        return None if verdict is None else verdict.decision

    @property
    def need(self) -> Need:
        """Return the most urgent need of its causes."""
        needs = {one.cause.need for one in self.causes}
        return next(need for need in Need if need in needs)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is wrong with the requests of one cluster's list.

    `superseded`: requests, each with its newer one's name. `gaps`: which parts of the list could
    not be read, and why. `issued`: the newest requests whose certificate is what was asked for.
    `approvals`: what became of the approver's own.
    """

    cluster: Cluster
    listed: int
    csrs: tuple[DiagnosedCsr, ...]
    superseded: tuple[tuple[Csr, str], ...]
    gaps: tuple[str, ...]
    issued: tuple[Csr, ...] = ()
    approvals: Approvals = NONE

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
    """Diagnose one cluster's kubelet-serving requests, judging them as a review does.

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
        issued=tuple(one.csr for one in assessment.parsed if not _is_open(one)),
        approvals=Approvals.among(listing.csrs, context.now, settings.issue_grace_seconds),
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
    return not csr.certificate or wrong_certificate(csr, parsed.request) is not None


def _gaps(listing: Listing, not_read: int) -> tuple[str, ...]:
    gaps = []
    if listing.truncated:
        gaps.append(f"the list was not read to its end: {log_text_in_words(listing.cause)}")
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
        explain(evaluation, names, settings),
        evaluation,
    )


def state_of(csr: Csr) -> State:
    """Return the state of a request."""
    if csr.certificate:
        return State.ISSUED
    decided = (state for kind, state in _STATES.items() if csr.condition(kind) is not None)
    return next(decided, State.PENDING)


_STATES = {"Failed": State.FAILED, "Denied": State.DENIED, "Approved": State.APPROVED}
