"""When settings are read: at Lambda's start, and elsewhere only when they are needed."""

import os
import subprocess
import sys

import pytest

from tests.template.templates import ROOT


def import_alone(module: str, then: str = "", **environment: str) -> str:
    """Import a module in another process, without other variables; return its stderr."""
    return subprocess.run(  # noqa: S603 - the same Python
        [sys.executable, "-c", f"import {module}{then}"],
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


def test_the_reviewer_rarely_looks_for_cycles_of_objects() -> None:
    """The search is limited in Lambda only: elsewhere the process isn't the reviewer's own."""
    threshold = "; import gc, sys; sys.stderr.write(str(gc.get_threshold()[0]))"
    settings = {"AWS_REGION": "us-east-1", "STACK_NAME": "s", "POWERTOOLS_SERVICE_NAME": "s"}

    here = import_alone("handlers.review", threshold)
    in_lambda = import_alone(
        "handlers.review", threshold, AWS_LAMBDA_INITIALIZATION_TYPE="on-demand", **settings
    )

    assert "100000" == in_lambda
    assert int(here) < 100_000
