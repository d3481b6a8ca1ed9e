"""`docs/kubelets.md` names only tests that exist."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
DOC: Final = (ROOT / "docs" / "kubelets.md").read_text()
TESTS: Final = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOC)


@pytest.mark.parametrize(("file", "test"), TESTS)
def test_the_test_exists(file: str, test: str) -> None:
    """The named file has a test of this name."""
    assert f"\ndef {test}(" in (ROOT / file).read_text()


def test_each_event_has_its_test() -> None:
    """A row of the table without a test would only be a claim."""
    rows = [line for line in DOC.splitlines() if line.startswith("| ")]

    assert len(rows) - 1 == len([row for row in rows if "`tests/" in row])
    assert len(rows) > 10
