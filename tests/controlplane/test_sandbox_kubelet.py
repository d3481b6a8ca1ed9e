"""The real API server gets from the sandbox's kubelet what it gets from a real one."""

import base64
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingUnixStreamServer
from threading import Thread

from sandbox.aws import FakeAws
from sandbox.kubelet import kubelet_request
from sandbox.kubelet_server import KubeletServer
from tests.controlplane.nodes import join, review, stored
from tests.controlplane.pods import logs, run_pod
from tests.real.controlplane import ControlPlane, eventually


@contextmanager
def relayed(path: Path, port: int) -> Iterator[None]:
    """Connect a Unix socket with a port of loopback."""

    class Relay(BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(("127.0.0.1", port)) as kubelet:
                back = Thread(target=copy, args=(kubelet, self.request))
                back.start()
                copy(self.request, kubelet)
                back.join()

    with ThreadingUnixStreamServer(str(path), Relay) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield
        server.shutdown()
        thread.join()


def copy(sender: socket.socket, receiver: socket.socket) -> None:
    """Copy until the sender ends, then end too."""
    try:
        while data := sender.recv(65_536):
            receiver.sendall(data)
        receiver.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_the_api_server_reports_an_internal_error_until_one_review(
    plane: ControlPlane, aws: FakeAws, profile: str
) -> None:
    """The demo's symptom is what `kubectl logs` shows, word for word."""
    node = join(plane, aws, profile)
    pem, key = kubelet_request(node.name, dns=[node.name], ips=[node.ip])
    csr = node.send(pem)

    def certificate() -> bytes:
        return base64.b64decode(stored(plane, csr)["status"].get("certificate", ""))

    run_pod(plane, node, "sandbox")
    kubelet = KubeletServer(key, certificate)
    with relayed(plane.kubelet_socket(node.ip), kubelet.port):
        status, answer = logs(plane, "sandbox")
        assert (500, True) == (status, "remote error: tls: internal error" in answer), answer

        review(plane)

        eventually(lambda: certificate() or None, "the certificate")
        assert (200, "app of default/sandbox\n") == logs(plane, "sandbox")
    kubelet.stop()
