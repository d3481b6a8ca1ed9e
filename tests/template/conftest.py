"""The template after SAM's transform, and the stack that it makes by default."""

import pytest

from tests.template.cloudformation import Stack, Template
from tests.template.sam import transformed


@pytest.fixture(scope="session")
def template() -> Template:
    return transformed()


@pytest.fixture(scope="session")
def stack(template: Template) -> Stack:
    return template.stack()
