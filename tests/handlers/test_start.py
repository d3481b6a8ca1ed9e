"""When settings are read: at Lambda's start, and elsewhere only when they are needed."""

import os
import subprocess
import sys

import pytest

from handlers.process import use_one_cpu
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


REVIEWER = {
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_REGION": "us-east-1",
    "STACK_NAME": "s",
    "POWERTOOLS_SERVICE_NAME": "s",
}


def test_the_reviewer_rarely_looks_for_cycles_of_objects() -> None:
    """The search is limited in Lambda only: elsewhere the process isn't the reviewer's own."""
    threshold = "; import gc, sys; sys.stderr.write(str(gc.get_threshold()[0]))"

    here = import_alone("handlers.review", threshold)
    in_lambda = import_alone("handlers.review", threshold, **REVIEWER)

    assert "100000" == in_lambda
    assert int(here) < 100_000


ALL_CPUS = sorted(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}, ALL_CPUS),
        (REVIEWER, ALL_CPUS),
        ({**REVIEWER, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}, ALL_CPUS[-1:]),
        ({**REVIEWER, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1768"}, ALL_CPUS[-1:]),
        ({**REVIEWER, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769"}, ALL_CPUS),
    ],
    ids=["elsewhere", "unknown-memory", "less-than-one", "a-little-less", "one"],
)
def test_the_reviewer_keeps_to_one_cpu_if_it_has_the_time_of_less(
    environment: dict[str, str], expected: list[int]
) -> None:
    cpus = "; import os, sys; sys.stderr.write(str(sorted(os.sched_getaffinity(0))))"

    assert str(expected) == import_alone("handlers.review", cpus, **environment)


def test_where_the_system_lets_no_process_choose_its_cpu_the_reviewer_starts() -> None:
    def refused(_process: int, _cpus: set[int]) -> None:
        raise PermissionError

    use_one_cpu({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512"}, pin=refused)
