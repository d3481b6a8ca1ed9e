"""How long the tests that go on with new seeds go on, and how what they find is repeated."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: The tests that share FUZZ_SECONDS.
_SHARERS = 2


def seeds() -> Iterator[int]:
    """New ones until this test's share of FUZZ_SECONDS is over, a few seconds by default.

    FUZZ_SEED is the first, where it is given.
    """
    end = time.monotonic() + float(os.environ.get("FUZZ_SECONDS", "6")) / _SHARERS
    seed = int(os.environ.get("FUZZ_SEED") or time.time_ns())
    while time.monotonic() < end:
        yield seed
        seed += 1


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Whatever fails within says how it is repeated."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"FUZZ_SEED={seed} repeats it")
        raise
