"""The template after SAM's transform, the stack that it creates, and what its functions report."""

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from typing import Final

import pytest

from tests.handlers.conftest import account, lambdas
from tests.template import templates
from tests.template.cloudformation import Stack, Template
from tests.template.java import Java
from tests.template.reported import Reported, report_every_case
from tests.template.sam import to_release, transformed

__all__ = ["account", "lambdas"]  # fixtures of the handlers' tests


#: The two ways to deploy: by SAM, and by the released template.
WAYS: Final[Mapping[str, Callable[[], Template]]] = {"by-sam": transformed, "released": to_release}


@pytest.fixture(scope="session", params=WAYS)
def template(request: pytest.FixtureRequest) -> Template:
    return WAYS[request.param]()


@pytest.fixture(scope="session")
def stack(template: Template) -> Stack:
    return template.stack()


@pytest.fixture(scope="session", params=["source", "released"])
def source_stack(request: pytest.FixtureRequest) -> Stack:
    """Return the stack with its alarms, dashboard and saved queries, which SAM doesn't change."""
    return templates.source_stack() if request.param == "source" else to_release().stack()


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
