"""How `csr-approver` ends: by Ctrl-C at any instant, or when stdout takes no answer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
ENVIRONMENT: Final = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}

#: Sends Ctrl-C when a module is about to be imported.
INTERRUPTED_AT: Final = """
import os, signal, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job ignores it
sys.meta_path.insert(0, Interrupt())
from cli.main import main
main()
"""

FAILING: Final = """
import cli.app

def fail():
    raise OSError(5, "not stdout's")

cli.app.app = fail
from cli.main import main
main()
"""

Ended = subprocess.CompletedProcess[str]


def python(program: str, *arguments: str, stdout: int | IO[str] = subprocess.PIPE) -> Ended:
    return subprocess.run(  # noqa: S603  this program
        [sys.executable, "-c", program, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        check=False,
    )


COMMAND: Final = "from cli.main import main; main()"


@pytest.fixture
def csrs(tmp_path: Path) -> str:
    file = tmp_path / "csrs.json"
    file.write_text(json.dumps({"items": [{"metadata": {"name": "csr-a"}}]}))
    return str(file)


@pytest.mark.parametrize("module", ["typer", "cli.access.command", "cli.evaluate.inputs"])
def test_ctrl_c_exits_130_without_a_traceback(module: str, csrs: str) -> None:
    """Whether Typer, the commands or what one command needs is being imported."""
    ended = python(INTERRUPTED_AT.format(module=module), "evaluate", "--csr", csrs)

    assert (130, "", "") == (ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("options", [("--output", "table"), ("--output", "json")])
def test_a_full_stdout_exits_3_with_a_message(csrs: str, options: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = python(COMMAND, "evaluate", "--csr", csrs, *options, stdout=full)

    problem = "csr-approver: stdout can't be written: No space left on device\n"
    assert (3, problem) == (ended.returncode, ended.stderr)


def test_a_full_stdout_fails_help_and_version_too() -> None:
    with Path("/dev/full").open("w") as full:
        assert [3, 3] == [
            python(COMMAND, option, stdout=full).returncode for option in ("--help", "--version")
        ]


def test_a_closed_stdout_exits_3_with_a_message() -> None:
    ended = python(f"import os, sys; sys.stdout = None; {COMMAND}", "--version")

    assert 3 == ended.returncode
    assert "csr-approver: stdout is closed: the answer can't be written\n" == ended.stderr


def test_a_pipe_without_a_reader_exits_3_in_silence(csrs: str) -> None:
    """Exit 1 would mean that the answer is no."""
    reader, writer = os.pipe()
    os.close(reader)
    ended = python(COMMAND, "evaluate", "--csr", csrs, stdout=writer)
    os.close(writer)

    assert (3, "") == (ended.returncode, ended.stderr)


def test_an_error_that_no_command_handles_exits_3_with_its_traceback() -> None:
    """Exit 1 would mean that the answer is no."""
    ended = python(FAILING)

    assert 3 == ended.returncode
    assert "Traceback" in ended.stderr
    assert ended.stderr.endswith(
        "not stdout's\ncsr-approver: this is a bug: please report it with the lines above\n"
    )
