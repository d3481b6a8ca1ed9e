"""The functions minute by minute: the real code runs only when its output may differ."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from adapters.queue import Assignment
from core.settings import DispatchSettings, ReviewSettings
from tests.simulation.functions import Outcome, SimulatedDispatcher, SimulatedReviewer
from tests.simulation.quiet import Reviewed
from tests.simulation.world.account import SimulatedAccount


@dataclass(slots=True)
class Sampling:
    """How many runs were real, how many quiet, and how many quiet ones were run to compare them.

    `fraction`: of the quiet runs that are compared. `unequal`: those that sent something else.
    """

    fraction: float
    random: Random
    real: int = 0
    quiet: int = 0
    compared: int = 0
    unequal: list[str] = field(default_factory=list)

    def compare(self, name: str, kept: Outcome, run: Callable[[], Outcome]) -> Outcome:
        """Count a quiet run, and return what it would send; compare some with the real function."""
        self.quiet += 1
        if self.random.random() < self.fraction:
            self.compared += 1
            found = run()
            if found != kept:
                self.unequal.append(f"{name}: {found}, not {kept}")
        return kept


class DispatcherOverTime:
    """The dispatcher. Its real code runs for a while after each change in the account."""

    def __init__(
        self, settings: DispatchSettings, account: SimulatedAccount, stack: str, sampling: Sampling
    ) -> None:
        self._account = account
        self._sampling = sampling
        self._environment = SimulatedDispatcher(settings, account, stack)
        self._last: Outcome | None = None

    def run(self) -> Outcome:
        """Dispatch once."""
        quiet = self._account.timeline.seconds >= self._account.restless_until
        if quiet and self._last is not None:
            return self._sampling.compare("dispatcher", self._last, self._environment.run)
        self._sampling.real += 1
        self._last = self._environment.run()
        return self._last


class ReviewerOverTime:
    """The reviewer. Its real code runs when a cluster has changed, or something falls due there."""

    def __init__(
        self, settings: ReviewSettings, account: SimulatedAccount, stack: str, sampling: Sampling
    ) -> None:
        self._settings = settings
        self._account = account
        self._sampling = sampling
        self._environment = SimulatedReviewer(settings, account, stack)
        self._last: dict[tuple[str, str, bool], Reviewed] = {}

    def run(self, body: Assignment | str) -> Outcome:
        """Handle one message."""
        if isinstance(body, str):
            return self._environment.run(body)
        # A week has half a million messages, and a model takes long to compare.
        key = body.cluster, body.region, body.again
        cluster = self._account.clusters.get(key[:2])
        last = self._last.get(key)
        if cluster is not None and last is not None and last.still_holds_for(cluster):
            return self._sampling.compare(
                body.cluster,
                last.outcome_now(),
                lambda: self._environment.run(body.to_body()),
            )
        self._sampling.real += 1
        version = cluster.requests.version if cluster else 0
        outcome = self._environment.run(body.to_body())
        if cluster is not None:
            self._last[key] = Reviewed(outcome, version, cluster, self._settings)
        return outcome
