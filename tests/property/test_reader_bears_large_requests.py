"""The parser handles everything that the API server accepts, in bounded memory and time.

It parses requests up to 64 KiB; of larger ones it checks the size only.
"""

import faulthandler
import os
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.csr_items import read_item
from cli.evaluate.saved_evidence import SavedEvidence, evaluate
from core import pkcs10
from core.errors import MalformedRequest
from core.model import MAX_REQUEST_BYTES, Csr, Decision, Judged, OversizedRequest
from tests.builders import NOW, PROFILE, ROLE, a_cluster, a_csr, a_filed_csr, a_policy, an_instance
from tests.property import saved
from tests.property.large import API_LIMIT, FITS, HUGE, LARGE

#: Bytes of Python objects, more than any request needs, for example for 64 KiB of names.
_MAX_BYTES = 8 * 1024 * 1024
#: Bytes that the process may grow by for all of them, one after another, including C memory.
_MAX_GROWTH = 32 * 1024 * 1024
#: Seconds until a hanging process is ended. This doesn't test speed: nothing here takes a second.
_HANGS_AFTER = 300

SAVED = SavedEvidence((an_instance(),), {PROFILE: ROLE}, a_cluster())


def requests() -> Iterator[tuple[str, Callable[[], bytes]]]:
    for name, make in LARGE.items():
        yield name, lambda make=make: make(FITS)  # type: ignore[misc]
    for name in HUGE:
        yield f"huge-{name}", lambda make=LARGE[name]: make(API_LIMIT)  # type: ignore[misc]


REQUESTS = dict(requests())


def is_read(request: bytes) -> bool:
    """Return whether the parser accepts it; anything but its refusal is raised."""
    try:
        pkcs10.read(request)
    except MalformedRequest:
        return False
    return True


@pytest.mark.parametrize("name", REQUESTS)
def test_reading_takes_little_memory(name: str) -> None:
    """Python's own memory, which grows with the number of names, stays bounded."""
    request = REQUESTS[name]()
    tracemalloc.start()
    try:
        is_read(request)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < (_MAX_BYTES if len(request) <= MAX_REQUEST_BYTES else 100_000)


@pytest.mark.parametrize("name", LARGE)
def test_the_large_ones_are_as_large_as_may_be(name: str) -> None:
    """The large requests are just below the size limit, so that the parser reads them."""
    assert 20_000 < len(REQUESTS[name]()) <= MAX_REQUEST_BYTES


@pytest.mark.parametrize("name", REQUESTS)
def test_none_is_approved_or_breaks_our_code(name: str) -> None:
    """No large request is approved by all checks with the requester's evidence."""
    [answer] = evaluate([a_csr(request=REQUESTS[name]())], SAVED, a_policy(), NOW, decided=False)

    assert isinstance(answer, Judged)
    assert answer.verdict is not None
    assert answer.verdict.decision is not Decision.APPROVE
    assert all(len(refusal.detail) <= 300 for refusal in answer.verdict.refusals)


def test_of_a_request_over_the_limit_only_the_size_is_kept() -> None:
    """The base64 of a request over the limit isn't even decoded."""
    item = saved.a_csr(1, request="QUJD" * (API_LIMIT // 4))
    tracemalloc.start()
    try:
        read = read_item(item)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(read, Csr)
    assert read.request == OversizedRequest(API_LIMIT // 4 * 3)
    assert peak < 100_000


def _grown() -> int:
    """Return this process's peak memory so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def read_all() -> None:
    """Read and judge all of them in this process, and print its growth in bytes."""
    faulthandler.dump_traceback_later(_HANGS_AFTER, exit=True)
    built = [REQUESTS[name]() for name in LARGE]
    evaluate([a_filed_csr()], SAVED, a_policy(), NOW, decided=False)
    before = _grown()
    for request in built:
        evaluate([a_csr(request=request)], SAVED, a_policy(), NOW, decided=False)
    print(_grown() - before)  # noqa: T201  the test reads it


def test_all_are_read_to_an_end_and_the_process_stays_small() -> None:
    """A separate process also shows the memory of C libraries."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "tests.property.test_reader_bears_large_requests"],
        cwd=root,
        env=os.environ | {"PYTHONPATH": os.pathsep.join((str(root / "src"), str(root)))},
        timeout=2 * _HANGS_AFTER,
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    assert int(done.stdout) < _MAX_GROWTH


if __name__ == "__main__":
    read_all()
