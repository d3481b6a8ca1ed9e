"""THE FLOW. One review of one cluster: list, gate, read; then slice by slice gather, judge, act.

The order of the steps is the order of the lines; each step is a function of values, and only the
ports (`core.ports`) reach the world. The CSR object is the only state: a review may be repeated,
overlap with another, or be cut off anywhere.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from core import issued
from core.acting import act, is_early, mode_of, to_reapprove
from core.budget import Budget
from core.judging import Gated, Scene, case_of, gate, judge
from core.model import Action, Cluster, Csr, Entry, Judged, OversizedRequest, Run
from core.ports import Ports
from core.reading import read_list
from core.recording import PatientLedger
from core.settings import ReviewSettings
from core.signers import SIGNERS, Signer
from core.slices import SLICE, in_turns, sliced
from core.tally import Tally

# A kubelet's request takes 600 bytes, an application's with an RSA key of 4096 bits 1,700.
_USUAL_BYTES: Final = 4_096


def review(cluster: Cluster, signer: str, settings: ReviewSettings, ports: Ports) -> Run:
    """Review one signer's CSRs of one cluster and write what is due.

    Requests that stay unread, or unjudged, for want of time are counted; the next run goes on.

    Raises:
        ClusterUnavailable: the cluster's CSRs could not be listed; nothing was done.
        NotOnboarded: the cluster lets us list nothing; nothing was done.
    """
    ports = replace(ports, ledger=PatientLedger(ports.ledger))
    started, rules, mode = ports.clock.now(), SIGNERS[signer], mode_of(settings, cluster.tags)
    budget = Budget(ports.clock, rules.seconds, rules.slowest)
    listing = ports.api.list_csrs(signer)
    reader = ports.memo.reader(cluster.region, cluster.name, signer)
    scene = Scene(cluster, settings, ports.clock.now(), rules.checks, reader)

    gated, tally = gate(listing.csrs, scene), Tally()
    early, due = _by_what_is_due(gated, scene, settings)
    reading = read_list(listing.csrs, due, gated, scene, settings, budget)
    tally.add(act(reading.problems, settings, mode, ports))
    seen = {id(problem.case.csr) for problem in reading.problems}
    for entries in sliced(reading.entries):
        if not budget.may_begin_slice():
            break
        tally.add(act(_judged(entries, gated, scene, rules, ports), settings, mode, ports))
        seen |= {id(entry.csr) for entry in entries}
    deferred = [csr for csr in due if id(csr) not in seen]
    tally.add_not_judged(Action.WAITING, map(gated.peers.asking_seconds, early))
    tally.add_not_judged(Action.DEFERRED, map(gated.peers.asking_seconds, deferred))

    doubted: list[Judged] = []
    # One slice has more than is logged; the experiment needs them all.
    for entries in sliced(reading.unissued[: None if settings.reapprove_unissued else SLICE]):
        if not budget.may_begin_slice():
            break
        judged = _judged(entries, gated, scene, rules, ports)
        tally.add(act(to_reapprove(judged, settings), settings, mode, ports))
        doubted += judged

    run = Run(
        cluster=cluster,
        signer=signer,
        listed=len(listing.items),
        pages=listing.pages,
        truncated=listing.truncated,
        cause=listing.cause,
        unread=reading.skipped,
        unreadable=listing.unreadable,
        gated=gated.stopped,
        sums=tally.sums(),
        findings=issued.judged_as(reading.findings, doubted),
        seconds=(ports.clock.now() - started).total_seconds(),
    )
    ports.ledger.finish(run)
    return run


def _by_what_is_due(
    gated: Gated, scene: Scene, settings: ReviewSettings
) -> tuple[list[Csr], list[Csr]]:
    """Split those past the gates: nothing can be due yet; to be judged, in the order of slices."""
    early: list[Csr] = []
    due: list[Csr] = []
    for csr in gated.passed:
        is_ripe = not is_early(gated.peers.asking_seconds(csr), settings)
        (due if is_ripe else early).append(csr)
    in_order = in_turns(due, scene.now)
    return early, [csr for part in sliced(in_order) for csr in sorted(part, key=_size)]


def _size(csr: Csr) -> int:
    """Return how large its request is; those of usual size are alike, so that age decides.

    To read and judge one of the largest takes a hundred times as long, so these come last.
    """
    request = csr.request
    size = request.size if isinstance(request, OversizedRequest) else len(request)
    return max(size, _USUAL_BYTES)


def _judged(
    entries: Sequence[Entry], gated: Gated, scene: Scene, rules: Signer, ports: Ports
) -> list[Judged]:
    """Gather the evidence of one slice, and judge it as of now."""
    scene = replace(scene, now=ports.clock.now())
    cases = [case_of(entry, scene, gated.peers) for entry in entries]
    answers = rules.gather(cases, ports.fleet, ports.services)
    half = ports.clock.remaining() / 2  # the other half is for writing
    return judge(cases, answers, scene.checks, time_left=lambda: ports.clock.remaining() > half)
