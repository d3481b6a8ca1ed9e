"""The template after SAM's transform, the stack that it makes, and what its functions tell."""

from collections.abc import Iterator

import pytest

from tests.handlers.account import Account
from tests.handlers.conftest import account, lambdas
from tests.handlers.lambdas import Lambdas
from tests.template.cloudformation import Stack, Template
from tests.template.java import Java
from tests.template.reported import Told, all_that_is_told
from tests.template.sam import ROOT, monitoring_of, transformed

__all__ = ["account", "lambdas"]  # fixtures of the handlers' tests


@pytest.fixture(scope="session")
def template() -> Template:
    return transformed()


@pytest.fixture(scope="session")
def stack(template: Template) -> Stack:
    return template.stack()


@pytest.fixture(scope="session")
def monitoring() -> Stack:
    """The nested stack: alarms, dashboard, saved queries. SAM's transform leaves it as it is."""
    return monitoring_of(Template.read(ROOT / "template.yaml").stack())


@pytest.fixture
def reported(account: Account, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch) -> Told:
    return all_that_is_told(account, lambdas, monkeypatch)


@pytest.fixture(scope="session")
def java() -> Iterator[Java]:
    """The Java that requirements-dev.txt brings: a machine needs none of its own."""
    with Java() as java:
        yield java
