"""The nodes' programs, for tests that run only if E2E=1: `make e2e`."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.controlplane.conftest import aws, plane, profile
from tests.real.controlplane import ControlPlane, build
from tests.real.node import MODULE, NodeProgram

__all__ = ["aws", "plane", "profile"]

# Not skipped in an ordinary run, but absent: its program takes minutes to build.
collect_ignore_glob = [] if os.environ.get("E2E") == "1" else ["test_*.py"]


@pytest.fixture
def programs(plane: ControlPlane, tmp_path: Path) -> Iterator[NodeProgram]:
    """Yield the nodes' programs; those that a test starts end with it."""
    programs = NodeProgram(build(print, MODULE), plane, tmp_path)
    yield programs
    programs.close()
