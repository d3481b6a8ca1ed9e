"""One deployed stack, minute by minute: what is invoked, and what reaches CloudWatch.

The real functions run in each minute in which something that they can see has changed, or falls
due. In the minutes between (quiet runs) they would send the same again, so the simulation sends it
for them. `test_week.py` compares a sample of quiet runs with the real functions.
"""

from collections.abc import Mapping
from random import Random
from typing import Final

from adapters.queue import Assignment
from core.settings import DispatchSettings, ReviewSettings
from tests.simulation.aws_metrics import DISPATCHER, REVIEWER, invoked, queued
from tests.simulation.functions import Outcome
from tests.simulation.functions_over_time import DispatcherOverTime, ReviewerOverTime, Sampling
from tests.simulation.queue import Message, Queue
from tests.simulation.running import Running
from tests.simulation.world.account import SimulatedAccount
from tests.simulation.world.timeline import MINUTE
from tests.template.points import Key
from tests.template.templates import TEMPLATES

STACK: Final = "csr-approver"

_CRASHED: Final = Outcome(failed=True)
_DISPATCH_OFFSET: Final = 1.0
_LAST_SECOND: Final = 59.0


class Deployment:
    """The stack's functions, its queue, and the alarms' data. Stories set its public attributes."""

    def __init__(
        self,
        account: SimulatedAccount,
        settings: ReviewSettings,
        dispatching: DispatchSettings,
        sample: float,
    ) -> None:
        """`sample`: the fraction of quiet runs that are compared with the real function."""
        self.account = account
        self._settings = settings
        self._dispatching = dispatching
        self.sampling = Sampling(sample, Random(f"{account.seed}/sample"))  # noqa: S311  a simulation
        self.samples: dict[Key, dict[int, list[float]]] = {}
        self.queue = Queue(TEMPLATES["template.yaml"].stack().properties("ReviewQueue"))
        self.dispatcher_runs = Running.NORMAL
        self.reviewer_runs = Running.NORMAL
        #: Messages that others put into the queue.
        self.forged: list[str] = []
        #: Which metrics are lost on their way to CloudWatch: the dispatcher's own, those of both
        #: functions, or all.
        self.dispatchers_metrics_lost = False
        self.our_metrics_lost = False
        self.all_metrics_lost = False
        self.deploy()

    def deploy(self) -> None:
        """Start both functions cold, as an update of the stack does."""
        self._dispatcher = DispatcherOverTime(self._dispatching, self.account, STACK, self.sampling)
        self._reviewer = ReviewerOverTime(self._settings, self.account, STACK, self.sampling)

    def put(self, minute: int, key: Key, value: float) -> None:
        """Send one value of a metric to CloudWatch; anyone with the right may."""
        self.samples.setdefault(key, {}).setdefault(minute, []).append(value)

    def run(self, minute: int) -> None:
        """Simulate one minute."""
        self.account.timeline.run_until(minute * MINUTE + _DISPATCH_OFFSET)
        forged, self.forged = self.forged, []
        bodies: list[tuple[Assignment | str, int]] = [(body, 0) for body in forged]
        bodies += self._dispatch(minute)
        self.queue.expire(minute)
        for body, delay in bodies:
            self.queue.send(body, minute, delay)
        self._receive(minute)
        self._send(minute, queued(len(bodies), self.queue.oldest(minute), self.queue.dead))

    # --- the dispatcher -------------------------------------------------------------------------

    def _dispatch(self, minute: int) -> tuple[tuple[Assignment, int], ...]:
        if self.dispatcher_runs is Running.OFF or minute % self._settings.schedule_minutes:
            return ()
        crashes = self.dispatcher_runs is Running.CRASHES
        outcome = _CRASHED if crashes else self._dispatcher.run()
        self._send(minute, invoked(DISPATCHER, started=1, failed=int(outcome.failed)))
        if not self.dispatchers_metrics_lost:
            self._emit(minute, outcome)
        return outcome.sent

    # --- the reviewer ---------------------------------------------------------------------------

    def _receive(self, minute: int) -> None:
        if self.reviewer_runs is Running.OFF:
            return
        received = sorted(
            ((self._offset(one), one) for one in self.queue.receive(minute)),
            key=lambda timed: timed[0],
        )
        if self.reviewer_runs is Running.THROTTLED:
            self._send(minute, invoked(REVIEWER, started=0, failed=0, throttled=len(received)))
            return
        done = [one for offset, one in received if self._handle(one, minute * MINUTE + offset)]
        self.queue.delete(done)
        failed = len(received) - len(done)
        self._send(minute, invoked(REVIEWER, started=len(received), failed=failed))

    def _handle(self, message: Message, seconds: float) -> bool:
        """Handle a message at this second; return whether that succeeded."""
        self.account.timeline.run_until(seconds)
        crashes = self.reviewer_runs is Running.CRASHES
        outcome = _CRASHED if crashes else self._reviewer.run(message.body)
        self._emit(int(seconds // MINUTE), outcome)
        return not outcome.failed

    def _offset(self, message: Message) -> float:
        """Return at which second of the minute it is handled: always the same for one cluster."""
        if isinstance(message.body, str):
            return _DISPATCH_OFFSET
        cluster = self.account.clusters.get((message.body.cluster, message.body.region))
        begins = cluster.review_offset if cluster else _DISPATCH_OFFSET
        return min(begins + message.delay, _LAST_SECOND)

    # --- CloudWatch -----------------------------------------------------------------------------

    def _emit(self, minute: int, outcome: Outcome) -> None:
        if self.our_metrics_lost or self.all_metrics_lost:
            return
        for key, values in outcome.metrics.items():
            for value in values:
                self.put(minute, key, value)

    def _send(self, minute: int, values: Mapping[Key, float]) -> None:
        if not self.all_metrics_lost:
            for key, value in values.items():
                self.put(minute, key, value)
