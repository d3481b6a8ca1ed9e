"""The template after SAM's transform, the stack that it creates, and what its functions report."""

from collections.abc import Iterator
from copy import deepcopy

import pytest

from tests.handlers.conftest import account, lambdas
from tests.template import templates
from tests.template.cloudformation import Stack, Template
from tests.template.java import Java
from tests.template.reported import Reported, report_every_case
from tests.template.sam import transformed

__all__ = ["account", "lambdas"]  # fixtures of the handlers' tests


@pytest.fixture(scope="session")
def template() -> Template:
    return transformed()


@pytest.fixture(scope="session")
def stack(template: Template) -> Stack:
    return template.stack()


@pytest.fixture(scope="session")
def source_stack() -> Stack:
    """Return the stack before SAM's transform, with its alarms, dashboard and saved queries."""
    return templates.source_stack()


@pytest.fixture(scope="session")
def _runs() -> list[Reported]:
    """Return the runs so far: none or one."""
    return []


@pytest.fixture
def reported(request: pytest.FixtureRequest, _runs: list[Reported]) -> Reported:
    """Run every case once, for the first test that needs it; each test gets its own copy."""
    if not _runs:
        needed = (request.getfixturevalue(name) for name in ("account", "lambdas", "monkeypatch"))
        _runs.append(report_every_case(*needed))
    return deepcopy(_runs[0])


@pytest.fixture(scope="session")
def java() -> Iterator[Java]:
    """Yield the Java of requirements-dev.txt: the machine needs none of its own."""
    with Java() as java:
        yield java
