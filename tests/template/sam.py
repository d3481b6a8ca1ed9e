"""Find SAM and run it on the template; used by these tests and those of the package."""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.template.cloudformation import Stack, Template

ROOT = Path(__file__).parents[2]


def sam_bin() -> Path:
    """Return the folder of SAM's programs; skip the test if `make sam` hasn't been run.

    With REQUIRE_SAM=1 it fails instead.
    """
    folder = ROOT / ".venv-sam" / "bin"
    if not (folder / "sam").exists():
        reason = "SAM isn't installed: run `make sam`"
        if os.environ.get("REQUIRE_SAM") == "1":
            pytest.fail(reason)
        pytest.skip(reason)  # most tests don't need it
    return folder


def run(*command: str | Path, home: Path, stdin: str = "", **environment: str) -> str:
    """Run one of SAM's programs, as on a machine without AWS credentials; return its stdout."""
    return _stdout(_ran(command, home, stdin, environment), code=0)


def run_to(code: int, *command: str | Path, home: Path) -> str:
    """Run one of SAM's programs, which must end with this code; return its stdout."""
    return _stdout(_ran(command, home, "", {}), code)


def _ran(
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


def _stdout(ran: subprocess.CompletedProcess[str], code: int) -> str:
    assert ran.returncode == code, ran.stdout + ran.stderr
    return ran.stdout


@cache
def transformed() -> Template:
    """Return the template after SAM's transform."""
    text = run(
        "python",
        ROOT / "tests/template/transform.py",
        ROOT / "template.yaml",
        home=Path(os.devnull),
        AWS_DEFAULT_REGION="us-east-1",  # SAM needs a Region to know the partition
    )
    return Template(json.loads(text))


def monitoring_of(stack: Stack) -> Stack:
    """Return the nested stack, which this stack creates from monitoring.yaml."""
    nested = stack.properties("Monitoring")
    given = nested["Parameters"]
    assert "monitoring.yaml" == nested["TemplateURL"]
    return Template.read(ROOT / nested["TemplateURL"]).stack(
        name=f"{given['Stack']}-Monitoring-1A2B3C4D5E6F", region=stack.region, **given
    )
