"""A test that can't run proves nothing, so `test_defences.py` must not count it as failed."""

import pytest

from tests.threats.attempt import report_of, without
from tests.threats.row import ROOT, Change, Row
from tests.threats.tree import changed_tree

DNS = "src/core/dns.py"
FOLDED = "return lower.removesuffix"
ROW = Row("", "tests/core/test_dns.py::test_only_one_trailing_dot_is_removed", ())


def test_a_change_that_takes_nothing_away_lets_the_test_pass() -> None:
    """The row of such a change would be reported as untrue."""
    report = without(Change(DNS, "lower case, without a trailing dot", "lower case"), [ROW])

    assert ([ROW.shown_by], {}, {}) == ([*report.passed], report.failed, report.trouble)


def test_a_change_that_takes_the_defence_away_makes_the_test_fail() -> None:
    """The report has the message of the test's own assertion."""
    report = without(Change(DNS, 'return lower.removesuffix(".")', "return name"), [ROW])

    assert {} == report.trouble
    assert "assert" in report.failed[ROW.shown_by]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(Change(DNS, FOLDED, "return return"), id="syntax"),
        pytest.param(Change(DNS, "import re\n", "import nowhere\n"), id="import"),
        pytest.param(Change(DNS, "def folded", "def other"), id="name"),
        pytest.param(Change(DNS, FOLDED, "return {}['x'] or ''.removesuffix"), id="exception"),
        pytest.param(Change(DNS, FOLDED, "__import__('os')._exit(1)\n    return ''.f"), id="death"),
    ],
)
def test_a_test_that_breaks_does_not_count_as_failed(change: Change) -> None:
    """A test that breaks for another reason doesn't prove that it tests the defence."""
    report = without(change, [ROW])

    assert ({}, {}) == (report.passed, report.failed)
    assert report.trouble


def test_a_test_that_never_ends_does_not_count_as_failed() -> None:
    """The process is ended after the time limit."""
    with changed_tree(
        Change(DNS, FOLDED, "while True: pass\n    return name.removesuffix")
    ) as root:
        report = report_of(root, {ROW.shown_by: ("",)}, limit=2.0)

    assert {"time": "no end after 2 s"} == report.trouble


def test_a_missing_test_is_reported() -> None:
    """A renamed or misspelled test proves nothing."""
    report = without(
        Change(DNS, "lower case, without", "case, without"),
        [Row("", "tests/core/test_dns.py::test_x", ())],
    )

    assert "not found: " in report.trouble["pytest"]


@pytest.mark.parametrize("old", ["nowhere in the file", "name"])
def test_a_text_that_isnt_there_exactly_once_is_refused(old: str) -> None:
    """The change could be another one than the row says."""
    with pytest.raises(ValueError, match=r"src/core/dns.py: found .* expected once"):
        Change(DNS, old, "").applied()


def test_the_repository_is_not_changed() -> None:
    """Only the tree has the change, in files of any kind."""
    change = Change("deploy/rbac.yaml", "verbs: [list]", "verbs: [get]")
    before = (ROOT / change.file).read_text()

    with changed_tree(change) as root:
        assert change.applied() == (root / change.file).read_text()
        assert (ROOT / DNS).samefile(root / DNS)
        assert before == (ROOT / change.file).read_text()
