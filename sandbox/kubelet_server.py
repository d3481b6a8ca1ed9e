"""A kubelet's HTTPS port, and the client that reads logs from it as the API server does.

Until the kubelet has a certificate, each handshake ends with the TLS alert `internal error`.
"""

import socket
import ssl
from collections.abc import Callable
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from sandbox.fake_apiserver.server import TlsServer, tls_context

#: The alert in Go's words, which kubectl prints. From: Go's crypto/tls, alert.go and conn.go.
INTERNAL_ERROR: Final = "remote error: tls: internal error"

#: The same alert in OpenSSL's words. From: OpenSSL, SSL_alert_desc_string_long(3).
_ALERT: Final = "TLSV1_ALERT_INTERNAL_ERROR"

_SECONDS: Final = 10.0


class _Logs(BaseHTTPRequestHandler):
    """Answers each container's log with one line that says whose it is."""

    def do_GET(self) -> None:
        """Answer GET /containerLogs/NAMESPACE/POD/CONTAINER; anything else is not found."""
        first, *names = self.path.strip("/").split("/")
        if first != "containerLogs" or len(names) != 3:
            self.send_error(404)
            return
        namespace, pod, container = names
        body = f"{container} of {namespace}/{pod}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class KubeletServer(TlsServer):
    """A kubelet that listens on a free port of loopback."""

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: Callable[[], bytes]) -> None:
        """`certificate` returns what the kubelet has now, in PEM; empty if it has none."""
        self._key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._certificate = certificate
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.sni_callback = self._choose
        super().__init__(0, tls, _Logs)

    @property
    def port(self) -> int:
        """Return the port that it listens on."""
        return int(self.server_address[1])

    def _choose(self, connection: Any, _name: object, _context: object) -> int | None:
        """Set the certificate of one handshake, or return the alert that ends it.

        From: Kubernetes v1.36.2, pkg/kubelet/kubelet.go (GetCertificate: "no serving certificate
        available for the kubelet"); Go's crypto/tls answers such an error with this alert.
        """
        certificate = self._certificate()
        if not certificate:
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        connection.context = tls_context(self._key + certificate)
        return None


def read_log(port: int, address: str, path: str, ca_pem: str) -> str:
    """Return a container's log, or the error: in Go's words if it is the kubelet's alert.

    The kubelet is on loopback; its certificate must be for `address`, the node's IP address.
    """
    tls = ssl.create_default_context(cadata=ca_pem)
    try:
        with (
            socket.create_connection(("127.0.0.1", port), _SECONDS) as plain,
            tls.wrap_socket(plain, server_hostname=address) as connection,
        ):
            client = HTTPConnection(address)
            client.sock = connection
            client.request("GET", path)
            answer = client.getresponse()
            log = answer.read().decode()
            return log.strip() if answer.status == 200 else f"{answer.status} {answer.reason}"
    except ssl.SSLError as error:
        return INTERNAL_ERROR if error.reason == _ALERT else str(error)
