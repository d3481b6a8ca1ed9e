"""The control plane that all tests share, or why there is none."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.real.controlplane import BuildError, ControlPlane, build, built

CLUSTER: Final = "prod"

_ABSENT: Final = "no control plane: "
_BUILT_ONCE: Final = {"package", "template"}


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker of the control plane's tests, and the one that pytest-xdist reads."""
    config.addinivalue_line("markers", "controlplane: needs a real Kubernetes control plane")
    # The tests of tests/threats and `make mutants` run others without pytest-xdist.
    config.addinivalue_line("markers", "xdist_group(name): tests that one process must run")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the control plane's tests, and the tests that one process of pytest-xdist must run."""
    folder = Path(__file__).parent / "controlplane"
    for item in items:
        if folder in item.path.parents:
            item.add_marker("controlplane")
        item.add_marker(pytest.mark.xdist_group(_share(item.path)))


def _share(file: Path) -> str:
    """Return the name of what one process runs: a file, or a folder whose tests share a build."""
    shared = file.parent.name in _BUILT_ONCE
    return str((file.parent if shared else file).relative_to(Path(__file__).parent))


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Yield one control plane for the session; tests use unique names, and leave it running.

    If it isn't built the test is skipped; with REQUIRE_CONTROL_PLANE=1 it is built, or fails.
    """
    _build_or_skip()
    with ControlPlane(CLUSTER).start(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def eks_plane(control_plane: ControlPlane) -> ControlPlane:
    """Return a control plane that understands EKS tokens and issues certificates.

    A control plane of KUBEBUILDER_ASSETS does neither: the test fails if one is required.
    """
    if not (control_plane.has_identity and control_plane.has_signer):
        lacks = f"{_ABSENT}KUBEBUILDER_ASSETS has no signer and accepts no EKS tokens"
        if _is_required():
            pytest.fail(lacks)
        pytest.skip(lacks)  # other tests still run with those assets
    return control_plane


def _is_required() -> bool:
    return os.environ.get("REQUIRE_CONTROL_PLANE") == "1"


def _build_or_skip() -> None:
    if _is_required():
        if not os.environ.get("KUBEBUILDER_ASSETS"):
            build(print)
        return
    try:
        ready = os.environ.get("KUBEBUILDER_ASSETS") or built()
    except BuildError as error:
        pytest.skip(f"{_ABSENT}{error}")  # the fake API server is tested nevertheless
    if not ready:  # a developer who runs a few tests need not wait minutes for a build
        pytest.skip(f"{_ABSENT}not built yet; run `python -m tests.real.controlplane build`")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, None, None]:
    """Print after pytest's own closing lines what was not tested and why."""
    yield
    reasons = [
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    for reason in sorted({reason for reason in reasons if reason.startswith(_ABSENT)}):
        terminalreporter.write_line(f"{reasons.count(reason)} tests skipped, {reason}", yellow=True)
