"""Review one cluster's CSRs of one signer: list, assess, act, record. Read this module first.

`review` is the main flow: its lines run from top to bottom. Each step is a function of values;
only the ports (`core.ports`) reach the outside. The CSR object is the only state, so a review may
be repeated, overlap with another one, or be cut off anywhere. `core.assessment` has the steps
between the list and the verdicts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

from core.acting import act, is_early, mode_of, to_reapprove
from core.assessment import Assessment, EvidenceSource, Plan, assess
from core.budget import Budget
from core.checks.own_names import accepts_more_by_setting, may_need_a_setting
from core.context import ReviewContext
from core.issued import IssuedCertificates, with_evaluations
from core.model import Action, Case, Cluster, Evaluation, OversizedRequest, ParsedCsr, Run
from core.peers import PeerIndex
from core.ports import Ports
from core.recording import DeferredErrorLedger
from core.settings import ReviewSettings
from core.signers import Signer
from core.slices import SLICE, in_turns, sliced
from core.tally import Tally

# Requests up to this size count as equally large. A kubelet's request has 600 bytes; an
# application's request with an RSA key of 4096 bits has 1,700.
_USUAL_BYTES: Final = 4_096


def review(cluster: Cluster, signer: Signer, settings: ReviewSettings, ports: Ports) -> Run:
    """Review one signer's CSRs of one cluster and write what is due.

    Requests that the run has no time to read or to judge are counted; the next run takes them.

    Raises:
        ClusterUnavailable: the cluster's CSRs could not be listed; nothing was done.
        NotOnboarded: the cluster rejects our credentials or lets us list no CSRs; nothing was done.
    """
    ports = replace(ports, ledger=DeferredErrorLedger(ports.ledger))
    started, mode = ports.clock.now(), mode_of(settings, cluster.tags)
    budget = Budget(ports.clock, signer.seconds)
    listing = ports.api.list_csrs(signer.name)
    reader = ports.memo.reader(cluster.region, cluster.name, signer.name)
    # The time after the listing, which may take half of the run: a CSR that was filed meanwhile
    # must not seem to come from the future.
    context = ReviewContext(cluster, settings, ports.clock.now(), signer, reader)

    issued = IssuedCertificates(context, settings)
    plan = Plan(
        choose=partial(_due, context=context, settings=settings),
        keep=partial(_may_be_due, settings=settings),
        inspect=issued.inspect,
    )
    assessment = assess(listing.csrs, context, plan, _source(signer, ports), budget)

    # The stack's mode, not the cluster's: `Tally` says why.
    tally = Tally(signer, settings.mode)
    tally.add(act(assessment.bugs, settings, mode, ports))
    reached = _ids(assessment.bugs)
    for evaluations in assessment.slices():
        tally.add(act(evaluations, settings, mode, ports))
        reached |= _ids(evaluations)
    _count_not_judged(tally, assessment, reached, settings)

    # Two kinds of CSRs only after those that wait for a decision, so that they delay none of them.
    # First: CSRs that are approved and have no certificate, which are judged again.
    rechecked: list[Evaluation] = []
    for evaluations in assessment.slices_of(_to_recheck(issued.unissued, settings)):
        tally.add(act(to_reapprove(evaluations, settings), settings, mode, ports))
        rechecked += evaluations

    # Second: CSRs that a gate stopped, whose requester may still be a node with an unmapped role.
    asking = assessment.peers.asking_seconds
    reconsidered = assessment.reconsidered(lambda case: not is_early(asking(case.csr), settings))
    tally.add(act(reconsidered, settings, mode, ports))

    run = Run(
        cluster=cluster,
        mode=mode,
        signer=signer.name,
        completes=signer.completes,
        listed=len(listing.items),
        pages=listing.pages,
        truncated=listing.truncated,
        cause=listing.cause,
        not_read=assessment.not_read,
        unreadable=listing.unreadable,
        gated=+assessment.gated.stopped,  # `+` drops the reasons whose count is 0 by now
        totals=tally.totals(),
        findings=with_evaluations(issued.findings, rechecked),
        seconds=(ports.clock.now() - started).total_seconds(),
    )
    ports.ledger.finish(run)
    return run


def _source(signer: Signer, ports: Ports) -> EvidenceSource:
    return lambda cases: signer.gather(cases, ports.fleet, ports.services)


def _due(
    passed: Sequence[Case], peers: PeerIndex, *, context: ReviewContext, settings: ReviewSettings
) -> list[Case]:
    """Return the cases for which a decision may be due, in the order in which they are judged.

    Last those that are too young for any, unless only a setting lets them pass: `_may_be_due` says
    so once they are read.
    """
    early = [case for case in passed if is_early(peers.asking_seconds(case.csr), settings)]
    young = {id(case) for case in early}
    due = [case for case in passed if id(case) not in young]
    candidates = early if accepts_more_by_setting(settings) else []
    return [*_in_order(due, context.now), *_in_order(candidates, context.now)]


def _may_be_due(one: ParsedCsr, peers: PeerIndex, *, settings: ReviewSettings) -> bool:
    if not is_early(peers.asking_seconds(one.csr), settings):
        return True
    return may_need_a_setting(one.request, settings)


def _in_order(cases: Sequence[Case], now: datetime) -> list[Case]:
    """Return the cases in turns, the large requests last in their slice.

    The largest take a hundred times as long to read and judge as usual ones. `sorted` keeps the
    order, by age, of requests of the same size.
    """
    return [case for part in sliced(in_turns(cases, now)) for case in sorted(part, key=_size)]


def _size(case: Case) -> int:
    """Return the request's size in bytes, but at least the usual size.

    So all requests of a usual size are equal, and only their age orders them.
    """
    request = case.csr.request
    size = request.size if isinstance(request, OversizedRequest) else len(request)
    return max(size, _USUAL_BYTES)


def _count_not_judged(
    tally: Tally, assessment: Assessment, reached: set[int], settings: ReviewSettings
) -> None:
    """Count the CSRs that are too young for any decision, and those that the run didn't reach."""
    asking = assessment.peers.asking_seconds
    left = [case.csr for case in assessment.gated.passed if id(case.csr) not in reached]
    waits = [asking(csr) for csr in left]
    early = [seconds for seconds in waits if is_early(seconds, settings)]
    deferred = [seconds for seconds in waits if not is_early(seconds, settings)]
    tally.add_not_judged(Action.WAITING, early)
    tally.add_not_judged(Action.DEFERRED, deferred)


def _to_recheck(unissued: Sequence[ParsedCsr], settings: ReviewSettings) -> Sequence[ParsedCsr]:
    """Return the approved requests without a certificate that are to be judged again.

    All of them if REAPPROVE_UNISSUED may approve them. Otherwise their verdicts are only logged,
    and one slice has more requests than are logged.
    """
    return unissued if settings.reapprove_unissued else unissued[:SLICE]


def _ids(evaluations: Iterable[Evaluation]) -> set[int]:
    """Return the `id` of each CSR object: unique, because the list keeps all of them alive."""
    return {id(one.case.csr) for one in evaluations}
