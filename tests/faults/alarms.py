"""The stack's alarms that fire if every minute is like the one that a row describes."""

from collections.abc import Mapping
from functools import cache

from adapters.ledger_metrics import CLUSTER, DISPATCH, STACK, ZEROS
from tests.faults.rig import CSR_NAMES
from tests.faults.row import Outcome, Row, healthy
from tests.template.alarms import (
    DEAD_LETTERS,
    DISPATCHER_ERRORS,
    REVIEWER_ERRORS,
    Minute,
    of_aws,
    of_cluster,
    of_stack,
    with_aws,
)
from tests.template.alarms import firing as firing_on
from tests.template.templates import source_stack

#: A CSR that stays undecided is reported until it is this old; then its node files another.
_LONGEST_WAIT = 900

#: The stack always has these metrics; a cluster only if access to it is required.
_IF_REQUIRED = frozenset({"NotOnboarded", "Unreachable"})


def firing(row: Row) -> set[str]:
    """Return the names, without the stack's, of the alarms that fire only because of the fault."""
    return firing_on(source_stack(), _minute(row)) - _in_health()


@cache
def _in_health() -> set[str]:
    return firing_on(source_stack(), with_aws(_ours(healthy())))


def _minute(row: Row) -> Minute:
    """Return our metrics and AWS's in a minute like the row's."""
    outcome: Outcome = row.outcome
    metrics = dict(outcome.metrics)
    is_oldest = "OldestPendingSeconds" in metrics
    waits_on = is_oldest and metrics.get("Pending", 0) > metrics.get("Waiting", 0)
    stays = waits_on and set(outcome.decided) != set(CSR_NAMES)
    metrics["OldestPendingSeconds"] = _LONGEST_WAIT if stays else 0
    # A message whose review always fails becomes a dead letter.
    counts = [DISPATCHER_ERRORS] if row.place.is_dispatchers else [REVIEWER_ERRORS, DEAD_LETTERS]
    failed = {of_aws(metric): [1] for metric in counts} if outcome.fails else {}
    return with_aws({**_ours(metrics, required=outcome.required), **failed})


def _ours(metrics: Mapping[str, float], *, required: bool = False) -> Minute:
    """Return our metrics: of the stack with the dispatcher's zeros, and of the cluster."""
    found = dict.fromkeys((*ZEROS, *DISPATCH), 0.0) | dict(metrics)
    of_this_stack = {of_stack(name): [found[name]] for name in found.keys() & {*STACK, *DISPATCH}}
    own = set(CLUSTER) if required else set(CLUSTER) - _IF_REQUIRED
    return of_this_stack | {of_cluster(name): [found[name]] for name in own if found.get(name)}
