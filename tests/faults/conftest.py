"""One account and one cluster for all rows; each begins without CSRs and with cold functions."""

from collections.abc import Iterator
from contextlib import ExitStack

import botocore.session
import pytest
from botocore.loaders import create_loader

from sandbox.aws import FakeAws
from tests.faults.fake_server import FakeServer
from tests.faults.rig import CLUSTER
from tests.handlers.account import Account
from tests.handlers.conftest import lambdas

__all__ = ["account", "fake_server", "lambdas"]

pytest.register_assert_rewrite("tests.faults.check")

_LOADER = create_loader()


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with pytest.MonkeyPatch.context() as patch, ExitStack() as opened:
        patch.setattr(botocore.session, "create_loader", lambda _: _LOADER)
        yield Account(opened.enter_context(FakeAws()), opened)


@pytest.fixture(scope="module")
def fake_server(account: Account) -> FakeServer:
    """Return the fake API server, with the approver's access set up."""
    return FakeServer(account.cluster(CLUSTER))
