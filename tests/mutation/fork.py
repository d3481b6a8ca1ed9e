"""Run tests against a mutant in a fork of this process, which has all libraries loaded already."""

import gc
import importlib.abc
import importlib.util
import io
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NoReturn

import pytest

# An endless loop, or an endless list, ends here. All tests together take five seconds.
_CPU_SECONDS = 20
_WALL_SECONDS = 120
_MEMORY_BYTES = 2 * 1024**3


def pytest_arguments() -> list[str]:
    """Return the options with which tests run: quiet, to the first failure, without a trace."""
    return ["-q", "-x", "--tb=no", "--no-header", "--no-summary", "-p", "no:cacheprovider"]


def warm_up(tests: Sequence[str]) -> None:
    """Load what the tests import, and forget what mutants may change or what may know of it."""
    with redirect_stdout(io.StringIO()):
        pytest.main([*pytest_arguments(), "--collect-only", *tests])
    for name, module in list(sys.modules.items()):
        if _is_ours(module) and not name.startswith("tests.mutation") and name != "__main__":
            del sys.modules[name]
    gc.collect()
    gc.freeze()


def _is_ours(module: ModuleType) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(Path.cwd())


def start(work: Callable[[], Any], result: Path) -> int:
    """Do `work` in a fork, which writes what it returns to the file as JSON; return its id."""
    child = os.fork()
    if not child:
        _in_child(work, result)
    return child


def _in_child(work: Callable[[], Any], result: Path) -> NoReturn:
    status = 1
    try:
        # Ctrl-C is the parent's to handle.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with io.StringIO() as lost, redirect_stdout(lost), redirect_stderr(lost):
            result.write_text(json.dumps(work(), default=sorted))
        status = 0
    finally:
        os._exit(status)


def limit() -> None:
    """Let this process be ended when it takes too long, and fail when it takes too much memory."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    signal.alarm(_WALL_SECONDS)


def killer(module: str, code: str, files: Sequence[str]) -> str:
    """Run these test files, in their order, where `module` has this code.

    Return the first test that fails, or the file that can't be collected; "" if none fails.
    """
    limit()
    sys.meta_path.insert(0, _Mutant(Path(module), code))
    for file in files:
        failed = _Failed()
        if pytest.main([*pytest_arguments(), file], plugins=[failed]):
            return failed.test or f"import of {file}"
    return ""


class _Failed:
    """The first test that failed."""

    test = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.test = self.test or report.nodeid


class _Mutant(importlib.abc.MetaPathFinder):
    """Finds the module that is mutated; everything else is found as always."""

    def __init__(self, path: Path, code: str) -> None:
        parts = path.relative_to("src").with_suffix("").parts
        self._name = ".".join(part for part in parts if part != "__init__")
        self._path = path
        self._code = code

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        del path, target
        if name != self._name:
            return None
        is_package = self._path.name == "__init__.py"
        return importlib.util.spec_from_file_location(
            name,
            self._path.absolute(),
            loader=_Loader(name, str(self._path.absolute()), self._code),
            submodule_search_locations=[str(self._path.parent.absolute())] if is_package else None,
        )


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: str) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        del fullname
        return compile(self._code, self.path, "exec")
