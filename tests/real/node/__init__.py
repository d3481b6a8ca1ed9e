"""A kubelet without containers, AWS's cloud controller and kubectl, for the end-to-end test.

The Go module in this folder is one binary with all three, apart from the control plane's because
it is much larger.
"""

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from sandbox.aws import FakeAws
from tests.real.controlplane import ControlPlane
from tests.real.controlplane.process import Process

MODULE: Final = Path(__file__).parent

_SECONDS: Final = 30


class NodeProgram:
    """The programs of a cluster's nodes, with their files in a folder."""

    def __init__(self, binary: Path, plane: ControlPlane, folder: Path) -> None:
        """Start nothing yet."""
        self._binary = str(binary)
        self._plane = plane
        self._folder = folder
        self._admin = plane.kubeconfig(folder / "admin.kubeconfig")
        self._started: list[Process] = []

    def kubectl(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run kubectl as the administrator."""
        return subprocess.run(  # noqa: S603 - what was built here
            [self._binary, "kubectl", f"--kubeconfig={self._admin}", *arguments],
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )

    def start_kubelet(self, name: str, token: str, *, ip: str, port: int, provider: str) -> None:
        """Start a node's kubelet. `ip` must be an address of this machine."""
        flags = [
            f"--kubeconfig={self._plane.kubeconfig(self._folder / 'node.kubeconfig', token=token)}",
            f"--client-ca={self._plane.kubelet_client_ca}",
            f"--directory={self._folder}",
            f"--name={name}",
            f"--node-ip={ip}",
            f"--port={port}",
            f"--provider-id={provider}",
        ]
        self._start("kubelet", flags, {})

    def start_cloud(self, aws: FakeAws, *, vpc: str, families: Sequence[str] = ("ipv4",)) -> None:
        """Start the cloud controller: it writes each new node's addresses as EC2 shows them."""
        flags = [
            f"--kubeconfig={self._admin}",
            f"--families={','.join(families)}",
            f"--vpc={vpc}",
            f"--cluster={self._plane.cluster}",
        ]
        self._start("cloud", flags, aws.environment())

    def close(self) -> None:
        """End the kubelets and cloud controllers."""
        while self._started:
            self._started.pop().stop()

    def _start(self, part: str, flags: list[str], environ: Mapping[str, str]) -> None:
        process = Process(
            part,
            [self._binary, part, *flags],
            folder=self._folder,
            ready=lambda: True,
            own=False,
            environ=environ,
        )
        process.start()
        self._started.append(process)
