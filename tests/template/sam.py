"""Find SAM and run it on the template; used by these tests and those of the package."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from package.target import ARCHITECTURES
from release.template import released
from tests.template.cloudformation import Template
from tests.template.templates import ROOT


def sam_bin() -> Path:
    """Return the folder of SAM's programs; skip the test if `make sam` hasn't been run.

    With REQUIRE_SAM=1 the test fails.
    """
    folder = ROOT / ".venv-sam" / "bin"
    if not (folder / "sam").exists():
        reason = "SAM isn't installed: run `make sam`"
        if os.environ.get("REQUIRE_SAM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)  # most tests don't need SAM, and its installation takes long
    return folder


def run(*command: str | Path, home: Path, stdin: str = "", **environment: str) -> str:
    """Run a program of SAM's environment without AWS credentials; return its stdout."""
    return _stdout_if_exited_with(0, _completed(command, home, stdin, environment))


def run_expecting(code: int, *command: str | Path, home: Path) -> str:
    """Run a program of SAM's environment, which must exit with this code; return its stdout."""
    return _stdout_if_exited_with(code, _completed(command, home, "", {}))


def _completed(
    command: Sequence[str | Path], home: Path, stdin: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    folder = sam_bin()
    return subprocess.run(  # noqa: S603 - installed by the Makefile
        [folder / command[0], *command[1:]],
        cwd=ROOT,
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "HOME": str(home),
            "SAM_CLI_TELEMETRY": "0",
            **environment,
        },
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def _stdout_if_exited_with(code: int, completed: subprocess.CompletedProcess[str]) -> str:
    assert completed.returncode == code, completed.stdout + completed.stderr
    return completed.stdout


@cache  # SAM takes seconds, and the template doesn't change
def transformed() -> Template:
    """Return the template after SAM's transform."""
    text = run(
        "python",
        ROOT / "release/transform.py",
        ROOT / "template.yaml",
        home=Path(os.devnull),  # the transform reads no configuration
        AWS_DEFAULT_REGION="us-east-1",  # SAM needs a Region to know the partition
    )
    return Template(json.loads(text))


@cache
def to_release() -> Template:
    """Return the template that `make release` writes, with invented names of the packages."""
    source = json.loads(json.dumps(transformed().source))
    return Template(released(source, {name: f"{name}.zip" for name in ARCHITECTURES}))
