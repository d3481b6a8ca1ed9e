"""`kubectl csr-approver` is the command line, wherever kubectl finds `kubectl-csr_approver`."""

import subprocess
import sys
from pathlib import Path

from core.version import VERSION
from tests.real.controlplane import build
from tests.real.node import MODULE


def test_kubectl_runs_the_command_line_as_its_plugin(tmp_path: Path) -> None:
    """The wheel's tests show that it has a command of this name."""
    plugin = tmp_path / "kubectl-csr_approver"
    plugin.write_text(
        f"#!{sys.executable}\nimport sys\nsys.path[:0] = {sys.path!r}\n"
        "from cli.main import main\nmain()\n"
    )
    plugin.chmod(0o755)

    shown = subprocess.run(  # noqa: S603  what was built here
        [build(print, MODULE), "kubectl", "csr-approver", "--version"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert f"csr-approver {VERSION}\n" == shown.stdout
