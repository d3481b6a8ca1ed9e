"""What CloudWatch is sent, minute by minute: a quiet stack, and what a test changes of it."""

from collections.abc import Iterable
from typing import Final

from adapters.ledger_metrics import DISPATCH, ZEROS
from tests.template.alarms import (
    DEAD_LETTERS,
    DISPATCHER_ERRORS,
    DISPATCHES,
    REVIEWER_ERRORS,
    REVIEWS,
    SENT,
    of_aws,
    of_stack,
)
from tests.template.points import Key

#: How many clusters are reviewed each minute.
CLUSTERS: Final = 3

_OF_DISPATCHER: Final = {
    of_aws(DISPATCHES): 1,
    of_aws(DISPATCHER_ERRORS): 0,
    of_aws(DEAD_LETTERS): 0,
    **{of_stack(name): 0 for name in (*ZEROS, *DISPATCH)},
}
_OF_REVIEWER: Final = {
    of_aws(REVIEWS): CLUSTERS,
    of_aws(REVIEWER_ERRORS): 0,
    of_stack("Ended"): CLUSTERS,
    of_stack("Completed"): CLUSTERS,
}


class Timeline:
    """Samples that tests add and take away; `samples` is what `cloudwatch.changes` reads."""

    def __init__(self, minutes: Iterable[int] = range(400)) -> None:
        """Let a stack with nothing to report run in these minutes."""
        self.samples: dict[Key, dict[int, list[float]]] = {}
        self.dispatch(minutes)
        self.review(minutes)

    def put(self, key: Key, minutes: Iterable[int], *values: float) -> "Timeline":
        """Send values of one metric in each of these minutes."""
        series = self.samples.setdefault(key, {})
        for minute in minutes:
            series.setdefault(minute, []).extend(values)
        return self

    def drop(self, minutes: Iterable[int], *keys: Key) -> "Timeline":
        """Let these metrics, or all, have no values in these minutes: not zeros, nothing."""
        for key in keys or tuple(self.samples):
            for minute in minutes:
                self.samples[key].pop(minute, None)
        return self

    def dispatch(self, minutes: Iterable[int]) -> None:
        """Let the dispatcher run, and SQS take its messages."""
        for key, value in _OF_DISPATCHER.items():
            self.put(key, minutes, value)
        self.put(of_aws(SENT), minutes, CLUSTERS)

    def review(self, minutes: Iterable[int]) -> None:
        """Let the reviewer complete its reviews."""
        for key, value in _OF_REVIEWER.items():
            self.put(key, minutes, value)

    def end(self, minutes: Iterable[int], **ends: int) -> "Timeline":
        """Let the reviews of these minutes end like this instead, as `NotOnboarded=3`."""
        self.drop(minutes, of_stack("Ended"), of_stack("Completed"))
        self.put(of_stack("Ended"), minutes, sum(ends.values()))
        self.put(of_stack("Completed"), minutes, 0)
        for name, count in ends.items():
            self.put(of_stack(name), minutes, count)
        return self
