"""Go's own parser of requests, with which ours is compared."""

import os
from collections.abc import Iterator

import pytest

from tests.real.gocsr import GoReader, GoUnavailableError


@pytest.fixture(scope="module")
def go() -> Iterator[GoReader]:
    """Yield Go's parser; without Go, skip the test, or fail it in CI."""
    try:
        reader = GoReader()
    except GoUnavailableError as error:
        lacks = f"no Go to compare with: {error}"
        if os.environ.get("REQUIRE_CONTROL_PLANE") == "1":
            pytest.fail(lacks)
        pytest.skip(lacks)  # developers without Go still run the other property tests
    with reader:
        yield reader
