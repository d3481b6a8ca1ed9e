"""Each named test passes with the unchanged code, and fails without the defence that it tests."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import pytest

from tests.threats.attempt import with_the_code_as_it_is, without
from tests.threats.child import Report
from tests.threats.row import Change, Row, each_removal
from tests.threats.rows import ROWS

#: Each test uses one processor.
AT_ONCE: Final = 2

REMOVALS: Final = tuple(each_removal(ROWS))


def title(row: Row, change: Change) -> str:
    return f"{row.attack}/{change.file}:{change.old.strip()[:40]}"


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    threads = ThreadPoolExecutor(AT_ONCE)
    yield threads
    threads.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def as_it_is(pool: ThreadPoolExecutor, request: pytest.FixtureRequest) -> Future[Report]:
    """Return the report of the named tests with nothing changed."""
    return pool.submit(with_the_code_as_it_is, [row for row, _ in asked_for(request)])


@pytest.fixture(scope="module")
def removed(
    pool: ThreadPoolExecutor, request: pytest.FixtureRequest
) -> Mapping[Change, Future[Report]]:
    """Return the reports of the named tests by the change that removes their defence."""
    rows = defaultdict[Change, list[Row]](list)
    for row, change in asked_for(request):
        if change is not None:
            rows[change].append(row)
    return {change: pool.submit(without, change, rows[change]) for change in rows}


def asked_for(request: pytest.FixtureRequest) -> Iterator[tuple[Row, Change | None]]:
    """Yield the rows and changes of this session's tests: with `-k` there may be only one row."""
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.module.__name__ == __name__:
            row, change = item.callspec.params["row"], item.callspec.params.get("change")
            assert isinstance(row, Row)
            assert isinstance(change, Change | None)
            yield row, change


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.attack)
def test_the_named_test_passes_with_the_code_as_it_is(row: Row, as_it_is: Future[Report]) -> None:
    """The process is of the same kind as without the defence."""
    report = as_it_is.result().of(row.shown_by, row.cases)

    assert not report.trouble, words(report.trouble)
    assert not report.failed, words(report.failed)
    skip_if_skipped(report)
    assert report.passed, f"{row.shown_by} has no parametrization {row.cases!r}"


@pytest.mark.parametrize(
    ("row", "change"),
    [pytest.param(row, change, id=title(row, change)) for row, change in REMOVALS],
)
def test_the_named_test_fails_without_the_defence(
    row: Row, change: Change, removed: Mapping[Change, Future[Report]]
) -> None:
    """The test fails by its own assertion, not because it can't run."""
    report = removed[change].result().of(row.shown_by, row.cases)

    assert not report.trouble, words(report.trouble)
    skip_if_skipped(report)
    assert report.failed, f"{row.shown_by} passes without the defence"


def words(by_test: Mapping[str, str]) -> str:
    return "\n".join(f"{test}: {text}" for test, text in by_test.items())


def skip_if_skipped(report: Report) -> None:
    """Skip if the named test needs what isn't installed, such as SAM, and only for that reason."""
    if report.skipped and not (report.passed or report.failed):
        reason = next(iter(report.skipped.values())).removeprefix("Skipped: ")
        pytest.skip(reason)  # in CI the named test fails (REQUIRE_SAM, REQUIRE_CONTROL_PLANE)
