"""The account and the functions of a test."""

import io
import os
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from itertools import count

import pytest

from core.settings import DispatchSettings, ReviewSettings
from handlers import dispatch, review
from sandbox.aws import PracticeAws
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas

_services = count()


@pytest.fixture
def account() -> Iterator[Account]:
    with ExitStack() as opened:
        yield Account(opened.enter_context(PracticeAws()), opened)


@pytest.fixture
def lambdas(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lambdas]:
    """Both functions, cold, with the template's variables and none of the caller's own."""
    known = {*ReviewSettings.model_fields, *DispatchSettings.model_fields}
    for name in [one for one in os.environ if one.lower() in known or "POWERTOOLS" in one]:
        monkeypatch.delenv(name)
    # Loggers of one service share their first stream, so each test has a service of its own.
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", f"handlers-{next(_services)}")
    monkeypatch.setenv("STACK_NAME", "csr-approver")
    monkeypatch.setenv("QUEUE_URL", account.queue_url)
    warm = (dispatch._dispatcher, dispatch._logger, review._reviewer, review._logger)
    for made in warm:
        made.cache_clear()
    printed = io.StringIO()
    with redirect_stdout(printed):
        yield Lambdas(account.aws, monkeypatch, printed)
    for made in warm:
        made.cache_clear()
