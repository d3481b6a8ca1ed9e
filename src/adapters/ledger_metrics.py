"""The ledger's metrics: their names, their values, and how they reach CloudWatch.

A review sends only what isn't 0: CloudWatch charges for a metric by the hours in which it is sent.
"""

from collections.abc import Mapping
from typing import Final

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from core.model import Action, Decision, IssueState, Run

NAMESPACE: Final = "CsrApprover"

#: A review has ended and left its record, however it ended. The alarm on missing reviews compares
#: this with the reviewer's invocations.
ENDED: Final = "Ended"

#: How it ended: each ordinary review is counted by exactly one of these, unless the function fails.
#: `NotOnboarded`: the cluster refuses us. `Unreachable`: there is no way to its endpoint. `Failed`:
#: the reviewer got no list for another reason. `Skipped`: the cluster is excluded, not ready, new
#: and without access so far, or gone.
ENDS: Final = ("Completed", "NotOnboarded", "Unreachable", "Failed", "Skipped")

#: A further review within the minute has ended. It is counted by this and none of ENDS, so that
#: these add up to the clusters.
FURTHER: Final = "FurtherReviews"

#: What plain alarms watch of the reviews. Each run of the dispatcher sends a zero of each, so that
#: the alarms have data, and a review with nothing to report sends none.
ZEROS: Final = (
    ENDED,
    "Completed",
    "Denied",
    "IssuedMismatch",
    "EvidenceUnavailable",
    "ListTruncated",
)

#: What else each run of the dispatcher sends for the stack (dimension Stack), zeros too. The alarm
#: on missing reviews counts the samples of `NothingSelected`: the dispatcher has left its record.
DISPATCH: Final = ("NothingSelected", "UnexpectedlyOff")

#: What either function sends for the stack only when it isn't 0.
STACK: Final = (
    *ZEROS,
    "NotOnboarded",
    "Unreachable",
    "Failed",
    "Skipped",
    FURTHER,
    "Approved",
    "Left",
    "Waiting",
    "Pending",
    "WouldApprove",
    "MovedAddress",
    "DispatchErrors",
    "Off",
)

#: What is sent for a cluster (CLUSTER_DIMENSIONS), only when it isn't 0. `NotOnboarded` and
#: `Unreachable` are sent only where access to the cluster is required. The dispatcher sends
#: `UnexpectedlyOff` too.
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
    "UnexpectedlyOff",
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


def with_end(values: Mapping[str, float], *, further: bool) -> Mapping[str, float]:
    """Add that a review has ended, if `values` count an end. `further`: it was a further one."""
    ends = sum(values.get(end, 0) for end in ENDS)
    if not further:
        return {**values, ENDED: ends}
    others = {name: value for name, value in values.items() if name not in ENDS}
    return {**others, ENDED: ends, FURTHER: ends}


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
