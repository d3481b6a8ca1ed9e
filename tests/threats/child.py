"""The forked process: it runs pytest on a few tests, and reports in plain values.

This module imports nothing of the project; otherwise the process would have the unchanged code.
"""

import gc
import io
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from typing import Final

import pytest

#: Exceptions of a test that fails as intended; `pytest.raises` raises the second.
ASSERTION_FAILURES: Final = (AssertionError, pytest.fail.Exception)

#: The tests as pytest names them. A parametrization's id must contain one of the test's texts.
Cases = Mapping[str, tuple[str, ...]]

_SETUP: Final = "pyproject.toml"
_MOST_WORDS: Final = 2_000


@dataclass
class Report:
    """How the tests ended: messages by node id. `trouble`: why tests couldn't run properly."""

    passed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)

    def of(self, test: str, cases: str) -> "Report":
        """Return the part about one test's parametrizations, and the trouble of all tests."""

        def part(words: Mapping[str, str]) -> dict[str, str]:
            return {one: text for one, text in words.items() if is_wanted(one, {test: (cases,)})}

        of_all = {one: text for one, text in self.trouble.items() if "::" not in one}
        return Report(
            passed=part(self.passed),
            skipped=part(self.skipped),
            failed=part(self.failed),
            trouble={**of_all, **part(self.trouble)},
        )


def is_wanted(node_id: str, cases: Cases) -> bool:
    """Return whether a test is named in `cases`, and its parameters are wanted."""
    test, _, parameters = node_id.partition("[")
    return any(text in parameters for text in cases.get(test, ()))


class _Watch:
    """A pytest plugin that selects the parametrizations and makes the report."""

    def __init__(self, cases: Cases) -> None:
        self.report = Report()
        self._cases = cases

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep the wanted parametrizations."""
        items[:] = [item for item in items if is_wanted(item.nodeid, self._cases)]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Report what can't be imported or found."""
        if report.failed:
            self.report.trouble[report.nodeid] = report.longreprtext

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Report how a test ended, and by which kind of exception."""
        result = yield
        self._note(item.nodeid, call, result)
        return result

    def _note(self, test: str, call: pytest.CallInfo[None], result: pytest.TestReport) -> None:
        if result.skipped:
            reason = result.longrepr
            self.report.skipped[test] = reason[2] if isinstance(reason, tuple) else str(reason)
        elif result.failed and call.when == "call" and call.excinfo is not None:
            if call.excinfo.errisinstance(ASSERTION_FAILURES):
                self.report.failed[test] = str(call.excinfo.value)
            else:
                self.report.trouble[test] = result.longreprtext
        elif result.failed:
            self.report.trouble[test] = f"in {call.when}: {result.longreprtext}"
        elif call.when == "call":
            self.report.passed[test] = ""


def run(sending: Connection, root: str, cases: Cases) -> None:
    """Run tests of the tree at `root`, and send the report as a dictionary.

    A dictionary, because pickle no longer finds this module's classes.
    """
    _forget_the_repository()
    gc.freeze()  # pytest collects garbage several times; exclude the objects that exist already
    os.chdir(root)
    # Plugins of other libraries load slowly and aren't needed here.
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ.pop("PYTEST_ADDOPTS", None)
    watch, shown = _Watch(cases), io.StringIO()
    options = (
        "-q",
        "-p",
        "no:cacheprovider",
        "--tb=native",  # pytest's own style searches all modules for each line of source
        f"--rootdir={root}",
        f"--config-file={root}/{_SETUP}",
    )
    with redirect_stdout(shown), redirect_stderr(shown):
        code = pytest.main([*options, *(f"{root}/{test}" for test in cases)], plugins=[watch])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        watch.report.trouble["pytest"] = shown.getvalue()[-_MOST_WORDS:]
    sending.send(asdict(watch.report))


def _forget_the_repository() -> None:
    """Let tests be imported from the tree: this module and its package came from the repository.

    Neither this process nor those that it starts write bytecode, because the tree's links would put
    the changed code's into the repository.
    """
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
