"""Reading the requests of a list, each once. One bad CSR stops no other, nor do ten thousand."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import chain

from core import issued, pkcs10
from core.budget import Budget
from core.checks.request import request_well_formed, signature, subject
from core.checks.requester import requester_is_node
from core.checks.service import requester_is_service_account, service_names
from core.claims import claim_of
from core.errors import MalformedRequest
from core.identity import identify
from core.judging import Gated, ReviewContext, unread
from core.memo import Reader
from core.model import (
    APP_SERVING,
    MAX_REQUEST_BYTES,
    Case,
    Csr,
    IssueFinding,
    IssueState,
    Judged,
    KeyRule,
    OversizedRequest,
    ParsedCsr,
    Pkcs10,
    UnreadableRequest,
)
from core.retained import RetainedRequests
from core.settings import ReviewSettings
from core.slices import SLICE

# What a request must pass for its key to count against another requester: a copy of somebody
# else's request fails at the subject, so that nobody can be blocked by one.
_KEY_PROOF = (requester_is_node, request_well_formed, signature, subject)

# Likewise: of a copy the names are those of another namespace.
_KEY_PROOF_OF_SERVICES = (
    requester_is_service_account,
    request_well_formed,
    signature,
    service_names,
)


@dataclass(slots=True)
class Reading:
    """What was read of a list.

    `entries`: the requests to be judged, as far as there is memory for them. `unissued`: those that
    were approved and have no certificate. `problems`: those that our own code failed on. `skipped`:
    how many there was no time for. Nothing but `findings` is kept of the others.
    """

    entries: list[ParsedCsr] = field(default_factory=list)
    unissued: list[ParsedCsr] = field(default_factory=list)
    problems: list[Judged] = field(default_factory=list)
    findings: list[IssueFinding] = field(default_factory=list)
    skipped: int = 0


def read_list(
    csrs: Sequence[Csr],
    due: Sequence[Csr],
    gated: Gated,
    context: ReviewContext,
    settings: ReviewSettings,
    budget: Budget,
) -> Reading:
    """Read the requests that are `due`, in their order, and then all others, while there is time.

    The keys and the wrong certificates of all that were read are added to `gated.peers`. That comes
    before anything is judged, because a second request with the same key may be anywhere in the
    list.
    """
    reading = Reading(problems=list(gated.broken))
    first, rest = due[:SLICE], due[SLICE:]
    kept = RetainedRequests()
    for one in chain(
        read_all(first, context, budget.may_read_first_slice),
        read_all(rest, context, budget.may_read),
    ):
        if isinstance(one, ParsedCsr):
            gated.peers.add(one)
            kept.add(one)
        else:
            _keep(one, reading)
    reading.entries += kept.entries
    for one in read_all(_others(csrs, due, gated), context, budget.reading_of_others()):
        if isinstance(one, ParsedCsr):
            gated.peers.add(one)
            _find(one, context, settings, reading)
        else:
            _keep(one, reading)
    if not reading.skipped:
        context.reader.forget_unused()
    return reading


def _keep(unread: Judged, reading: Reading) -> None:
    if unread.deferred:
        reading.skipped += 1
    else:
        reading.problems.append(unread)


def read_all(
    csrs: Iterable[Csr], context: ReviewContext, time_left: Callable[[], bool] = lambda: True
) -> Iterator[ParsedCsr | Judged]:
    """Read requests, in their order, each once.

    A request that our own code fails on is yielded without a verdict. So is one for which there is
    no time left, as deferred.
    """
    late = False
    for csr in csrs:
        late = late or not time_left()
        if late:
            yield Judged(unread(csr, context), None, "no time was left", deferred=True)
            continue
        try:
            yield read(csr, context)
        except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
            yield Judged.broken(unread(csr, context), error)


def read(csr: Csr, context: ReviewContext) -> ParsedCsr:
    """Read one CSR's request, and what follows from it alone."""
    request, policy = _request(csr, context.reader), context.policy
    identity, claim, vouching = None, None, _KEY_PROOF
    if csr.signer == APP_SERVING:
        claim = claim_of(csr, request, allow_short=policy.allow_short_service_names)
        vouching = _KEY_PROOF_OF_SERVICES
    else:
        identity = identify(csr, allow_name=policy.allow_name_identity)
    case = Case(csr, request, identity, context.now, policy, claim=claim)
    verifiable = isinstance(request, Pkcs10) and request.key.rule is not KeyRule.UNVERIFIABLE
    return ParsedCsr(
        csr,
        request,
        identity,
        key_is_proven=verifiable and all(check(case) is None for check in vouching),
        mismatched=issued.mismatch(csr, request, _certificates(context.reader)),
        claim=claim,
    )


def _others(csrs: Sequence[Csr], due: Sequence[Csr], gated: Gated) -> list[Csr]:
    """Return all others: the decided ones first, which no requester can multiply; newest first."""
    done = {id(csr) for csr in due} | {id(one.case.csr) for one in gated.broken}
    others = [csr for csr in csrs if id(csr) not in done]
    return sorted(others, key=lambda csr: (not csr.is_pending, csr.created, csr.name), reverse=True)


def _find(
    entry: ParsedCsr, context: ReviewContext, settings: ReviewSettings, reading: Reading
) -> None:
    grace = timedelta(seconds=settings.issue_grace_seconds)
    finding = issued.find(
        entry.csr,
        entry.request,
        context.now,
        grace=grace,
        max_age=context.max_age,
        read=_certificates(context.reader),
    )
    if finding is None:
        return
    reading.findings.append(finding)
    if finding.state is IssueState.NOT_ISSUED:
        reading.unissued.append(entry)


def _request(csr: Csr, reader: Reader) -> Pkcs10 | UnreadableRequest:
    if isinstance(csr.request, OversizedRequest):
        return UnreadableRequest(
            f"got {csr.request.size} bytes, expected at most {MAX_REQUEST_BYTES}"
        )
    # The requests that OpenSSL makes for an application may ask for nothing but a CN.
    bare = csr.signer == APP_SERVING
    return reader.read(f"request, {bare=}", csr.request, partial(_read, bare=bare))


def _read(request: bytes, *, bare: bool) -> Pkcs10 | UnreadableRequest:
    try:
        return pkcs10.read(request, bare=bare)
    except MalformedRequest as error:
        return UnreadableRequest(str(error))


def _certificates(reader: Reader) -> Callable[[bytes], issued.Contents]:
    return lambda pem: reader.read("certificate", pem, issued.contents)
