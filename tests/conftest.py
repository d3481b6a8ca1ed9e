"""The control plane that all tests share, the order of the tests, and garbage collection.

Without a control plane its tests are skipped, and the summary says why. With
REQUIRE_CONTROL_PLANE=1 nothing is skipped.
"""

import gc
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.real.controlplane import BuildError, ControlPlane, build, built

CLUSTER: Final = "prod"

#: How the reason of each skipped test begins; the summary finds these tests by it.
_SKIPPED: Final = "no control plane: "

#: The folders of the slowest files, which begin first: a slow file that begins last would keep one
#: process busy while the other waits.
_SLOWEST_FOLDERS: Final = {"threats", "package", "template", "simulation"}


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker `controlplane`."""
    config.addinivalue_line("markers", "controlplane: needs a real Kubernetes control plane")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the control plane's tests, and put the slowest folders first."""
    folder = Path(__file__).parent / "controlplane"
    for item in items:
        if folder in item.path.parents:
            item.add_marker("controlplane")
    items.sort(key=lambda item: item.path.parent.name not in _SLOWEST_FOLDERS)


def pytest_collection_finish() -> None:
    """Let the garbage collector skip what was collected: ten thousand tests live until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Yield one control plane for the session; tests use unique names, and leave it running.

    If the control plane isn't built yet, skip the test. With REQUIRE_CONTROL_PLANE=1, build it
    instead; if the build fails, so does the test.
    """
    _build_or_skip()
    with ControlPlane(CLUSTER).start(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def eks_plane(control_plane: ControlPlane) -> ControlPlane:
    """Return a control plane that understands EKS tokens and issues certificates.

    The programs of KUBEBUILDER_ASSETS do neither. With them, skip the test; with
    REQUIRE_CONTROL_PLANE=1, fail it.
    """
    if not (control_plane.has_identity and control_plane.has_signer):
        problem = (
            f"{_SKIPPED}the one in KUBEBUILDER_ASSETS has no signer and accepts no EKS tokens; "
            "unset KUBEBUILDER_ASSETS"
        )
        if _is_required():
            pytest.fail(problem)
        pytest.skip(problem)  # tests that use only `control_plane` still run
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
        reason = f"{_SKIPPED}{error}"
        pytest.skip(reason)  # the same contract tests still run on the fake API server
    if not ready:
        reason = f"{_SKIPPED}not built yet; run `python -m tests.real.controlplane build`"
        pytest.skip(reason)  # a build takes minutes: too long for a run of a few tests


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter,
) -> Generator[None, None, None]:
    """Print how many tests were skipped and why, after pytest's own last lines."""
    yield
    # The `longrepr` of a skipped test is its file, line and reason.
    reasons = [
        report.longrepr[2].removeprefix("Skipped: ")
        for report in terminalreporter.stats.get("skipped", [])
        if isinstance(report.longrepr, tuple)
    ]
    for reason in sorted({reason for reason in reasons if reason.startswith(_SKIPPED)}):
        terminalreporter.write_line(f"{reasons.count(reason)} tests skipped, {reason}", yellow=True)
