"""THE FLOW. One review of one cluster: list, read, gate, gather, judge, act, record.

The order of the steps is the order of the lines; each step is a function of values, and only the
ports (`core.ports`) reach the world. The CSR object is the only state: a review may be repeated,
overlap with another, or be cut off anywhere.
"""

from dataclasses import replace

from core import issued
from core.acting import act, mode_of, to_reapprove
from core.judging import Scene, case_of, gate, judge
from core.model import Cluster, Run
from core.ports import Ports
from core.reading import read_list
from core.recording import PatientLedger
from core.settings import ReviewSettings
from core.signers import SIGNERS


def review(cluster: Cluster, signer: str, settings: ReviewSettings, ports: Ports) -> Run:
    """Review one signer's CSRs of one cluster and write what is due.

    Raises:
        ClusterUnavailable: the cluster's CSRs could not be listed; nothing was done.
        NotOnboarded: the cluster lets us list nothing; nothing was done.
    """
    ports = replace(ports, ledger=PatientLedger(ports.ledger))
    started, ours = ports.clock.now(), SIGNERS[signer]
    listing = ports.api.list_csrs(signer)
    scene = Scene(cluster, settings, ports.clock.now(), ours.checks)

    gated = gate(listing.csrs, scene)
    reading = read_list(listing.csrs, gated, scene, settings, ports.clock, keep=ours.seconds)
    cases = [case_of(entry, scene, gated.peers) for entry in reading.entries]
    unissued = [case_of(entry, scene, gated.peers) for entry in reading.unissued]
    answers = ours.gather(cases + unissued, ports.fleet, ports.services)
    half = ports.clock.remaining() / 2
    every = judge(
        cases + unissued, answers, scene.checks, time_left=lambda: ports.clock.remaining() > half
    )
    judged, doubted = every[: len(cases)], every[len(cases) :]
    due = reading.problems + judged + to_reapprove(doubted, settings)
    records = act(due, settings, mode_of(settings, cluster.tags), ports)

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
        records=tuple(records),
        findings=issued.judged_as(reading.findings, doubted),
        seconds=(ports.clock.now() - started).total_seconds(),
    )
    ports.ledger.finish(run)
    return run
