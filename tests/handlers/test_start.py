"""When settings are read: at Lambda's start, and nowhere else before they are needed."""

import os
import subprocess
import sys

import pytest

from tests.template.sam import ROOT


def import_alone(module: str, **environment: str) -> str:
    """What importing it in a process of its own, with no other environment, writes as errors."""
    return subprocess.run(  # noqa: S603 - this Python itself
        [sys.executable, "-c", f"import {module}"],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.defpath, **environment},
        capture_output=True,
        text=True,
        check=False,
    ).stderr


@pytest.mark.parametrize("module", ["handlers.dispatch", "handlers.review"])
def test_elsewhere_an_import_reads_no_settings(module: str) -> None:
    """The demo and these tests import the handlers and set the environment afterwards."""
    assert "" == import_alone(module)


@pytest.mark.parametrize(
    ("module", "missing"), [("handlers.dispatch", "QUEUE_URL"), ("handlers.review", "AWS_REGION")]
)
def test_lambda_s_start_reads_them(module: str, missing: str) -> None:
    """A bad one ends the start, and is named."""
    errors = import_alone(module, AWS_LAMBDA_INITIALIZATION_TYPE="on-demand")

    assert f"BadSettings: {missing}: " in errors
