"""The ledger's metrics: their names, their values, and how they reach CloudWatch.

A review sends only what isn't 0: CloudWatch charges for a metric by the hours in which it is sent.
"""

from collections.abc import Mapping
from typing import Final

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from core.model import Action, Decision, IssueState, Run

NAMESPACE: Final = "CsrApprover"

#: How the review of a message ends: each is counted by exactly one of these, unless the function
#: fails. The alarm on missing reviews subtracts them from the reviewer's invocations.
#: `NotOnboarded`: the cluster refuses us. `Unreachable`: there is no way to its endpoint. `Failed`:
#: the reviewer got no list for another reason. `Skipped`: the cluster is excluded, not ready, or
#: gone. `FurtherReviews`: it was a further review within the minute, however it ended.
ENDS: Final = (
    "Completed",
    "NotOnboarded",
    "Unreachable",
    "Failed",
    "Skipped",
    "FurtherReviews",
)

#: Of what plain alarms watch, the dispatcher sends a zero each minute, so that they have data and a
#: quiet review needn't send any.
ZEROS: Final = (*ENDS, "Denied", "IssuedMismatch", "EvidenceUnavailable", "ListTruncated")

#: What else the dispatcher sends for the stack (dimension Stack), zeros too.
DISPATCH: Final = ("Expected", "NothingSelected", "UnexpectedlyOff")

#: What either function sends for the stack only when it isn't 0.
STACK: Final = (
    *ZEROS,
    "Approved",
    "Left",
    "Waiting",
    "Pending",
    "WouldApprove",
    "MovedAddress",
    "DispatchErrors",
    "Off",
)

#: What a review sends for its cluster (CLUSTER_DIMENSIONS), only when it isn't 0. `NotOnboarded`
#: and `Unreachable` are sent only where access to the cluster is required.
CLUSTER: Final = (
    "Denied",
    "IssuedMismatch",
    "ApprovedNotIssued",
    "SignerFailed",
    "IssuedFewerNames",
    "OldestPendingSeconds",
    "ReviewErrors",
    "NotOnboarded",
    "Unreachable",
)

#: Exactly the SCHEMA of the grouped alarms, which find no metric with other dimensions.
CLUSTER_DIMENSIONS: Final = ("Cluster", "Region", "Stack")


def of_stack(run: Run) -> Mapping[str, float]:
    """Return what one run counts for the stack.

    The nodes' run completes a cluster; a second signer's run adds to the other metrics only.
    """
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
        "IssuedMismatch": _found(run, IssueState.MISMATCH),
        "EvidenceUnavailable": totals.without_evidence,
        "ListTruncated": int(run.truncated or run.not_read > 0),
    }


def of_cluster(run: Run) -> Mapping[str, float]:
    """Return what one run counts for its cluster."""
    totals = run.totals
    return {
        "Denied": run.due(Decision.DENY),
        "IssuedMismatch": _found(run, IssueState.MISMATCH),
        "ApprovedNotIssued": _found(run, IssueState.NOT_ISSUED),
        "SignerFailed": _found(run, IssueState.SIGNER_FAILED),
        "IssuedFewerNames": _found(run, IssueState.FEWER_NAMES),
        "OldestPendingSeconds": totals.oldest_pending_seconds,
        "ReviewErrors": totals.bugs + len(run.unreadable) + run.count(Action.NOT_WRITTEN),
    }


def _found(run: Run, state: IssueState) -> int:
    return sum(finding.state is state for finding in run.findings)


def emit(dimensions: Mapping[str, str], values: Mapping[str, float]) -> None:
    """Print one EMF object, or nothing without values.

    Unlike `Metrics`, which the process shares, this keeps no state. The empty service keeps
    POWERTOOLS_SERVICE_NAME from becoming another dimension, under which no alarm would find its
    metric.
    """
    if not values:
        return
    metrics = EphemeralMetrics(namespace=NAMESPACE, service="")
    for name, value in dimensions.items():
        metrics.add_dimension(name, value)
    for name, number in values.items():
        unit = MetricUnit.Seconds if name.endswith("Seconds") else MetricUnit.Count
        metrics.add_metric(name, unit, number)
    metrics.flush_metrics()
