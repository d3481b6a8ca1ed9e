"""The run of `csr-approver review`: every signer's requests of one cluster, judged and settled."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from adapters.aws_account import Aws
from adapters.clock import WallClock
from adapters.ec2 import Ec2Fleet
from adapters.eks import DescribedCluster
from adapters.iam import InstanceProfiles
from cli.account.clusters import csr_api
from core.acting import mode_of, plan
from core.model import Action, Cluster, IssueState, Record, Run
from core.ports import Ports
from core.review import review
from core.settings import Mode, ReviewSettings
from core.signers import Signer, served

#: How long one run may take. A person waits longer than Lambda does.
SECONDS: Final = 120.0

_WRITTEN: Final = frozenset({Action.APPROVED, Action.REAPPROVED, Action.DENIED})
_UNKNOWN: Final = (Action.UNDECIDED, Action.DEFERRED)


class _Kept:
    """A ledger that keeps the records, so that they can be shown."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def record(self, record: Record) -> None:
        """Keep one CSR."""
        self.records.append(record)

    def finish(self, run: Run) -> None:
        """Do nothing: the run is returned."""


@dataclass(frozen=True, slots=True)
class SignerReviewed:
    """One signer's run, and the records of the CSRs that were judged in it."""

    run: Run
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What came of a cluster's requests. `applied`: it was written, not only worked out."""

    cluster: Cluster
    signers: tuple[SignerReviewed, ...]
    settings: ReviewSettings
    applied: bool

    @property
    def mode(self) -> Mode:
        """How far the settings and the cluster's tag let it go."""
        return mode_of(self.settings, self.cluster.tags)

    def action(self, record: Record) -> Action:
        """What was done, or what `--apply` would have done."""
        return record.action if self.applied else plan(record.evaluation, self.settings, self.mode)

    def actions(self, one: SignerReviewed) -> Counter[Action]:
        """Return how many CSRs ended with each action, including those that weren't judged."""
        judged = Counter(self.action(record) for record in one.records)
        return judged + Counter(one.run.totals.not_judged)

    def was_written(self, record: Record) -> bool:
        """Whether this run wrote the decision into the cluster."""
        return self.applied and record.action in _WRITTEN

    @property
    def is_well(self) -> bool:
        """No request is refused, left or unwritten, and no certificate is amiss or missing."""
        return not any(
            one.run.unreadable
            or any(found.state is not IssueState.FEWER_NAMES for found in one.run.findings)
            or any(map(_is_amiss, one.records))
            or (self.applied and one.run.count(Action.WITHHELD))
            for one in self.signers
        )

    @property
    def is_whole(self) -> bool:
        """Everything could be read and judged."""
        return not any(
            one.run.truncated or one.run.not_read or any(map(one.run.count, _UNKNOWN))
            for one in self.signers
        )


def run_once(
    aws: Aws, described: DescribedCluster, settings: ReviewSettings, *, applied: bool
) -> Reviewed:
    """Review the cluster once, by the flow that Lambda runs; without `applied`, write nothing.

    Raises:
        ClusterUnavailable: the cluster's CSRs can't be listed (any more).
        NotOnboarded: the cluster lets these credentials list nothing.
    """
    cluster, clock = described.cluster, WallClock(SECONDS)
    acting = settings if applied else settings.model_copy(update={"mode": Mode.SHADOW})
    profiles = InstanceProfiles(aws.client("iam"), _now)
    fleet = Ec2Fleet(aws.client("ec2", cluster.region), profiles, clock)
    with csr_api(aws, described, clock, connections=settings.write_connections) as api:
        ports = Ports(api, fleet, clock, _Kept(), api.services)
        signers = tuple(_review(cluster, signer, acting, ports) for signer in served(settings))
    return Reviewed(cluster, signers, settings, applied)


def _review(
    cluster: Cluster, signer: Signer, settings: ReviewSettings, ports: Ports
) -> SignerReviewed:
    kept = _Kept()
    run = review(cluster, signer, settings, replace(ports, ledger=kept))
    return SignerReviewed(run, tuple(kept.records))


def _is_amiss(record: Record) -> bool:
    verdict = record.evaluation.verdict
    refused = verdict is not None and bool(verdict.refusals)
    return refused or record.action is Action.NOT_WRITTEN


def _now() -> datetime:
    return datetime.now(UTC)
