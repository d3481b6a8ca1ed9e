"""Which calls to a Kubernetes API are retried, how often, and after how long."""

from collections.abc import Callable

import pytest

from adapters.retry import BACKOFF, FORBIDDEN_SECONDS, LONGEST_WAIT, Answer, NoAnswer, Outcome
from adapters.retry import Retries as Policy
from tests.adapters.scripted_api import StillClock

CUT = NoAnswer("connection", "reset")
OK = Answer(200)


class Calls:
    """Calls with these outcomes in turn, the last repeated; counts them."""

    def __init__(self, *outcomes: Outcome) -> None:
        self._outcomes = list(outcomes)
        self.made = 0

    def __call__(self) -> Outcome:
        self.made += 1
        return self._outcomes[min(self.made, len(self._outcomes)) - 1]


def retries(clock: StillClock, jitter: Callable[[], float] = lambda: 1.0) -> Policy:
    return Policy(clock, sleep=clock.sleep, jitter=jitter)


@pytest.mark.parametrize("status", [200, 301, 307, 400, 401, 404, 409, 410, 413, 422])
def test_an_answer_that_would_be_the_same_later_is_final(status: int) -> None:
    """An answer that would be the same a second later is final."""
    clock, calls = StillClock(), Calls(Answer(status), OK)

    assert Answer(status) == retries(clock).outcome_of(calls)
    assert [] == clock.slept


@pytest.mark.parametrize("status", [403, 429, 500, 502, 503, 504])
def test_an_answer_that_may_differ_later_is_retried(status: int) -> None:
    """A call whose answer may be different a second later is retried."""
    calls = Calls(Answer(status), OK)

    assert retries(StillClock()).outcome_of(calls) == OK
    assert calls.made == 2


@pytest.mark.parametrize("cause", ["tls", "token", "size", "time"])
def test_only_a_broken_connection_is_retried(cause: str) -> None:
    """Only a broken connection is retried; a TLS failure, for example, isn't."""
    calls = Calls(NoAnswer(cause, "…"), OK)  # type: ignore[arg-type]

    assert retries(StillClock()).outcome_of(calls) == NoAnswer(cause, "…")  # type: ignore[arg-type]
    assert calls.made == 1


def test_attempts_are_counted() -> None:
    """After four attempts in all the last outcome is returned."""
    clock, calls = StillClock(), Calls(Answer(500), CUT, Answer(503), Answer(502), OK)

    assert Answer(502) == retries(clock).outcome_of(calls)
    assert calls.made == 4
    assert list(BACKOFF) == clock.slept


def test_waits_are_random_up_to_their_ceiling() -> None:
    """Waits are random, from 0 to their ceiling, so that callers don't retry at the same time."""
    clock = StillClock()

    retries(clock, jitter=lambda: 0.25).outcome_of(Calls(CUT))

    assert [ceiling / 4 for ceiling in BACKOFF] == clock.slept


def test_a_wait_is_at_least_the_servers_retry_after() -> None:
    """The wait is at least the server's Retry-After."""
    clock = StillClock()

    retries(clock).outcome_of(Calls(Answer(429, retry_after=3.0), OK))

    assert [3.0] == clock.slept


def test_the_wait_for_a_long_retry_after_is_limited() -> None:
    """The wait for a long Retry-After is limited."""
    clock = StillClock()

    retries(clock).outcome_of(Calls(Answer(503, retry_after=3600.0), OK))

    assert [LONGEST_WAIT] == clock.slept


def test_without_time_to_wait_the_outcome_so_far_is_returned() -> None:
    """There is no wait that would use up the time; the outcome so far is returned."""
    clock, calls = StillClock(seconds=5.0), Calls(Answer(429, retry_after=5.0), OK)

    assert retries(clock).outcome_of(calls) == Answer(429, retry_after=5.0)
    assert [] == clock.slept


def test_earlier_end() -> None:
    """A caller may set an earlier end than the clock's."""
    clock = StillClock(seconds=5.0)

    assert retries(clock).outcome_of(Calls(CUT, OK), stop_at=4.5) == CUT
    assert retries(clock).outcome_of(Calls(CUT, OK), stop_at=4.4) == OK


def test_a_403_is_retried_while_an_api_server_may_be_starting() -> None:
    """A 403 is retried for as long as an API server may take to start, without jitter."""
    clock, calls = StillClock(), Calls(Answer(403))

    assert retries(clock, jitter=lambda: 0.0).outcome_of(calls) == Answer(403)
    assert sum(clock.slept) == pytest.approx(1.75)


def test_a_403_that_lasts_is_not_retried_by_later_calls() -> None:
    """After a while with no other answer than 403, later calls don't retry it."""
    clock = StillClock()
    policy = retries(clock)
    policy.outcome_of(Calls(Answer(403)))
    clock.seconds -= FORBIDDEN_SECONDS
    calls = Calls(Answer(403), OK)

    assert policy.outcome_of(calls) == Answer(403)
    assert calls.made == 1


def test_allowed_again() -> None:
    """After an allowed call the next 403 is retried again."""
    clock = StillClock()
    policy = retries(clock)
    policy.outcome_of(Calls(Answer(403)))
    clock.seconds -= FORBIDDEN_SECONDS
    policy.outcome_of(Calls(OK))

    assert policy.outcome_of(Calls(Answer(403), OK)) == OK


def test_with_retry_forbidden_false_a_403_is_final() -> None:
    """With `retry_forbidden=False` a 403 is final; other outcomes are retried as usual."""
    clock, calls = StillClock(), Calls(CUT, Answer(403), OK)

    assert retries(clock).outcome_of(calls, retry_forbidden=False) == Answer(403)
    assert (calls.made, len(clock.slept)) == (2, 1)


def test_the_words_are_the_status_and_its_message() -> None:
    """The words are the status and the message of a `Status`, on one line and bounded."""
    body = b'{"kind": "Status", "message": "%s"}' % (rb"no\nsuch" + b" thing" * 100)

    assert Answer(404, body).words.startswith("404: no\\nsuch thing thing")
    assert len(Answer(404, body).words) == 205


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b'{"message": 5}', b"[" * 100_000])
def test_the_words_for_another_body_are_its_status(body: bytes) -> None:
    """The words for another body are its status only."""
    assert Answer(502, body).words == "502"
