"""The stack's alarms that fire if every minute is like the one that a row describes."""

from collections.abc import Mapping, Sequence
from functools import cache

from adapters.ledger_metrics import CLUSTER, DISPATCH, ENDS, STACK, ZEROS
from tests.faults.rig import CSR_NAMES
from tests.faults.row import Outcome, Row, healthy
from tests.template.alarms import (
    DEAD_LETTERS,
    DISPATCHER_ERRORS,
    DISPATCHES,
    REVIEWER_ERRORS,
    REVIEWS,
    SENT,
    of_aws,
    of_cluster,
    of_stack,
)
from tests.template.alarms import firing as firing_on
from tests.template.cloudformation import Stack, Template
from tests.template.points import Key
from tests.template.templates import ROOT

#: A CSR that stays undecided is reported until it is this old; then its node files another.
_LONGEST_WAIT = 900

#: These have the same name for the stack and for a cluster, which has them only if access to it is
#: required.
_IF_REQUIRED = frozenset({"NotOnboarded", "Unreachable"})

Minute = dict[Key, Sequence[float]]


@cache
def monitoring() -> Stack:
    """Return the stack with what SAM doesn't transform, its alarms among it."""
    return Template.read(ROOT / "template.yaml").stack()


def firing(row: Row) -> set[str]:
    """Return the names, without the stack's, of the alarms that fire only because of the fault."""
    return firing_on(monitoring(), _of(row)) - _in_health()


@cache
def _in_health() -> set[str]:
    return firing_on(monitoring(), _ours(healthy()) | _of_aws(reviews=1))


def _of(row: Row) -> Minute:
    """Return the stack's metrics and AWS's in a minute like the row's."""
    outcome: Outcome = row.outcome
    metrics = dict(outcome.metrics)
    is_oldest = "OldestPendingSeconds" in metrics
    waits_on = is_oldest and metrics.get("Pending", 0) > metrics.get("Waiting", 0)
    stays = waits_on and set(outcome.decided) != set(CSR_NAMES)
    metrics["OldestPendingSeconds"] = _LONGEST_WAIT if stays else 0
    ended = sum(metrics.get(end, 0) for end in ENDS)
    failed = {DISPATCHER_ERRORS if row.place.is_dispatchers else REVIEWER_ERRORS: outcome.fails}
    reviews = ended + failed.get(REVIEWER_ERRORS, False)
    return _ours(metrics, required=outcome.required) | _of_aws(reviews, failed)


def _of_aws(reviews: int, failed: Mapping[tuple[str, str, str, str], bool] | None = None) -> Minute:
    """Return AWS's metrics if so many messages were sent, and each was taken."""
    found = {DISPATCHES: 1, SENT: reviews, REVIEWS: reviews} | dict(failed or {})
    dead = {DEAD_LETTERS: found.get(REVIEWER_ERRORS, 0)}
    return {of_aws(metric): [value] for metric, value in (found | dead).items()}


def _ours(metrics: Mapping[str, float], *, required: bool = False) -> Minute:
    """Return our metrics: of the stack with the dispatcher's zeros, and of the cluster."""
    found = dict.fromkeys((*ZEROS, *DISPATCH), 0.0) | dict(metrics)
    stack: Minute = {
        of_stack(name): [value] for name, value in found.items() if name in (*STACK, *DISPATCH)
    }
    own = set(CLUSTER) if required else set(CLUSTER) - _IF_REQUIRED
    return stack | {of_cluster(name): [found[name]] for name in own if found.get(name)}
