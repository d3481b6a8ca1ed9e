"""New seeds for fuzzing tests: for how long, and how to repeat a failure."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: The tests that share FUZZ_SECONDS.
_SHARERS = 2


def seeds() -> Iterator[int]:
    """Yield new seeds until this test's share of FUZZ_SECONDS (default 6) is over.

    If FUZZ_SEED is set, it is the first seed.
    """
    end = time.monotonic() + float(os.environ.get("FUZZ_SECONDS", "6")) / _SHARERS
    seed = int(os.environ.get("FUZZ_SEED") or time.time_ns())
    while time.monotonic() < end:
        yield seed
        seed += 1


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Add a note to any failure within that says how to repeat it."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"FUZZ_SEED={seed} repeats it")
        raise
