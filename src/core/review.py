"""THE FLOW. One review of one cluster: list, gate, read; then slice by slice gather, judge, act.

The order of the steps is the order of the lines; each step is a function of values, and only the
ports (`core.ports`) reach the world. The CSR object is the only state: a review may be repeated,
overlap with another, or be cut off anywhere.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from core import issued
from core.acting import act, is_early, mode_of, to_reapprove
from core.budget import Budget
from core.judging import Gated, ReviewContext, case_of, gate, judge
from core.model import Action, Cluster, Csr, Judged, OversizedRequest, ParsedCsr, Run
from core.peers import PeerIndex
from core.ports import Ports
from core.reading import Reading, read_list
from core.recording import DeferredErrorLedger
from core.settings import ReviewSettings
from core.signers import SIGNERS, Signer
from core.slices import SLICE, in_turns, sliced
from core.tally import Tally

# A kubelet's request takes 600 bytes, an application's with an RSA key of 4096 bits 1,700.
_USUAL_BYTES: Final = 4_096


def review(cluster: Cluster, signer: str, settings: ReviewSettings, ports: Ports) -> Run:
    """Review one signer's CSRs of one cluster and write what is due.

    Requests that the run has no time to read or to judge are counted; the next run goes on.

    Raises:
        ClusterUnavailable: the cluster's CSRs could not be listed; nothing was done.
        NotOnboarded: the cluster lets us list nothing; nothing was done.
    """
    ports = replace(ports, ledger=DeferredErrorLedger(ports.ledger))
    started, rules, mode = ports.clock.now(), SIGNERS[signer], mode_of(settings, cluster.tags)
    budget = Budget(ports.clock, rules.seconds, rules.slowest)
    listing = ports.api.list_csrs(signer)
    reader = ports.memo.reader(cluster.region, cluster.name, signer)
    context = ReviewContext(cluster, settings, ports.clock.now(), rules.checks, reader)

    gated = gate(listing.csrs, context)
    early, due = _early_and_due(gated, context, settings)
    reading = read_list(listing.csrs, due, gated, context, settings, budget)
    judge_slices = partial(
        _judge_slices, context=context, peers=gated.peers, rules=rules, ports=ports, budget=budget
    )

    tally = Tally()
    tally.add(act(reading.problems, settings, mode, ports))
    reached = _ids(reading.problems)
    for judged in judge_slices(reading.entries):
        tally.add(act(judged, settings, mode, ports))
        reached |= _ids(judged)
    deferred = [csr for csr in due if id(csr) not in reached]
    tally.add_not_judged(Action.WAITING, map(gated.peers.asking_seconds, early))
    tally.add_not_judged(Action.DEFERRED, map(gated.peers.asking_seconds, deferred))

    rechecked: list[Judged] = []
    for judged in judge_slices(_to_recheck(reading, settings)):
        tally.add(act(to_reapprove(judged, settings), settings, mode, ports))
        rechecked += judged

    run = Run(
        cluster=cluster,
        signer=signer,
        listed=len(listing.items),
        pages=listing.pages,
        truncated=listing.truncated,
        cause=listing.cause,
        not_read=reading.skipped,
        unreadable=listing.unreadable,
        gated=gated.stopped,
        totals=tally.totals(),
        findings=issued.judged_as(reading.findings, rechecked),
        seconds=(ports.clock.now() - started).total_seconds(),
    )
    ports.ledger.finish(run)
    return run


def _early_and_due(
    gated: Gated, context: ReviewContext, settings: ReviewSettings
) -> tuple[list[Csr], list[Csr]]:
    """Split those past the gates: too young for any decision; to be judged, in slice order."""
    early: list[Csr] = []
    due: list[Csr] = []
    for csr in gated.passed:
        too_young = is_early(gated.peers.asking_seconds(csr), settings)
        (early if too_young else due).append(csr)
    in_order = in_turns(due, context.now)
    return early, [csr for part in sliced(in_order) for csr in sorted(part, key=_size)]


def _size(csr: Csr) -> int:
    """Return how large its request is; those of usual size are alike, so that age decides.

    To read and judge one of the largest takes a hundred times as long, so these come last.
    """
    request = csr.request
    size = request.size if isinstance(request, OversizedRequest) else len(request)
    return max(size, _USUAL_BYTES)


def _judge_slices(
    entries: Sequence[ParsedCsr],
    *,
    context: ReviewContext,
    peers: PeerIndex,
    rules: Signer,
    ports: Ports,
    budget: Budget,
) -> Iterator[list[Judged]]:
    """Yield the judgements of one slice after the other, while there is time to begin one.

    Each slice is judged as of the moment at which its evidence was asked for.
    """
    for together in sliced(entries):
        if not budget.may_begin_slice():
            return
        current = replace(context, now=ports.clock.now())
        cases = [case_of(entry, current, peers) for entry in together]
        answers = rules.gather(cases, ports.fleet, ports.services)
        yield judge(cases, answers, context.checks, time_left=budget.judging())


def _to_recheck(reading: Reading, settings: ReviewSettings) -> Sequence[ParsedCsr]:
    """Return the approved requests without a certificate that are judged again, for the log.

    One slice of them is more than is logged; only REAPPROVE_UNISSUED needs all.
    """
    return reading.unissued if settings.reapprove_unissued else reading.unissued[:SLICE]


def _ids(judged: Sequence[Judged]) -> set[int]:
    """Return which of the list's objects these are: while the list is kept, ids are unique."""
    return {id(one.case.csr) for one in judged}
