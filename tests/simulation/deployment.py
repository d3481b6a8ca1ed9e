"""One deployed stack, minute by minute: who is invoked, and what reaches CloudWatch.

The real functions run in each minute in which something that they can see has changed, or falls
due. In the quiet minutes between they would send what they sent before, so that is sent again:
`test_quiet_minutes.py` runs them in a sample of quiet minutes and compares.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

from adapters.queue import Assignment
from core.settings import DispatchSettings, ReviewSettings
from tests.simulation.functions import Outcome, SimulatedDispatcher, SimulatedReviewer
from tests.simulation.queue import (
    DISPATCHER,
    REVIEWER,
    QueueLimits,
    Running,
    invoked,
    queued,
)
from tests.simulation.quiet import Reviewed
from tests.simulation.world.account import SimulatedAccount
from tests.simulation.world.clusters import SimulatedCluster
from tests.simulation.world.timeline import MINUTE
from tests.template.points import Key
from tests.template.templates import TEMPLATES

STACK: Final = "csr-approver"

_CRASHED: Final = Outcome(failed=True)
_DISPATCH_OFFSET: Final = 1.0


@dataclass(slots=True)
class Counts:
    """How many reviews ran, how many were quiet, and which quiet ones weren't equal when tried."""

    real: int = 0
    quiet: int = 0
    sampled: int = 0
    unequal: list[str] = field(default_factory=list)


class Deployment:
    """The stack's functions, queue and alarms' data. Troubles set its public attributes."""

    def __init__(
        self,
        account: SimulatedAccount,
        *,
        settings: ReviewSettings,
        dispatching: DispatchSettings,
        sample: float = 0.0,
    ) -> None:
        """`sample`: the fraction of quiet minutes in which the real function is run nevertheless."""
        self.account = account
        self.settings = settings
        self._dispatching = dispatching
        self._sample = sample
        self._random = Random(f"{account.seed}/sample")
        self.samples: dict[Key, dict[int, list[float]]] = {}
        self.counts = Counts()
        self.limits = QueueLimits.of(TEMPLATES["template.yaml"].stack().properties("ReviewQueue"))
        self.dispatcher_runs = Running.NORMAL
        self.reviewer_runs = Running.NORMAL
        self.dead_letters = 0
        #: Messages that others put into the queue.
        self.forged: list[str] = []
        #: Our own metrics don't reach CloudWatch, or nothing does.
        self.our_metrics_lost = False
        self.all_lost = False
        self.deploy()

    def deploy(self) -> None:
        """Start both functions cold, as an update or a long rest does."""
        self._dispatcher = SimulatedDispatcher(self._dispatching, self.account, STACK)
        self._reviewer = SimulatedReviewer(self.settings, self.account, STACK)
        self._dispatched: Outcome | None = None
        self._reviewed: dict[Assignment, Reviewed] = {}

    def put(self, minute: int, key: Key, value: float) -> None:
        """Send one value of a metric to CloudWatch; anyone with the right may."""
        self.samples.setdefault(key, {}).setdefault(minute, []).append(value)

    def run(self, minute: int) -> None:
        """Let one minute pass."""
        timeline = self.account.timeline
        timeline.run_until(minute * MINUTE + _DISPATCH_OFFSET)
        messages = self._dispatch(minute)
        bodies, self.forged = self.forged, []
        failed = started = 0
        outcomes = [self._review_forged(body) for body in bodies if self._is_reviewing]
        for one in sorted(messages, key=self._offset) if self._is_reviewing else ():
            timeline.run_until(minute * MINUTE + self._offset(one))
            outcomes.append(self._review(one))
        for outcome in outcomes:
            self._emit(minute, outcome)
            started += 1
            failed += outcome.failed
        self._account_for(minute, len(messages) + len(bodies), started, failed)

    @property
    def _is_reviewing(self) -> bool:
        return self.reviewer_runs in {Running.NORMAL, Running.CRASHES}

    def _account_for(self, minute: int, sent: int, started: int, failed: int) -> None:
        """Send AWS's own metrics of the reviewer and its queue."""
        throttled = sent * self.limits.tries if self.reviewer_runs is Running.THROTTLED else 0
        if self.limits.buries:
            self.dead_letters += failed or (sent if throttled else 0)
        self._send(minute, invoked(REVIEWER, started=started, failed=failed, throttled=throttled))
        self._send(minute, queued(sent, self.dead_letters))

    # --- the dispatcher -------------------------------------------------------------------------

    def _dispatch(self, minute: int) -> tuple[Assignment, ...]:
        if self.dispatcher_runs is Running.OFF:
            return ()
        if self.dispatcher_runs is Running.THROTTLED:
            self._send(minute, invoked(DISPATCHER, started=0, failed=0, throttled=1))
            return ()
        outcome = _CRASHED if self.dispatcher_runs is Running.CRASHES else self._dispatch_outcome()
        self._send(minute, invoked(DISPATCHER, started=1, failed=int(outcome.failed)))
        self._emit(minute, outcome)
        return outcome.sent

    def _dispatch_outcome(self) -> Outcome:
        quiet = self.account.timeline.seconds >= self.account.restless_until
        if quiet and self._dispatched is not None:
            self._compare("the dispatcher", self._dispatched, self._dispatcher.run)
            return self._dispatched
        self._dispatched = self._dispatcher.run()
        return self._dispatched

    # --- the reviewer ---------------------------------------------------------------------------

    def _offset(self, one: Assignment) -> float:
        cluster = self._cluster(one)
        return cluster.review_offset if cluster else 2.0

    def _cluster(self, one: Assignment) -> SimulatedCluster | None:
        return self.account.clusters.get((one.cluster, one.region))

    def _review_forged(self, body: str) -> Outcome:
        return _CRASHED if self.reviewer_runs is Running.CRASHES else self._reviewer.run(body)

    def _review(self, one: Assignment) -> Outcome:
        if self.reviewer_runs is Running.CRASHES:
            return _CRASHED
        cluster = self._cluster(one)
        kept = self._reviewed.get(one)
        if cluster is not None and kept is not None and kept.still_holds_for(cluster):
            self.counts.quiet += 1
            outcome = kept.outcome_now()
            self._compare(one.cluster, outcome, lambda: self._reviewer.run(one.to_body()))
            return outcome
        self.counts.real += 1
        version = cluster.requests.version if cluster else 0
        outcome = self._reviewer.run(one.to_body())
        if cluster is not None:
            self._reviewed[one] = Reviewed(outcome, version, cluster, self.settings)
        return outcome

    def _compare(self, name: str, kept: Outcome, run: Any) -> None:
        """Run the function in a sample of quiet minutes: it must send what was sent before."""
        if self._random.random() >= self._sample:
            return
        self.counts.sampled += 1
        found = run()
        if found != kept:
            self.counts.unequal.append(
                f"{name} at {self.account.timeline.now()}: {found}, not {kept}"
            )

    # --- CloudWatch -----------------------------------------------------------------------------

    def _emit(self, minute: int, outcome: Outcome) -> None:
        if self.our_metrics_lost or self.all_lost:
            return
        for one in outcome.values:
            for name, value in one.values:
                self.put(minute, (one.namespace, name, one.dimensions), value)

    def _send(self, minute: int, values: Any) -> None:
        if not self.all_lost:
            for key, value in values.items():
                self.put(minute, key, value)
