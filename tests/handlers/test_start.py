"""When settings are read: at Lambda's start, and elsewhere only when they are needed."""

import os
import subprocess
import sys

import pytest

from tests.template.templates import ROOT


def import_alone(module: str, **environment: str) -> str:
    """Import a module in another process, without other variables; return its stderr."""
    return subprocess.run(  # noqa: S603 - the same Python
        [sys.executable, "-c", f"import {module}"],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stderr


@pytest.mark.parametrize("module", ["handlers.dispatch", "handlers.review"])
def test_outside_lambda_an_import_reads_no_settings(module: str) -> None:
    """The demo and these tests import the handlers, and set the environment later."""
    assert "" == import_alone(module)


@pytest.mark.parametrize(
    ("module", "missing"), [("handlers.dispatch", "QUEUE_URL"), ("handlers.review", "AWS_REGION")]
)
def test_a_start_in_lambda_reads_the_settings(module: str, missing: str) -> None:
    """A bad setting ends the start, and the error names it."""
    errors = import_alone(module, AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")

    assert f"BadSettings: {missing}" in errors
