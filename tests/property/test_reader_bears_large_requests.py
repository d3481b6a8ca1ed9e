"""The reader bears whatever the API server takes: in little memory, with an end, and no surprise.

The largest that it reads at all are of 64 KiB; of larger ones it looks at the size alone.
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

#: More than any request needs, however large: objects of Python, for 64 KiB of names, say.
_MAX_BYTES = 8 * 1024 * 1024
#: So much more may the process take for all of them, one after another, in whatever language.
_MAX_GROWTH = 32 * 1024 * 1024
#: No bound on speed: nothing here takes a second, and what hangs is ended.
_HANGS_AFTER = 300

SAVED = SavedEvidence((an_instance(),), {PROFILE: ROLE}, a_cluster())


def requests() -> Iterator[tuple[str, Callable[[], bytes]]]:
    for name, make in LARGE.items():
        yield name, lambda make=make: make(FITS)  # type: ignore[misc]
    for name in HUGE:
        yield f"huge-{name}", lambda make=LARGE[name]: make(API_LIMIT)  # type: ignore[misc]


REQUESTS = dict(requests())


def is_read(request: bytes) -> bool:
    """Return whether the reader accepts it; anything but its refusal is raised."""
    try:
        pkcs10.read(request)
    except MalformedRequest:
        return False
    return True


@pytest.mark.parametrize("name", REQUESTS)
def test_reading_takes_little_memory(name: str) -> None:
    """Of Python's own, which is what grows with the number of names."""
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
    """Else others than they would be refused by their size."""
    assert 20_000 < len(REQUESTS[name]()) <= MAX_REQUEST_BYTES


@pytest.mark.parametrize("name", REQUESTS)
def test_none_is_approved_or_breaks_our_code(name: str) -> None:
    """With all checks, and the evidence of the node that asks."""
    [answer] = evaluate([a_csr(request=REQUESTS[name]())], SAVED, a_policy(), NOW, decided=False)

    assert isinstance(answer, Judged)
    assert answer.verdict is not None
    assert answer.verdict.decision is not Decision.APPROVE
    assert all(len(refusal.detail) <= 300 for refusal in answer.verdict.refusals)


def test_of_a_request_over_the_limit_only_the_size_is_kept() -> None:
    """Not even its base64 is decoded."""
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
    """Return the most memory that this process has had so far, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def read_all() -> None:
    """Read and judge all of them in this process, and print by how much it has grown for that."""
    faulthandler.dump_traceback_later(_HANGS_AFTER, exit=True)
    built = [REQUESTS[name]() for name in LARGE]
    evaluate([a_filed_csr()], SAVED, a_policy(), NOW, decided=False)
    before = _grown()
    for request in built:
        evaluate([a_csr(request=request)], SAVED, a_policy(), NOW, decided=False)
    print(_grown() - before)  # noqa: T201  the test reads it


def test_all_are_read_to_an_end_and_the_process_stays_small() -> None:
    """In a process of its own, which also shows what libraries take that aren't Python's."""
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
