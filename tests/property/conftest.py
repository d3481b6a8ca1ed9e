"""Go's own reader of requests, against which ours is held."""

import os
from collections.abc import Iterator

import pytest

from tests.real.gocsr import GoReader, GoUnavailableError


@pytest.fixture(scope="module")
def go() -> Iterator[GoReader]:
    """Yield where there is no Go the rest can be tested all the same; in CI that is a failure."""
    try:
        reader = GoReader()
    except GoUnavailableError as error:
        lacks = f"no Go to compare with: {error}"
        if os.environ.get("REQUIRE_CONTROL_PLANE") == "1":
            pytest.fail(lacks)
        pytest.skip(lacks)
    with reader:
        yield reader
