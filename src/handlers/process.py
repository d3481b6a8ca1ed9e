"""How the reviewer's process runs in Lambda: its search for cycles of objects, and its CPU."""

import gc
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

#: By default Python looks for cycles of objects after every 2,000 new ones. EC2's answers make
#: hundreds of thousands without a cycle, and the search took a tenth of the time of an approval.
OBJECTS_BEFORE_COLLECTION: Final = 100_000

#: The memory with which a function has the time of one CPU; with less, it has less.
#: From: AWS Lambda Developer Guide, "Configure Lambda function memory".
MEGABYTES_OF_ONE_CPU: Final = 1_769

_Pin = Callable[[int, set[int]], None]


def limit_collections() -> None:
    """Make Python look for cycles of objects rarely."""
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION)


def use_one_cpu(environ: Mapping[str, str], pin: _Pin | None = None) -> None:
    """Keep the calling thread, and all that it starts, on one CPU, if the function pays for less.

    Python runs one thread at a time. A thread that gets its turn on another CPU has to be woken
    there and finds cold caches: with two CPUs, an approval took 15 % more processor time. Lambda
    limits the time of all CPUs together, so nothing is lost.
    `pin`: instead of `os.sched_setaffinity`. If the system refuses, nothing changes.
    """
    memory = environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    if sys.platform != "linux" or not memory.isdecimal() or int(memory) >= MEGABYTES_OF_ONE_CPU:
        return
    with suppress(OSError):
        (pin or os.sched_setaffinity)(0, {max(os.sched_getaffinity(0))})
