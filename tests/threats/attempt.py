"""Run named tests in separate processes, with or without one defence."""

import multiprocessing
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from _pytest.config import default_plugins

from tests.threats.child import Cases, Report, run
from tests.threats.row import Change, Row
from tests.threats.tree import changed_tree

#: A test that takes longer than this without its defence doesn't count as failed.
LIMIT_SECONDS: Final = 120.0

# Imported once, in the process from which all others are forked, to save time. This list must not
# have modules of the project, because their code changes.
_WARM: Final = (
    "pytest",
    *(f"_pytest.{plugin}" for plugin in default_plugins),
    "hypothesis",
    "pydantic",
    "pydantic.dataclasses",
    "boto3",
    "kubernetes.client",
    "cryptography.x509",
    "cryptography.hazmat.primitives.serialization",
    "aws_lambda_powertools",
    "moto.ec2.responses",
    "moto.eks.responses",
    "moto.iam.responses",
    "moto.s3.models",
    "moto.sqs.responses",
    "moto.sts.responses",
    "moto.cloudwatch.models",
    "typer.testing",
    "rich.console",
    "yaml",
)

#: A change without effect, so that tests of the unchanged code run in the same way.
_NOTHING: Final = Change("src/core/dns.py", "def folded", "def folded")

_FORKING: Final = multiprocessing.get_context("forkserver")


def report_of(root: Path, cases: Cases, limit: float = LIMIT_SECONDS) -> Report:
    """Run tests of the tree at `root` in a separate process."""
    _FORKING.set_forkserver_preload(list(_WARM))
    receiving, sending = _FORKING.Pipe(duplex=False)
    process = _FORKING.Process(target=run, args=(sending, str(root), dict(cases)))
    process.start()
    sending.close()
    try:
        if not receiving.poll(limit):
            return Report(trouble={"time": f"no end after {limit:.0f} s"})
        return Report(**receiving.recv())
    except EOFError:
        return Report(trouble={"process": "the test process ended without a report"})
    finally:
        process.kill()
        process.join()
        receiving.close()


def with_the_code_as_it_is(rows: Iterable[Row]) -> Report:
    """Run the tests of these rows with nothing changed."""
    return without(_NOTHING, rows)


def without(change: Change, rows: Iterable[Row]) -> Report:
    """Run the tests of these rows with one defence taken away."""
    with changed_tree(change) as root:
        return report_of(root, _cases(rows))


def _cases(rows: Iterable[Row]) -> Cases:
    cases = defaultdict[str, tuple[str, ...]](tuple)
    for row in rows:
        cases[row.shown_by] += (row.cases,)
    return dict(cases)
