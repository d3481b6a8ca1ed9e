"""Ask several questions at once, and wait for the answers no longer than there is time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

_Question = TypeVar("_Question")
_Answer = TypeVar("_Answer")


def answers_in_time(
    ask: Callable[[_Question], _Answer],
    questions: Sequence[_Question],
    seconds: float,
    too_late: _Answer,
    *,
    at_once: int,
) -> list[_Answer]:
    """Return the answer to each question, in their order; `too_late` where it takes too long.

    A call to an API that doesn't answer takes 20 s and more. To wait for it would take the time of
    the other questions, so its thread is left running and ends with the call's own time-outs.
    """
    pool = ThreadPoolExecutor(at_once)
    asked = [pool.submit(ask, question) for question in questions]
    done, _ = wait(asked, timeout=max(0.0, seconds))
    pool.shutdown(wait=False, cancel_futures=True)
    return [one.result() if one in done else too_late for one in asked]
