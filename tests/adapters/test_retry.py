"""Which calls to a Kubernetes API are tried again, how often, and how long is waited between."""

from collections.abc import Callable

import pytest

from adapters.retry import BACKOFF, FORBIDDEN_SECONDS, LONGEST_WAIT, Answer, NoAnswer, Outcome
from adapters.retry import Retries as Policy
from tests.adapters.scripted_api import StillClock

CUT = NoAnswer("connection", "reset")
OK = Answer(200)


class Calls:
    """Calls that end so, one after another, the last for ever; and how many were made."""

    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = list(outcomes)
        self.made = 0

    def __call__(self) -> Outcome:
        self.made += 1
        return self._outcomes[min(self.made, len(self._outcomes)) - 1]


def retries(clock: StillClock, jitter: Callable[[], float] = lambda: 1.0) -> Policy:
    return Policy(clock, sleep=clock.sleep, jitter=jitter)


@pytest.mark.parametrize("status", [200, 301, 307, 400, 401, 404, 409, 410, 413, 422])
def test_final_statuses(status: int) -> None:
    """An answer that would be the same a second later is final at once."""
    clock, calls = StillClock(), Calls(Answer(status), OK)

    assert Answer(status) == retries(clock).outcome_of(calls)
    assert [] == clock.slept


@pytest.mark.parametrize("status", [403, 429, 500, 502, 503, 504])
def test_passing_statuses(status: int) -> None:
    """An answer that may be different a second later is asked for again."""
    calls = Calls(Answer(status), OK)

    assert retries(StillClock()).outcome_of(calls) == OK
    assert calls.made == 2


@pytest.mark.parametrize("cause", ["tls", "token", "size", "time"])
def test_final_failures(cause: str) -> None:
    """Only a broken connection passes; a TLS failure, for one, doesn't."""
    calls = Calls(NoAnswer(cause, "…"), OK)  # type: ignore[arg-type]

    assert retries(StillClock()).outcome_of(calls) == NoAnswer(cause, "…")  # type: ignore[arg-type]
    assert calls.made == 1


def test_attempts_are_counted() -> None:
    """After four attempts in all the last outcome stands."""
    clock, calls = StillClock(), Calls(Answer(500), CUT, Answer(503), Answer(502), OK)

    assert Answer(502) == retries(clock).outcome_of(calls)
    assert calls.made == 4
    assert list(BACKOFF) == clock.slept


def test_jitter() -> None:
    """Waits are drawn from nothing up to their ceiling, so that callers don't return in step."""
    clock = StillClock()

    retries(clock, jitter=lambda: 0.25).outcome_of(Calls(CUT))

    assert [ceiling / 4 for ceiling in BACKOFF] == clock.slept


def test_retry_after() -> None:
    """What the server asks for in Retry-After is the least that is waited."""
    clock = StillClock()

    retries(clock).outcome_of(Calls(Answer(429, retry_after=3.0), OK))

    assert [3.0] == clock.slept


def test_long_retry_after() -> None:
    """Of a long Retry-After only so much is waited."""
    clock = StillClock()

    retries(clock).outcome_of(Calls(Answer(503, retry_after=3600.0), OK))

    assert [LONGEST_WAIT] == clock.slept


def test_no_time_to_wait() -> None:
    """A wait that would use up the time isn't begun; the outcome so far stands."""
    clock, calls = StillClock(seconds=5.0), Calls(Answer(429, retry_after=5.0), OK)

    assert retries(clock).outcome_of(calls) == Answer(429, retry_after=5.0)
    assert [] == clock.slept


def test_earlier_end() -> None:
    """The end of the time may be set earlier than the clock's own."""
    clock = StillClock(seconds=5.0)

    assert retries(clock).outcome_of(Calls(CUT, OK), stop_at=4.5) == CUT
    assert retries(clock).outcome_of(Calls(CUT, OK), stop_at=4.4) == OK


def test_forbidden_moment() -> None:
    """A 403 is waited out for the moment that a starting API server takes, whatever the jitter."""
    clock, calls = StillClock(), Calls(Answer(403))

    assert retries(clock, jitter=lambda: 0.0).outcome_of(calls) == Answer(403)
    assert sum(clock.slept) == pytest.approx(1.75)


def test_forbidden_for_good() -> None:
    """Once 403s have been all that came for a while, further calls don't wait for them."""
    clock = StillClock()
    policy = retries(clock)
    policy.outcome_of(Calls(Answer(403)))
    clock.seconds -= FORBIDDEN_SECONDS
    calls = Calls(Answer(403), OK)

    assert policy.outcome_of(calls) == Answer(403)
    assert calls.made == 1


def test_allowed_again() -> None:
    """A call that was allowed makes the next 403 a passing one again."""
    clock = StillClock()
    policy = retries(clock)
    policy.outcome_of(Calls(Answer(403)))
    clock.seconds -= FORBIDDEN_SECONDS
    policy.outcome_of(Calls(OK))

    assert policy.outcome_of(Calls(Answer(403), OK)) == OK


def test_unforgiving() -> None:
    """Where a 403 can be nothing but a refusal, it is final at once; all else is as ever."""
    clock, calls = StillClock(), Calls(CUT, Answer(403), OK)

    assert retries(clock).outcome_of(calls, retry_forbidden=False) == Answer(403)
    assert (calls.made, len(clock.slept)) == (2, 1)


def test_words() -> None:
    """An answer in words is its status and the message of a Status, on one line and bounded."""
    body = b'{"kind": "Status", "message": "%s"}' % (rb"no\nsuch" + b" thing" * 100)

    assert Answer(404, body).words.startswith("404: no\\nsuch thing thing")
    assert len(Answer(404, body).words) == 205


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"message": 5}', b"[" * 100_000])
def test_words_of_something_else(body: bytes) -> None:
    """An answer that is no Status is told by its status alone."""
    assert Answer(502, body).words == "502"
