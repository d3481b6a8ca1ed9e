"""The run of `csr-approver review`: review every signer's requests of one cluster."""

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

#: How long one run may take, in seconds. A person waits longer than Lambda does.
SECONDS: Final = 120.0

_WRITTEN: Final = frozenset({Action.APPROVED, Action.REAPPROVED, Action.DENIED})
_UNKNOWN: Final = (Action.UNDECIDED, Action.DEFERRED)


class _RecordKeeper:
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
    """The review of a cluster's requests. `applied`: decisions were written, not only shown."""

    cluster: Cluster
    signers: tuple[SignerReviewed, ...]
    settings: ReviewSettings
    applied: bool

    @property
    def mode(self) -> Mode:
        """Return the mode, by the settings and the cluster's tag."""
        return mode_of(self.settings, self.cluster.tags)

    def action(self, record: Record) -> Action:
        """Return what was done, or what `--apply` would have done."""
        return record.action if self.applied else plan(record.evaluation, self.settings, self.mode)

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
            or any(map(_is_refused, one.records))
            or (self.applied and one.run.count(Action.WITHHELD))
            for one in self.signers
        )

    @property
    def is_whole(self) -> bool:
        """Return True when everything could be read and judged."""
        return not any(
            one.run.truncated or one.run.not_read or any(map(one.run.count, _UNKNOWN))
            for one in self.signers
        )


def run_once(
    aws: Aws, described: DescribedCluster, settings: ReviewSettings, *, applied: bool
) -> Reviewed:
    """Review the cluster once, as the function does; without `applied`, write nothing.

    Raises:
        ClusterUnavailable: the cluster's CSRs can't be listed.
        NotOnboarded: the cluster lets these credentials list nothing.
    """
    cluster, clock = described.cluster, WallClock(SECONDS)
    acting = settings if applied else settings.model_copy(update={"mode": Mode.SHADOW})
    profiles = InstanceProfiles(aws.client("iam"), _now)
    fleet = Ec2Fleet(aws.client("ec2", cluster.region), profiles, clock)
    with csr_api(aws, described, clock, connections=settings.write_connections) as api:
        ports = Ports(api, fleet, clock, _RecordKeeper(), api.services)
        signers = tuple(_review(cluster, signer, acting, ports) for signer in served(settings))
    return Reviewed(cluster, signers, settings, applied)


def _review(
    cluster: Cluster, signer: Signer, settings: ReviewSettings, ports: Ports
) -> SignerReviewed:
    keeper = _RecordKeeper()
    run = review(cluster, signer, settings, replace(ports, ledger=keeper))
    return SignerReviewed(run, tuple(keeper.records))


def _is_refused(record: Record) -> bool:
    verdict = record.evaluation.verdict
    refused = verdict is not None and bool(verdict.refusals)
    return refused or record.action is Action.NOT_WRITTEN


def _now() -> datetime:
    return datetime.now(UTC)
