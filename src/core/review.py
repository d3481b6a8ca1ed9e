"""THE FLOW. One review of one cluster: list, read, gate, gather, judge, act, record.

The order of the steps is the order of the lines; each step is a function of values, and only the
ports (`core.ports`) reach the world. The CSR object is the only state: a review may be repeated,
overlap with another, or be cut off anywhere.
"""

from collections.abc import Sequence
from datetime import timedelta

from core import evidence, issued
from core.acting import act, mode_of
from core.checks import CHECKS
from core.judging import Scene, gate, judge, read_all
from core.model import Cluster, Entry, IssueFinding, Run
from core.ports import Ports
from core.settings import ReviewSettings


def review(cluster: Cluster, signer: str, settings: ReviewSettings, ports: Ports) -> Run:
    """Review one signer's CSRs of one cluster and write what is due.

    Raises:
        ClusterUnavailable: the cluster's CSRs could not be listed; nothing was done.
        NotOnboarded: the cluster lets us list nothing; nothing was done.
    """
    started = ports.clock.now()
    listing = ports.api.list_csrs(signer)
    scene = Scene(cluster, settings, ports.clock.now(), CHECKS[signer])

    entries, broken = read_all(listing.csrs, scene)
    cases, stopped = gate(entries, scene)
    identities = [case.identity for case in cases if case.identity is not None]
    answers = evidence.gather(
        identities, cluster.vpc_id, ports.fleet, roles_wanted=settings.verify_node_role
    )
    judged = judge(cases, answers, scene.checks)
    records = act(broken + judged, settings, mode_of(settings, cluster.tags), ports)
    findings = _findings(entries, scene, settings)

    run = Run(
        cluster=cluster,
        signer=signer,
        listed=len(listing.items),
        pages=listing.pages,
        truncated=listing.truncated,
        cause=listing.cause,
        unreadable=listing.unreadable,
        gated=stopped,
        records=tuple(records),
        findings=findings,
        seconds=(ports.clock.now() - started).total_seconds(),
    )
    ports.ledger.finish(run)
    return run


def _findings(
    entries: Sequence[Entry], scene: Scene, settings: ReviewSettings
) -> tuple[IssueFinding, ...]:
    grace = timedelta(seconds=settings.issue_grace_seconds)
    max_age = timedelta(seconds=settings.max_csr_age_seconds)
    found = (
        issued.find(entry.csr, entry.request, scene.now, grace=grace, max_age=max_age)
        for entry in entries
    )
    return tuple(finding for finding in found if finding is not None)
