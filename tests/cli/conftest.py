"""A fake AWS account, and the command line run with its credentials."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import botocore.session
import pytest
from botocore.loaders import create_loader
from typer.testing import CliRunner, Result

from adapters.retry import Retries
from cli.app import app
from sandbox.aws import FakeAws
from tests.cli.aws_stub import AwsStub
from tests.cli.policies import covering, record
from tests.cli.schemas import check
from tests.handlers.account import Account

# AWS's models are megabytes of JSON, which each command would read again.
_LOADER = create_loader()


class CommandRunner:
    """Runs commands with output into a wide pipe. `environment`: variables for the commands."""

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}

    def run(self, *arguments: str, code: int = 0, stdin: str | None = None) -> Result:
        """Run a command; fail if it ends with another code, a traceback, or asks AWS too much."""
        with covering(arguments[0]):
            result = CliRunner().invoke(
                app, list(arguments), input=stdin, env={"COLUMNS": "300", **self.environment}
            )
        assert (result.exit_code, "Traceback" in result.output) == (code, False), result.output
        assert "\x1b" not in result.output
        return result

    def json(self, *arguments: str, code: int = 0, stdin: str | None = None) -> Any:
        """Return what a command prints for programs, if it has the documented shape."""
        result = self.run(*arguments, "--output", "json", code=code, stdin=stdin)
        answer = json.loads(result.stdout)
        check(arguments[0], answer)
        return answer


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry at once: tests/adapters/test_retry.py says how long retries wait."""
    at_once = partial(Retries, sleep=lambda _: None)
    for module in ("cli.account.cluster_api", "adapters.csr_api"):
        monkeypatch.setattr(f"{module}.Retries", at_once)


@pytest.fixture
def runner() -> CommandRunner:
    return CommandRunner()


@contextmanager
def an_account() -> Iterator[Account]:
    """Run a fake account, out of reach of a proxy."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as opened:
        patch.setattr(botocore.session, "create_loader", lambda _: _LOADER)
        for name in [
            variable for variable in os.environ if variable.upper() in {"HTTPS_PROXY", "HTTP_PROXY"}
        ]:
            patch.delenv(name)
        record(patch)
        yield Account(opened.enter_context(FakeAws()), opened)


@pytest.fixture
def account() -> Iterator[Account]:
    with an_account() as account:
        yield account


@pytest.fixture
def stub(account: Account, monkeypatch: pytest.MonkeyPatch) -> AwsStub:
    """Return the operations that moto lacks, in the fake account."""
    assert account
    made = AwsStub()
    made.install(monkeypatch)
    return made
