"""From a verdict to a deed: whether it is due, whether the mode lets it be written, and how."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from core.model import (
    APPROVED_REASON,
    DENIED_REASON,
    Action,
    Case,
    Decision,
    Judged,
    Pkcs10,
    Record,
    Write,
    WriteResult,
    safe,
)
from core.ports import Ports
from core.settings import Mode, ReviewSettings

#: A cluster's tag that may lower the stack's mode for that cluster.
MODE_TAG = "csr-approver:mode"

_ENDED_AS = {
    WriteResult.OVERTAKEN: Action.OVERTAKEN,
    WriteResult.FAILED: Action.NOT_WRITTEN,
    WriteResult.DEFERRED: Action.DEFERRED,
}

# Kubernetes takes megabytes; people read a line or two.
_MAX_MESSAGE = 1_000


def mode_of(settings: ReviewSettings, cluster_tags: Mapping[str, str]) -> Mode:
    """The mode for one cluster. A tag with an unknown value means the mode that writes nothing."""
    tag = cluster_tags.get(MODE_TAG)
    if tag is None:
        return settings.mode
    try:
        return settings.mode.lowered_to(Mode(tag.strip()))
    except ValueError:
        return Mode.SHADOW


def plan(judged: Judged, settings: ReviewSettings, mode: Mode) -> Action:
    """What to do now. APPROVED and DENIED mean: to be written.

    EKS decides most CSRs itself within 75 s, and EC2's answers lag behind: so approvals wait
    90 s and denials 360 s by default. A denied kubelet files anew after 32 s, for ever.
    """
    if judged.verdict is None:
        return Action.DEFERRED if judged.deferred else Action.UNDECIDED
    match judged.verdict.decision:
        case Decision.APPROVE if not judged.verdict.not_run:
            wait, action, writes = (
                settings.approve_after_seconds,
                Action.APPROVED,
                Mode.APPROVE_ONLY,
            )
        case Decision.DENY:
            wait, action, writes = settings.deny_after_seconds, Action.DENIED, Mode.ENFORCE
        case _:
            return Action.LEFT
    if judged.case.now - judged.case.csr.created < timedelta(seconds=wait):
        return Action.WAITING
    return action if mode.rank >= writes.rank else Action.WITHHELD


def act(
    judged: Sequence[Judged], settings: ReviewSettings, mode: Mode, ports: Ports
) -> list[Record]:
    """Write what is due, and record each CSR as soon as its end is known."""
    records: list[Record] = []
    writes: dict[str, tuple[Judged, Action]] = {}
    todo: list[Write] = []

    def record(one: Judged, action: Action, detail: str = "") -> None:
        age = (one.case.now - one.case.csr.created).total_seconds()
        records.append(Record(one, action, age, detail))
        ports.ledger.record(records[-1])

    for one in judged:
        action = plan(one, settings, mode)
        if action in (Action.APPROVED, Action.DENIED):
            writes[one.case.csr.uid] = (one, action)
            todo.append(write_for(action, one))
        else:
            record(one, action)
    for write, written in ports.api.write_all(todo):
        one, action = writes[write.csr.uid]
        record(one, _ENDED_AS.get(written.result, action), written.detail)
    return records


def write_for(action: Action, judged: Judged) -> Write:
    """The condition that tells people, in the cluster, what was verified or refused.

    Raises:
        ValueError: the action is none that is written.
    """
    csr, verdict = judged.case.csr, judged.verdict
    if action is Action.APPROVED:
        return Write(csr, "Approved", APPROVED_REASON, _approval(judged.case))
    if action is Action.DENIED and verdict is not None:
        refusals = "; ".join(f"{r.check}: {r.reason} ({r.detail})" for r in verdict.refusals)
        return Write(csr, "Denied", DENIED_REASON, refusals[:_MAX_MESSAGE])
    raise ValueError(f"{action} is not written")


def _approval(case: Case) -> str:
    names = []
    if isinstance(case.request, Pkcs10):
        names = [*map(safe, case.request.dns), *map(str, case.request.addresses)]
    whose = case.instance.id if case.instance is not None else "unknown"
    text = f"EC2 instance {whose} is this node and has these names: {', '.join(names)}"
    return text[:_MAX_MESSAGE]
