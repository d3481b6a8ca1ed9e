"""The node whose kubelet the demo starts: it has no certificate until its request is approved."""

import base64
from typing import Final, Self

from sandbox.fleet.ordinary import BROKEN, BROKEN_KEY
from sandbox.fleet.world import Fleet
from sandbox.kubelet_server import KubeletServer, read_log

#: A container's log, as the API server asks a kubelet for it.
LOG: Final = "/containerLogs/default/web/app"

#: The log, which the kubelet serves once it has its certificate.
WORKING_LOG: Final = "app of default/web"


class BrokenNode:
    """The kubelet of `BROKEN` in an open fleet. It serves with the certificate of its request."""

    def __init__(self, fleet: Fleet) -> None:
        self._cluster = fleet.clusters[BROKEN.cluster]
        self._server = KubeletServer(BROKEN_KEY, self._certificate)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close its port."""
        self._server.stop()

    def log(self) -> str:
        """Return what a pod's log is, or the error that `kubectl logs` shows."""
        return read_log(self._server.port, BROKEN.node.ip, LOG, self._cluster.signer_ca_pem)

    def condition(self) -> str:
        """Return the state of its request, in the words of `kubectl get csr`."""
        status = self._cluster.get(BROKEN.name)["status"]
        shown = [condition["type"] for condition in status.get("conditions", [])] or ["Pending"]
        return ",".join([*shown, "Issued"] if status.get("certificate") else shown)

    def _certificate(self) -> bytes:
        return base64.b64decode(self._cluster.get(BROKEN.name)["status"].get("certificate") or "")
