"""Which test files execute which function of `src/core`, and how long each file takes."""

import ast
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import coverage
import pytest

from tests.mutation.fork import pytest_arguments

#: What is executed when modules are imported and tests are collected: it matters to every test.
_IMPORT = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """Which test files run what.

    `seconds`: how long each file takes. `lines`: of each module, which files run which line.
    """

    seconds: dict[str, float]
    lines: dict[str, dict[int, frozenset[str]]]

    @classmethod
    def of_json(cls, value: Any) -> Self:
        """Restore what `asdict` and JSON made of one."""
        lines = {
            module: {int(line): frozenset(files) for line, files in by_line.items()}
            for module, by_line in value["lines"].items()
        }
        return cls(value["seconds"], lines)

    def files(self, module: str, line: int) -> list[str]:
        """Return the test files that may notice a change of this line.

        Those that execute any line of the same function: a change of one line may lead to others.
        """
        lines = self.lines.get(module, {})
        for body in _bodies(Path(module).read_text()):
            if line in body:
                found = frozenset[str]().union(*(lines.get(one, frozenset()) for one in body))
                return list(self.seconds) if _IMPORT in found else sorted(found)
        return list(self.seconds)


def measure(files: Sequence[str]) -> Reach:
    """Run the tests of each file. Call it in a process of its own: it imports `src/core`.

    Raises:
        RuntimeError: a test fails without any mutant.
    """
    measured = coverage.Coverage(data_file=None, config_file=False, include=["src/core/*"])
    seconds: dict[str, float] = {}
    measured.start()
    for file in files:
        started = time.monotonic()
        if pytest.main([*pytest_arguments(), file], plugins=[_Context(measured, file)]):
            raise RuntimeError(f"{file} fails without any mutant")
        seconds[file] = time.monotonic() - started
        measured.switch_context(_IMPORT)
    measured.stop()
    data = measured.get_data()
    lines = {
        str(Path(path).relative_to(Path.cwd())): {
            line: frozenset(contexts) for line, contexts in data.contexts_by_lineno(path).items()
        }
        for path in data.measured_files()
    }
    return Reach(seconds, lines)


class _Context:
    """Tells coverage which file's tests run, and when nothing but collection does."""

    def __init__(self, measured: coverage.Coverage, file: str) -> None:
        self._measured = measured
        self._file = file

    def pytest_runtestloop(self) -> None:
        self._measured.switch_context(self._file)


def _bodies(text: str) -> Iterator[range]:
    """Yield the lines of each outermost function's body, which run when it is called."""
    waiting: list[ast.AST] = [ast.parse(text)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef):
            yield range(node.body[0].lineno, (node.end_lineno or node.lineno) + 1)
        else:
            waiting += ast.iter_child_nodes(node)
