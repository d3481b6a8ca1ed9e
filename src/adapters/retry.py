"""The retry policy for all calls to Kubernetes APIs.

The libraries underneath retry nothing: `adapters.api_connection` configures them so.
"""

import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

from adapters.kubernetes_protobuf import read_status
from core.budget import CONNECT_SECONDS, SHORT_CONNECT_SECONDS
from core.ports import Clock
from core.printable import printable

#: The most seconds before the second, third and fourth attempt; full jitter shortens each.
BACKOFF: Final = (0.5, 1.0, 2.0)

#: The most seconds that a Retry-After is followed.
LONGEST_WAIT: Final = 10.0

#: For 70 to 90 ms after its start kube-apiserver answers 403 to allowed users, in the same words as
#: to others (measured with v1.36). So a 403 is retried, without jitter, until no other answer has
#: come for so many seconds. From then on a 403 is final at once.
FORBIDDEN_SECONDS: Final = 2.0
_FORBIDDEN_SHARE: Final = 0.5

_MAX_WORDS: Final = 200

_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer of the API server, of any status. `retry_after`: in seconds."""

    status: int
    body: bytes = b""
    retry_after: float = 0.0

    @property
    def words(self) -> str:
        """The status, and the message of a Kubernetes `Status`: bounded, safe to log."""
        message = read_status(self.body).message[:_MAX_WORDS]
        return f"{self.status}: {printable(message, _MAX_WORDS)}" if message else f"{self.status}"

    def object(self) -> dict[str, Any]:
        """Return the JSON object of the body; empty if the body isn't one."""
        try:
            read = json.loads(self.body)
        except (ValueError, RecursionError, MemoryError):
            return {}
        return read if isinstance(read, dict) else {}


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """No complete answer came. `size`: it is longer than allowed; `time`: no time was left."""

    cause: Literal["connection", "tls", "token", "size", "time"]
    detail: str


Outcome = Answer | NoAnswer


class Retries:
    """Repeats calls until their outcome is final or the time is up. Make one for each run."""

    def __init__(
        self,
        clock: Clock,
        *,
        sleep: Callable[[float], None] = time.sleep,  # nothing signals when a server is back
        jitter: Callable[[], float] = random.random,
        is_doubtful: bool = False,
    ) -> None:
        """`sleep`: waits, in seconds; tests pass one that doesn't. `jitter`: from 0 to 1.

        `is_doubtful`: there may be no way to the endpoint. Until it answers, attempts to connect
        are short, and a failed one isn't repeated.
        """
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._is_doubtful = is_doubtful
        self._forbidden_since: float | None = None

    @property
    def connect_seconds(self) -> float:
        """How long each address of the endpoint may take to accept a connection."""
        return SHORT_CONNECT_SECONDS if self._is_doubtful else CONNECT_SECONDS

    def outcome_of(
        self, attempt: Callable[[], Outcome], *, stop_at: float = 0.0, retry_forbidden: bool = True
    ) -> Outcome:
        """Return the last outcome. No wait takes the clock's remaining seconds down to `stop_at`.

        `retry_forbidden`: whether a 403 is retried, too.
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
        """Return the seconds until the next attempt; None if the outcome is final."""
        if isinstance(outcome, NoAnswer):
            is_repeated = outcome.cause == "connection" and not self._is_doubtful
            return ceiling * self._jitter() if is_repeated else None
        self._is_doubtful = False
        if outcome.status == 403:
            return ceiling * _FORBIDDEN_SHARE if self._may_be_starting() else None
        if outcome.status == 200:
            self._forbidden_since = None
        if outcome.status == _TOO_MANY or outcome.status >= 500:
            return max(ceiling * self._jitter(), min(outcome.retry_after, LONGEST_WAIT))
        return None

    def _may_be_starting(self) -> bool:
        remaining = self._clock.remaining()
        if self._forbidden_since is None:
            self._forbidden_since = remaining
        return self._forbidden_since - remaining < FORBIDDEN_SECONDS
