"""Read the requests of a list, each once. Bad CSRs stop no others, however many there are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import TypeGuard

from core import issued, pkcs10
from core.budget import Budget
from core.context import ReviewContext
from core.errors import MalformedRequest
from core.memo import MAX_BYTES
from core.model import (
    MAX_REQUEST_BYTES,
    Bug,
    Case,
    Csr,
    Deferred,
    Identity,
    KeyRule,
    OversizedRequest,
    ParsedCsr,
    Pkcs10,
    ServiceClaim,
    UnreadableRequest,
)
from core.peers import PeerIndex
from core.retained import RetainedRequests
from core.slices import SLICE


@dataclass(slots=True)
class ParsedList:
    """What was read of a list.

    `due`: the requests to be judged, as far as there is memory for them. `bugs`: those that our own
    code failed on. `not_read`: how many were not read for lack of time.
    """

    due: list[ParsedCsr] = field(default_factory=list)
    bugs: list[Bug] = field(default_factory=list)
    not_read: int = 0


def read_list(
    due: Sequence[Case],
    others: Sequence[Case],
    peers: PeerIndex,
    context: ReviewContext,
    budget: Budget,
    inspect: Callable[[ParsedCsr], None],
    max_bytes: int = MAX_BYTES,
) -> ParsedList:
    """Read the requests that are `due`, in their order, and then the others, while there is time.

    The keys and the wrong certificates of all requests that were read are added to `peers`. This
    comes before any judging, because a second request with the same key may be anywhere in the
    list. `inspect` is called with each of the others; they aren't kept.
    """
    parsed, retained = ParsedList(), RetainedRequests(max_bytes)
    first = read_all(due[:SLICE], context, budget.may_read_first_slice)
    rest = read_all(due[SLICE:], context, budget.may_read)
    for one in chain(first, rest):
        if _is_parsed(one, parsed):
            peers.add(one)
            retained.add(one)
    parsed.due += retained.entries
    for one in read_all(others, context, budget.reading_of_others()):
        if _is_parsed(one, parsed):
            peers.add(one)
            inspect(one)
    if not parsed.not_read:
        context.reader.forget_unused()
    return parsed


def _is_parsed(one: ParsedCsr | Deferred | Bug, parsed: ParsedList) -> TypeGuard[ParsedCsr]:
    match one:
        case Deferred():
            parsed.not_read += 1
        case Bug():
            parsed.bugs.append(one)
    return isinstance(one, ParsedCsr)


def read_all(
    cases: Iterable[Case], context: ReviewContext, time_left: Callable[[], bool] = lambda: True
) -> Iterator[ParsedCsr | Deferred | Bug]:
    """Read requests, in their order, each once; defer the rest when the time is up."""
    late = False
    for case in cases:
        late = late or not time_left()
        if late:
            yield Deferred.in_this_run(case)
            continue
        try:
            yield read(case, context)
        except Exception as error:  # noqa: BLE001  a bug met on one CSR must not stop the others
            yield Bug.of(case, error)


def read(case: Case, context: ReviewContext) -> ParsedCsr:
    """Parse one CSR's request, and add what follows from the CSR alone, such as its identity."""
    csr, signer = case.csr, context.signer
    request = _request(csr, context)
    claim = signer.claim(csr, request, context.policy)
    case = replace(
        case,
        request=request,
        identity=claim if isinstance(claim, Identity) else None,
        claim=claim if isinstance(claim, ServiceClaim) else None,
    )
    verifiable = isinstance(request, Pkcs10) and request.key.rule is not KeyRule.UNVERIFIABLE
    return ParsedCsr(
        case,
        key_is_proven=verifiable and all(check(case) is None for check in signer.key_proof),
        mismatched=issued.mismatch(csr, request, issued.certificate_reader(context)),
    )


def _request(csr: Csr, context: ReviewContext) -> Pkcs10 | UnreadableRequest:
    if isinstance(csr.request, OversizedRequest):
        return UnreadableRequest(
            f"got {csr.request.size} bytes, expected at most {MAX_REQUEST_BYTES}"
        )
    bare = context.signer.reads_bare
    return context.reader.read(f"request, {bare=}", csr.request, partial(_read, bare=bare))


def _read(request: bytes, *, bare: bool) -> Pkcs10 | UnreadableRequest:
    try:
        return pkcs10.read(request, bare=bare)
    except MalformedRequest as error:
        return UnreadableRequest(str(error))
