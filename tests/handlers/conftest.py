"""The account and the functions of a test."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count

import botocore.session
import pytest
from botocore.loaders import create_loader

from core.settings import DispatchSettings, ReviewSettings
from handlers import dispatch, review
from sandbox.aws import FakeAws
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas

_services = count()

# AWS's models are megabytes of JSON, and each cold start would read them again.
_LOADER = create_loader()


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    monkeypatch.setattr(botocore.session, "create_loader", lambda _: _LOADER)
    with ExitStack() as opened:
        yield Account(opened.enter_context(FakeAws()), opened)


@pytest.fixture
def lambdas(
    account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Lambdas]:
    """Yield both functions, cold, with the template's variables and none of the caller's."""
    known = {*ReviewSettings.model_fields, *DispatchSettings.model_fields}
    for name in [
        variable for variable in os.environ if variable.lower() in known or "POWERTOOLS" in variable
    ]:
        monkeypatch.delenv(name)
    # Loggers of one service share their first stream, so each test has its own service.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"handlers-{next(_services)}")
    monkeypatch.setenv("STACK_NAME", "csr-approver")
    monkeypatch.setenv("QUEUE_URL", account.queue_url)
    monkeypatch.setenv("MODE", "approve-only")
    warm = (dispatch._dispatcher, dispatch._logger, review._reviewer, review._logger)
    for made in warm:
        made.cache_clear()
    yield Lambdas(account.aws, monkeypatch, capsys)
    for made in warm:
        made.cache_clear()


@pytest.fixture
def enforcing(lambdas: Lambdas) -> None:
    """Set the mode that also writes denials, in which most can go wrong."""
    lambdas.settings(MODE="enforce")
