"""The retry policy for all calls to Kubernetes APIs, stated here and nowhere else.

The libraries underneath retry nothing: they are told so in `adapters.api_connection`.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from adapters.kubernetes_protobuf import read_status
from core.ports import Clock
from core.printable import printable

#: Seconds before the second, third and fourth attempt, at most: full jitter shortens each.
BACKOFF: Final = (0.5, 1.0, 2.0)

#: Retry-After is honoured up to so many seconds.
LONGEST_WAIT: Final = 10.0

#: For 70 to 90 ms after its start kube-apiserver answers 403 to those it will allow, in the words
#: of a true refusal (measured with v1.36). So a 403 is asked again, without jitter, until 403s
#: have been all that came for so many seconds; from then on a 403 is final at once.
FORBIDDEN_SECONDS: Final = 2.0
_FORBIDDEN_SHARE: Final = 0.5

_MAX_WORDS: Final = 200

_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of the API server, of whatever status. Seconds in `retry_after`."""

    status: int
    body: bytes = b""
    retry_after: float = 0.0

    @property
    def words(self) -> str:
        """The status, and what a Kubernetes `Status` says of it: bounded, safe to log."""
        message = read_status(self.body).message[:_MAX_WORDS]
        return f"{self.status}: {printable(message, _MAX_WORDS)}" if message else f"{self.status}"

    def object(self) -> dict[str, Any]:
        """The JSON object of the body; empty where it is none."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError, MemoryError):
            return {}
        return read if isinstance(read, dict) else {}


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No whole answer came. `size`: it was longer than allowed; `time`: there was none left."""

    cause: Literal["connection", "tls", "token", "size", "time"]
    detail: str


Outcome = Answer | NoAnswer


class Retries:
    """Attempts calls until their outcome is final or the time is up. One for each run."""

    def __init__(
        self,
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,  # between two attempts: nothing tells when
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """`sleep`: waits so many seconds; tests give one that doesn't. `jitter`: from 0 to 1."""
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._forbidden_since: float | None = None

    def outcome_of(
        self, attempt: Callable[[], Outcome], *, stop_at: float = 0.0, retry_forbidden: bool = True
    ) -> Outcome:
        """The last outcome. No wait may take the clock's remaining seconds down to `stop_at`.

        `retry_forbidden`: a 403 is asked again, too.
        """
        outcome = attempt()
        for ceiling in BACKOFF:
            is_final = not retry_forbidden and isinstance(outcome, Answer) and outcome.status == 403
            wait = None if is_final else self._wait(outcome, ceiling)
            if wait is None or self._clock.remaining() - wait <= stop_at:
                break
            self._sleep(wait)
            outcome = attempt()
        return outcome

    def _wait(self, outcome: Outcome, ceiling: float) -> float | None:
        """Seconds until the next attempt; None where the outcome is final."""
        if isinstance(outcome, NoAnswer):
            return ceiling * self._jitter() if outcome.cause == "connection" else None
        if outcome.status == 403:
            return ceiling * _FORBIDDEN_SHARE if self._forgives() else None
        if outcome.status == 200:
            self._forbidden_since = None
        if outcome.status == _TOO_MANY or outcome.status >= 500:
            return max(ceiling * self._jitter(), min(outcome.retry_after, LONGEST_WAIT))
        return None

    def _forgives(self) -> bool:
        remaining = self._clock.remaining()
        if self._forbidden_since is None:
            self._forbidden_since = remaining
        return self._forbidden_since - remaining < FORBIDDEN_SECONDS
