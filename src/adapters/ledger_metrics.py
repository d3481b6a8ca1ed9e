"""The ledger's metrics: their names, their values, and how they reach CloudWatch."""

from collections.abc import Mapping
from typing import Final

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from core.model import (
    APP_SERVING,
    Action,
    Decision,
    IssueState,
    Judged,
    Record,
    RoleUnknown,
    Run,
)

NAMESPACE: Final = "CsrApprover"

#: What a review emits for the account (dimension Stack), all of them each time: a metric that
#: comes only when there is something to tell leaves alarms without data.
ACCOUNT: Final = (
    "Completed",
    "NotOnboarded",
    "Approved",
    "Denied",
    "Left",
    "Waiting",
    "Pending",
    "OldestPendingSeconds",
    "ApprovedNotIssued",
    "SignerFailed",
    "IssuedMismatch",
    "ReviewErrors",
    "EvidenceUnavailable",
    "ListTruncated",
)

#: What it emits for its cluster (dimensions Cluster and Region).
CLUSTER: Final = ("Completed", "Denied", "ApprovedNotIssued", "OldestPendingSeconds")

# One that somebody else decided, or deleted, isn't pending, but one that is always in conflict
# is, and must not be lost sight of.
_DECIDED: Final = frozenset({Action.APPROVED, Action.DENIED})


def values_of(run: Run) -> Mapping[str, float]:
    """The values of one run; metrics that aren't named are 0.

    A cluster is completed once, with its nodes: a second signer's run adds to the sums only.
    """
    ages = [record.asking_seconds for record in run.records if _is_pending(record)]
    states = [finding.state for finding in run.findings]
    bugs = sum(is_bug(record.judged) for record in run.records)
    return {
        "Completed": int(run.signer != APP_SERVING),
        "Approved": run.count(Action.APPROVED) + run.count(Action.REAPPROVED),
        "Denied": run.due(Decision.DENY),
        "Left": run.count(Action.LEFT),
        "Waiting": run.count(Action.WAITING),
        "Pending": len(ages),
        "OldestPendingSeconds": max([0.0, *ages]),
        "ApprovedNotIssued": states.count(IssueState.NOT_ISSUED),
        "SignerFailed": states.count(IssueState.SIGNER_FAILED),
        "IssuedMismatch": states.count(IssueState.MISMATCH),
        "ReviewErrors": bugs + len(run.unreadable) + run.count(Action.NOT_WRITTEN),
        "EvidenceUnavailable": sum(_without_evidence(record.judged) for record in run.records),
        "ListTruncated": int(run.truncated or run.unread > 0),
    }


def is_bug(judged: Judged) -> bool:
    """True when our own code failed on it: there is no verdict, and neither AWS nor time is why."""
    return judged.verdict is None and not (judged.evidence_unavailable or judged.deferred)


def emit(dimensions: Mapping[str, str], values: Mapping[str, float]) -> None:
    """Print one EMF object. Nothing is kept: `Metrics`, unlike this, is one for the process.

    The empty service keeps POWERTOOLS_SERVICE_NAME from becoming one more dimension, under which
    no alarm would find its metric.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service="")
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    for name, number in values.items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        metrics.add_metric(name, unit, number)
    metrics.flush_metrics()


def _is_pending(record: Record) -> bool:
    """True when it waits on, for whatever reason. An unread one may have been decided long ago.

    Of ServiceAccounts' requests those that are left are people's to approve: they don't wait for
    us, and an alarm on them would be one that nothing here can end.
    """
    csr = record.judged.case.csr
    is_peoples = csr.signer == APP_SERVING and record.action is Action.LEFT
    return record.action not in _DECIDED and csr.is_pending and not is_peoples


def _without_evidence(judged: Judged) -> bool:
    role = judged.case.role
    return judged.evidence_unavailable or (isinstance(role, RoleUnknown) and role.fault)
