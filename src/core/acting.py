"""Turn a verdict into an action: whether it is due and the mode allows it, and how to write it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from core.checks.own_names import needs_a_setting
from core.model import (
    APPROVED_REASON,
    DENIED_REASON,
    Action,
    Bug,
    Case,
    Decision,
    Deferred,
    Effect,
    Evaluation,
    Judged,
    NoEvidence,
    Pkcs10,
    Record,
    Verdict,
    Write,
    WriteResult,
)
from core.ports import Ports
from core.printable import printable
from core.selection import MODE_TAG
from core.settings import Mode, ReviewSettings

_ENDED_AS = {
    WriteResult.OVERTAKEN: Action.OVERTAKEN,
    WriteResult.FAILED: Action.NOT_WRITTEN,
    WriteResult.DEFERRED: Action.DEFERRED,
}

_WRITTEN = frozenset({Action.APPROVED, Action.REAPPROVED, Action.DENIED})

# Actions after which no decision is due. OVERTAKEN is not among them: the decision may be our own,
# whose answer was lost, and no one else reports it.
_NOT_DUE = frozenset({Action.WAITING, Action.LEFT})

#: For how long a moved address is counted apart, from its first request, in seconds. A kubelet
#: requests the new address after 15 minutes at the latest.
#: From: client-go util/certificate/certificate_manager.go, certificateWaitTimeout.
MOVED_UNTIL_SECONDS = 1_200

# In characters. Kubernetes accepts megabytes; people read a line or two.
_MAX_MESSAGE = 1_000
_MAX_EARLIER = 300


def mode_of(settings: ReviewSettings, cluster_tags: Mapping[str, str]) -> Mode:
    """Return one cluster's mode. A tag with an unknown value means the mode that writes nothing."""
    tag = cluster_tags.get(MODE_TAG)
    if tag is None:
        return settings.mode
    try:
        return settings.mode.lowered_to(Mode(tag.strip()))
    except ValueError:
        return Mode.SHADOW


def plan(evaluation: Evaluation, settings: ReviewSettings, mode: Mode) -> Action:
    """Return what to do now. APPROVED, REAPPROVED and DENIED mean: to be written.

    EKS decides most CSRs itself within 75 s, and EC2's answers lag behind: so approvals wait
    90 s and denials 360 s by default. A denied kubelet files a new request within 32 s. A request
    that only a setting lets pass is approved at once: EKS doesn't decide it.
    """
    match evaluation:
        case Judged(verdict=verdict):
            return _planned(evaluation.case, verdict, settings, mode)
        case Deferred():
            return Action.DEFERRED
        case NoEvidence() | Bug():
            return Action.UNDECIDED


def _planned(case: Case, verdict: Verdict, settings: ReviewSettings, mode: Mode) -> Action:
    match verdict.decision:
        case Decision.APPROVE:
            wait, action, writes = (
                _approval_wait(case, settings),
                Action.APPROVED if case.csr.is_pending else Action.REAPPROVED,
                Mode.APPROVE_ONLY,
            )
        case Decision.DENY:
            wait, action, writes = settings.deny_after_seconds, Action.DENIED, Mode.ENFORCE
        case _:
            return Action.LEFT
    if _seconds(case, case.csr.created) < wait:
        return Action.WAITING
    return action if mode.rank >= writes.rank else Action.WITHHELD


def _approval_wait(case: Case, settings: ReviewSettings) -> int:
    is_left_to_us = case.csr.is_pending and needs_a_setting(case)
    return 0 if is_left_to_us else settings.approve_after_seconds


def is_early(asking_seconds: float, settings: ReviewSettings) -> bool:
    """Return True when no decision can be due, unless only a setting lets the request pass.

    What counts is how long the requester has been asking: otherwise a requester that files a new
    request every minute would never be judged.
    """
    return asking_seconds < min(settings.approve_after_seconds, settings.deny_after_seconds)


def to_reapprove(unissued: Sequence[Evaluation], settings: ReviewSettings) -> list[Evaluation]:
    """Return the requests that others approved, that aren't issued and that pass all checks.

    Each is approved only once. An experiment (`REAPPROVE_UNISSUED`): AWS says that such a request
    must be approved, and `kubectl certificate approve` writes nothing if there is an approval.
    Whether EKS's signer issues after a second approval is unknown. From: EKS User Guide, "Secure
    workloads with Kubernetes certificates".
    """
    if not settings.reapprove_unissued:
        return []
    return [
        evaluation
        for evaluation in unissued
        if _approves(evaluation) and not evaluation.case.csr.is_approved_by_us
    ]


def _approves(evaluation: Evaluation) -> bool:
    verdict = evaluation.verdict
    return verdict is not None and verdict.decision is Decision.APPROVE


def act(
    evaluations: Iterable[Evaluation], settings: ReviewSettings, mode: Mode, ports: Ports
) -> list[Record]:
    """Write what is due, and record each CSR when its outcome is known."""
    records: list[Record] = []
    writes: dict[str, tuple[Evaluation, Action]] = {}
    todo: list[Write] = []

    def record(one: Evaluation, action: Action, detail: str = "") -> None:
        records.append(_record(one, action, settings, mode, detail))
        ports.ledger.record(records[-1])

    for one in evaluations:
        action = plan(one, settings, mode)
        if action in _WRITTEN:
            writes[one.case.csr.uid] = (one, action)
            todo.append(write_for(action, one))
        else:
            record(one, action)
    # Approvals first: no kubelet waits for a denial, and the time may not suffice for all writes.
    todo.sort(key=lambda write: writes[write.csr.uid][1] is Action.DENIED)
    for write, written in ports.api.write_all(todo) if todo else ():
        one, action = writes[write.csr.uid]
        record(one, _ENDED_AS.get(written.result, action), written.detail)
    return records


def _record(
    one: Evaluation, action: Action, settings: ReviewSettings, mode: Mode, detail: str
) -> Record:
    created = one.case.csr.created
    asking = _seconds(one.case, one.case.peers.asking_since or created)
    decision = None if one.verdict is None else one.verdict.decision
    # A node that keeps filing new requests never has one that is old enough to be denied. Its
    # denial counts as due nevertheless, or it would never be reported.
    overdue = decision is Decision.DENY and asking >= settings.deny_after_seconds
    is_due = action not in _NOT_DUE or overdue
    moved = one.verdict is not None and one.verdict.is_moved_address
    return Record(
        one,
        action,
        age_seconds=_seconds(one.case, created),
        asking_seconds=asking,
        due=decision if is_due else None,
        is_moved_address=is_due and moved and asking < MOVED_UNTIL_SECONDS,
        detail=detail,
        mode=mode,
    )


def _seconds(case: Case, since: datetime) -> float:
    return (case.now - since).total_seconds()


def write_for(action: Action, evaluation: Evaluation) -> Write:
    """Return the condition that shows people, in the cluster, what was verified or refused.

    Raises:
        ValueError: this action writes nothing.
    """
    csr, verdict = evaluation.case.csr, evaluation.verdict
    if action in (Action.APPROVED, Action.REAPPROVED):
        return Write(csr, "Approved", APPROVED_REASON, _approval(evaluation.case))
    if action is Action.DENIED and verdict is not None:
        # What only leaves may be about another cluster's instance; the log alone has it.
        proofs = [one for one in verdict.refusals if one.effect is Effect.DENY]
        message = "; ".join(
            f"{one.check}: {one.condition_reason or one.reason} ({one.detail})" for one in proofs
        )
        return Write(csr, "Denied", DENIED_REASON, message[:_MAX_MESSAGE])
    raise ValueError(f"{action} is not written")


def _approval(case: Case) -> str:
    names = []
    if isinstance(case.request, Pkcs10):
        names = [*map(printable, case.request.dns), *map(str, case.request.addresses)]
    text = f"{_verified(case)} these names: {', '.join(names)}"
    earlier = case.csr.condition("Approved")
    if earlier is not None:
        cause = printable(f"{earlier.reason}: {earlier.message}", _MAX_EARLIER)
        text = f"Approved before, and not issued ({cause}). {text}"
    return text[:_MAX_MESSAGE]


def _verified(case: Case) -> str:
    if case.claim is not None:
        services = ", ".join(case.claim.names)
        return f"Services {services} of the requester's namespace {case.claim.namespace} have"
    instance_id = case.instance.id if case.instance is not None else "unknown"
    return f"EC2 instance {instance_id} is this node and has"
