"""The ledger's metrics: their names, their values, and how they reach CloudWatch."""

from collections.abc import Mapping
from typing import Final

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from core.model import Action, Decision, IssueState, Run

NAMESPACE: Final = "CsrApprover"

#: How the review of a message ends: each is counted by exactly one of these, unless the function
#: fails. The alarm on missing reviews subtracts them from `Expected`. `Unreachable`: the reviewer
#: got no list from the cluster. `Skipped`: the cluster is excluded, not ready, or gone.
ENDS: Final = ("Completed", "NotOnboarded", "Unreachable", "Skipped")

#: What the dispatcher emits, zeros too, beside the zeros of ENDS.
DISPATCH: Final = ("Expected", "NothingSelected", "UnexpectedlyOff", "DispatchErrors")

#: What a review emits for the account (dimension Stack), zeros too: a metric that is emitted only
#: when it isn't 0 leaves alarms without data.
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

#: What it emits for the account only when it isn't 0: no alarm needs its zeros, or the dispatcher
#: sends them.
WHEN_NOT_ZERO: Final = ("WouldApprove", "MovedAddress", "Unreachable", "Skipped")

#: What it emits for its cluster (dimensions Cluster and Region).
CLUSTER: Final = ("Completed", "Denied", "ApprovedNotIssued", "OldestPendingSeconds")


def values_of(run: Run) -> Mapping[str, float]:
    """Return the values of one run; metrics that aren't named are 0.

    The nodes' run completes a cluster; a second signer's run adds to the other metrics only.
    """
    states = [finding.state for finding in run.findings]
    totals = run.totals
    return {
        "Completed": int(run.completes),
        "Approved": run.count(Action.APPROVED) + run.count(Action.REAPPROVED),
        "Denied": run.due(Decision.DENY),
        "Left": run.count(Action.LEFT),
        "Waiting": run.count(Action.WAITING),
        "Pending": totals.pending,
        "WouldApprove": totals.would_approve,
        "MovedAddress": totals.moved_addresses,
        "OldestPendingSeconds": totals.oldest_pending_seconds,
        "ApprovedNotIssued": states.count(IssueState.NOT_ISSUED),
        "SignerFailed": states.count(IssueState.SIGNER_FAILED),
        "IssuedMismatch": states.count(IssueState.MISMATCH),
        "ReviewErrors": totals.bugs + len(run.unreadable) + run.count(Action.NOT_WRITTEN),
        "EvidenceUnavailable": totals.without_evidence,
        "ListTruncated": int(run.truncated or run.not_read > 0),
    }


def emit(dimensions: Mapping[str, str], values: Mapping[str, float]) -> None:
    """Print one EMF object. Unlike `Metrics`, which the process shares, this keeps no state.

    The empty service keeps POWERTOOLS_SERVICE_NAME from becoming another dimension, under which no
    alarm would find its metric.
    """
    metrics = EphemeralMetrics(namespace=NAMESPACE, service="")
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    for name, number in values.items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        metrics.add_metric(name, unit, number)
    metrics.flush_metrics()
