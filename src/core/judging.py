"""Reading the list, the gates, and the verdicts. One bad CSR stops no other."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core import issued, pkcs10
from core.checks import Check
from core.checks.request import request_well_formed, signature, subject
from core.checks.requester import requester_is_node
from core.decision import decide
from core.errors import EvidenceUnavailable, MalformedRequest
from core.evidence import NO_EVIDENCE, Evidence
from core.identity import identify
from core.model import (
    MAX_REQUEST_BYTES,
    Case,
    Cluster,
    Csr,
    Entry,
    Identity,
    Judged,
    KeyRule,
    NotGiven,
    OversizedRequest,
    Pkcs10,
    Unread,
)
from core.peers import PeerIndex
from core.settings import Policy

# What a request must pass for its key to count against another requester: a copy of somebody
# else's request fails at the subject, so that nobody can be blocked by one.
_VOUCHING = (requester_is_node, request_well_formed, signature, subject)


@dataclass(frozen=True, slots=True)
class Scene:
    """What all cases of one review share."""

    cluster: Cluster | NotGiven
    policy: Policy
    now: datetime
    checks: tuple[Check, ...]


def read_all(csrs: Sequence[Csr], scene: Scene) -> tuple[list[Entry], list[Judged]]:
    """Read every request once. Those that break our own code come back without a verdict."""
    entries: list[Entry] = []
    broken: list[Judged] = []
    for csr in csrs:
        try:
            entries.append(read(csr, scene))
        except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
            case = Case(
                csr,
                Unread("not read"),
                None,
                scene.now,
                scene.policy,
                cluster=scene.cluster,
            )
            broken.append(Judged(case, None, _bug(error)))
    return entries, broken


def read(csr: Csr, scene: Scene) -> Entry:
    """Read one CSR's request, and what follows from it alone."""
    request = _request(csr)
    identity = identify(csr, allow_name=scene.policy.allow_name_identity)
    case = Case(csr, request, identity, scene.now, scene.policy)
    verifiable = isinstance(request, Pkcs10) and request.key.rule is not KeyRule.UNVERIFIABLE
    return Entry(
        csr,
        request,
        identity,
        vouches=verifiable and all(check(case) is None for check in _VOUCHING),
        mismatched=issued.mismatch(csr, request),
    )


def gate(entries: Sequence[Entry], scene: Scene) -> tuple[list[Case], Mapping[str, int]]:
    """The pending CSRs past the gates, and how many stopped there, by the refusal's reason.

    Nothing is asked of AWS before. Oldest first, for a kubelet waits no longer than 15 minutes;
    `newest` leaves one for each requester, so that one who files thousands delays no other.
    """
    peers = PeerIndex(entries, scene.now)
    gates = [check for check in scene.checks if check.gate]
    passed: list[Case] = []
    stopped: Counter[str] = Counter()
    for entry in sorted(entries, key=lambda entry: (entry.csr.created, entry.csr.name)):
        if not entry.csr.is_pending:
            continue
        case = case_of(entry, scene, peers)
        refusal = next((r for check in gates if (r := check.run(case)) is not None), None)
        if refusal is None:
            passed.append(case)
        else:
            stopped[refusal.reason] += 1
    return passed, stopped


def judge(
    cases: Sequence[Case],
    answers: Mapping[Identity, Evidence | EvidenceUnavailable],
    checks: tuple[Check, ...],
    given: Callable[[Case], Case] = lambda case: case,
) -> list[Judged]:
    """A verdict for every case whose evidence could be had; an error is never a verdict.

    `given` takes away again what of the evidence wasn't given at all (only offline).
    """
    return [_judge(case, answers, checks, given) for case in cases]


def case_of(entry: Entry, scene: Scene, peers: PeerIndex) -> Case:
    """The case of one CSR, still without evidence."""
    return Case(
        entry.csr,
        entry.request,
        entry.identity,
        scene.now,
        scene.policy,
        peers=peers.of(entry),
        cluster=scene.cluster,
    )


def _judge(
    case: Case,
    answers: Mapping[Identity, Evidence | EvidenceUnavailable],
    checks: tuple[Check, ...],
    given: Callable[[Case], Case],
) -> Judged:
    evidence = NO_EVIDENCE if case.identity is None else answers[case.identity]
    if isinstance(evidence, EvidenceUnavailable):
        return Judged(case, None, f"evidence unavailable: {evidence}", evidence_unavailable=True)
    case = given(replace(case, instances=evidence.instances, role=evidence.role))
    try:
        return Judged(case, decide(case, checks))
    except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
        return Judged(case, None, _bug(error))


def _request(csr: Csr) -> Pkcs10 | Unread:
    if isinstance(csr.request, OversizedRequest):
        return Unread(f"got {csr.request.size} bytes, expected at most {MAX_REQUEST_BYTES}")
    try:
        return pkcs10.read(csr.request)
    except MalformedRequest as error:
        return Unread(str(error))


def _bug(error: Exception) -> str:
    return f"this is a bug: {type(error).__name__}: {error}"
