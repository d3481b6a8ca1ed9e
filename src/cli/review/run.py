"""The run of `csr-approver review`: review every signer's requests of one cluster."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from adapters.aws_account import Aws
from adapters.clock import WallClock
from adapters.ec2 import Ec2Fleet
from adapters.eks import DescribedCluster
from adapters.iam import InstanceProfiles
from cli.account.cluster_api import csr_api
from cli.review.limits import LimitedApi, Limits, RecordKeeper
from core.acting import mode_of, plan
from core.model import Action, Cluster, Csr, IssueState, Record, Run
from core.ports import Ports
from core.review import review
from core.settings import Mode, ReviewSettings
from core.signers import Signer, served

#: How long one run may take, in seconds. A person waits longer than Lambda does.
SECONDS: Final = 120.0

_WRITTEN: Final = frozenset({Action.APPROVED, Action.REAPPROVED, Action.DENIED})
_UNKNOWN: Final = (Action.UNDECIDED, Action.DEFERRED)

#: What an action is called where it was only planned.
_WOULD: Final = {
    Action.APPROVED: "would-approve",
    Action.REAPPROVED: "would-reapprove",
    Action.DENIED: "would-deny",
}


@dataclass(frozen=True, slots=True)
class SignerReviewed:
    """One signer's run, and the records of the CSRs that were judged in it.

    `unjudged`: of a review of some requests only, those that weren't judged, each with the reason.
    """

    run: Run
    records: tuple[Record, ...]
    unjudged: tuple[tuple[Csr, str], ...] = ()

    def count(self, action: Action) -> int:
        """Return how many CSRs ended with this action, including those that weren't judged."""
        judged = sum(1 for one in self.records if one.action is action)
        return judged + self.run.totals.not_judged.get(action, 0)


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The review of a cluster's requests. `applied`: decisions were written, not only shown.

    `only`: the requests and nodes to which it was limited; empty: all. `not_listed`: those of them
    without any request.
    """

    cluster: Cluster
    signers: tuple[SignerReviewed, ...]
    settings: ReviewSettings
    applied: bool
    only: tuple[str, ...] = ()
    not_listed: tuple[str, ...] = ()

    @property
    def mode(self) -> Mode:
        """Return the mode, by the settings and the cluster's tag."""
        return mode_of(self.settings, self.cluster.tags)

    def action(self, record: Record) -> Action:
        """Return what was done, or what `--apply` would have done."""
        return record.action if self.applied else plan(record.evaluation, self.settings, self.mode)

    def word(self, action: Action) -> str:
        """Return the word for an action: `would-approve` where nothing was written."""
        return action.value if self.applied else _WOULD.get(action, action.value)

    def actions(self, one: SignerReviewed) -> Counter[Action]:
        """Return how many CSRs ended with each action, including those that weren't judged."""
        judged = Counter(self.action(record) for record in one.records)
        return judged + Counter(one.run.totals.not_judged)

    def was_written(self, record: Record) -> bool:
        """Return True when this run wrote the decision into the cluster."""
        return self.applied and record.action in _WRITTEN

    @property
    def is_well(self) -> bool:
        """Return True when no request is refused or unwritten, and no certificate is wrong."""
        return not any(
            one.run.unreadable
            or any(found.state is not IssueState.FEWER_NAMES for found in one.run.findings)
            or any(map(is_refused, one.records))
            or (self.applied and one.count(Action.WITHHELD))
            for one in self.signers
        )

    @property
    def is_whole(self) -> bool:
        """Return True when everything could be read and judged."""
        return not self.not_listed and not any(
            one.run.truncated or one.run.not_read or any(map(one.count, _UNKNOWN))
            for one in self.signers
        )


def run_once(
    aws: Aws,
    described: DescribedCluster,
    settings: ReviewSettings,
    *,
    applied: bool,
    only: Sequence[str] = (),
) -> Reviewed:
    """Review the cluster once, as the function does; without `applied`, write nothing.

    `only`: names of requests or nodes. The others are judged too, because they are evidence, but
    they are neither written nor returned.

    Raises:
        ClusterUnavailable: the cluster's CSRs can't be listed.
        NotOnboarded: the cluster lets these credentials list nothing.
    """
    cluster, clock = described.cluster, WallClock(SECONDS)
    acting = settings if applied else settings.model_copy(update={"mode": Mode.SHADOW})
    profiles = InstanceProfiles(aws.client("iam"), _now)
    fleet = Ec2Fleet(aws.client("ec2", cluster.region), profiles, clock)
    limits = Limits(tuple(only))
    with csr_api(aws, described, clock, connections=settings.write_connections) as api:
        ports = Ports(LimitedApi(api, limits), fleet, clock, RecordKeeper(), api.services)
        signers = tuple(
            review_signer(cluster, signer, acting, ports, limits) for signer in served(settings)
        )
    return Reviewed(cluster, signers, settings, applied, limits.names, limits.not_listed)


def review_signer(
    cluster: Cluster, signer: Signer, settings: ReviewSettings, ports: Ports, limits: Limits
) -> SignerReviewed:
    """Review one signer's requests, and return what `limits` allow of it.

    Those of `limits` that the run didn't reach are counted as deferred: their verdict is unknown.
    """
    keeper = RecordKeeper()
    run = review(cluster, signer, settings, replace(ports, ledger=keeper))
    if not limits.names:
        return SignerReviewed(run, tuple(keeper.records))
    records = tuple(one for one in keeper.records if limits.allow(one.evaluation.case.csr))
    findings = tuple(one for one in run.findings if limits.allow(one.csr))
    judged = {one.evaluation.case.csr.name for one in records} | {one.csr.name for one in findings}
    is_cut_short = bool(run.not_read or run.totals.not_judged.get(Action.DEFERRED))
    unjudged = tuple(limits.unjudged(signer.name, judged, _now(), is_cut_short=is_cut_short))
    deferred = sum(is_cut_short and csr.is_pending for csr, _ in unjudged)
    limited = replace(
        run,
        findings=findings,
        unreadable=tuple(one for one in run.unreadable if one.name in limits.names),
        gated={},
        totals=replace(run.totals, not_judged={Action.DEFERRED: deferred} if deferred else {}),
    )
    return SignerReviewed(limited, records, unjudged)


def is_refused(record: Record) -> bool:
    """Return whether a check refuses it, or its decision couldn't be written."""
    verdict = record.evaluation.verdict
    refused = verdict is not None and bool(verdict.refusals)
    return refused or record.action is Action.NOT_WRITTEN


def _now() -> datetime:
    return datetime.now(UTC)
