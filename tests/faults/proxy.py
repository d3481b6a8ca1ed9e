"""A faulty connection to an API server: a proxy that breaks chosen requests a number of times.

It terminates TLS with its own CA, and forwards all other requests, with their bearer tokens, to a
fake API server or a real one.

    with FaultyApi(cluster.server, cluster.ca_pem) as proxy:
        proxy.add_fault(says(503), method="GET", times=2)
        ...  # proxy.server and proxy.ca_pem stand in for the cluster's own
        proxy.heal()
"""

import json
import os
import re
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPSConnection
from http.server import BaseHTTPRequestHandler
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlsplit

from sandbox.fake_apiserver.authority import Authority
from sandbox.fake_apiserver.server import TlsServer, tls_context

# Headers that each of the two connections sets for itself, so that they aren't forwarded.
_HOP_BY_HOP: Final = frozenset({"connection", "content-length", "host", "transfer-encoding"})

# Longer than any test keeps the API server from answering; only a hanging server reaches it.
_UPSTREAM_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Exchange(BaseHTTPRequestHandler):
    """One request to the proxy, and what a fault can do with it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def forward(self) -> Reply:
        """Let the API server execute the request, and return its answer."""
        headers = dict(self.headers.items())
        return self.server.proxy.ask(self.command, self.path, self.body, headers)

    def answer(self, reply: Reply, share: float = 1.0) -> None:
        """Answer with this share of the body; if it is less than 1, reset the connection then."""
        self.head(reply)
        self.wfile.write(reply.body[: int(len(reply.body) * share)])
        if share < 1.0:
            self.reset()

    def head(self, reply: Reply) -> None:
        """Send status and headers."""
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()

    def reset(self) -> None:
        """Reset the connection without sending anything else."""
        self.close_connection = True
        with suppress(OSError):
            at_once = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            os.close(self.connection.detach())

    def wait(self) -> None:
        """Send nothing until the client closes the connection."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.recv(1)

    def log_message(self, *_: Any) -> None:
        """Log nothing: requests contain tokens."""

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.server.proxy.fault_of(self.command, self.path)(self)
        except OSError:  # the API server, or the client, is gone
            self.reset()
        except Exception as error:  # noqa: BLE001  raised when the proxy closes
            self.server.proxy.bugs.append(error)
            self.reset()

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  the base class calls them so


Fault = Callable[[Exchange], None]


def forwards(exchange: Exchange) -> None:
    """Forward the request: no fault."""
    exchange.answer(exchange.forward())


def says(status: int, body: bytes | None = None, **headers: str) -> Fault:
    """Answer in place of the API server, by default with a Kubernetes `Status`."""
    content = {"kind": "Status", "status": "Failure", "message": "a fault", "code": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = Reply(status, json.dumps(content).encode() if body is None else body, named)
    return lambda exchange: exchange.answer(reply)


def reset(exchange: Exchange) -> None:
    """Reset the connection before the request reaches the API server."""
    exchange.reset()


def loses_the_answer(exchange: Exchange) -> None:
    """Let the API server execute the request, and reset the connection."""
    exchange.forward()
    exchange.reset()


def cuts_off(exchange: Exchange) -> None:
    """Reset the connection in the middle of the answer's body."""
    exchange.answer(exchange.forward(), share=0.5)


def hangs(exchange: Exchange) -> None:
    """Send nothing for as long as the client waits."""
    exchange.wait()


def drips(each: Callable[[], None]) -> Fault:
    """Send the answer a byte at a time, for as long as the client reads.

    `each` is called before each byte: a clock can advance there without real waiting.
    """

    def fault(exchange: Exchange) -> None:
        reply = exchange.forward()
        exchange.head(reply)
        for byte in reply.body:
            each()
            exchange.wfile.write(bytes([byte]))

    return fault


def before_the_answer(happens: Callable[[], None]) -> Fault:
    """Do something, then answer normally and close the connection."""

    def fault(exchange: Exchange) -> None:
        reply = exchange.forward()
        happens()
        exchange.answer(Reply(reply.status, reply.body, {**reply.headers, "Connection": "close"}))
        exchange.close_connection = True

    return fault


@dataclass(slots=True)
class _Broken:
    fault: Fault
    method: str
    path: str
    page: int
    left: float


class FaultyApi:
    """The proxy. It listens while it is open.

    `met`: how many requests met a fault. `statuses`: the HTTP statuses of the API server's answers.
    """

    def __init__(self, server: str, ca_pem: str, *, page: int = 0) -> None:
        """Prepare a proxy to `server` (a URL); pages of lists have at most `page` CSRs if not 0.

        An API server may always send shorter pages than the client's limit.
        """
        self._upstream = urlsplit(server)
        self._trust = ssl.create_default_context(cadata=ca_pem)
        self._page_size = page
        self._authority = Authority("faulty API")
        self._serving = self._authority.serving()
        self._guard = Lock()
        self._broken: list[_Broken] = []
        self._pages: list[str] = []
        self._servers: list[_Server] = []
        self._port = 0
        self.breaks_handshakes = False
        self.met = 0
        self.statuses: list[int] = []
        self.bugs: list[Exception] = []

    def __enter__(self) -> Self:
        """Listen."""
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close all connections, and raise what a fault raised unless the block itself failed."""
        for server in self._servers:
            server.stop()
        if self.bugs and error is None:
            raise self.bugs[0]

    @property
    def server(self) -> str:
        """Return `https://127.0.0.1:PORT`, the same through all faults."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_pem(self) -> str:
        """Return the CA of the proxy's certificate, in PEM."""
        return self._authority.pem.decode()

    # --- faults -----------------------------------------------------------------------------

    def add_fault(
        self,
        fault: Fault,
        *,
        method: str = "",
        path: str = "",
        page: int = 0,
        times: float = float("inf"),
    ) -> None:
        """Apply the fault to the next `times` of these requests.

        `path`: a part of the path. `page`: a page of a list, from 1; when it is requested again, it
        keeps its number. If several faults match, the first one set counts.
        """
        with self._guard:
            self._broken.append(_Broken(fault, method, path, page, times))

    def refuse(self) -> None:
        """Stop listening. Open connections stay open."""
        self._servers[-1].refuse()

    def show_other_ca(self) -> None:
        """Show another CA's certificate on new connections."""
        self._servers[-1].tls = tls_context(Authority("other CA").serving())

    def heal(self) -> None:
        """End all faults."""
        with self._guard:
            self._broken.clear()
        self.breaks_handshakes = False
        self._servers[-1].tls = tls_context(self._serving)
        if self._servers[-1].refuses:
            self._listen()

    # --- called for each request ----------------------------------------------------------------

    def fault_of(self, method: str, path: str) -> Fault:
        """Return the fault for a request."""
        with self._guard:
            page = self._page_of(path) if method == "GET" else 0
            for broken in self._broken:
                fits = broken.method in ("", method) and broken.path in path
                if fits and broken.page in (0, page) and broken.left > 0:
                    broken.left -= 1
                    self.met += 1
                    return broken.fault
        return forwards

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send the request to the API server, and return its answer."""
        if self._page_size:
            path = re.sub(r"\blimit=\d+", f"limit={self._page_size}", path)
        kept = {name: value for name, value in headers.items() if name.lower() not in _HOP_BY_HOP}
        upstream = HTTPSConnection(
            str(self._upstream.hostname),
            self._upstream.port,
            context=self._trust,
            timeout=_UPSTREAM_SECONDS,
        )
        try:
            upstream.request(method, path, body or None, kept)
            answer = upstream.getresponse()
            self.statuses.append(answer.status)
            named = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP]
            return Reply(answer.status, answer.read(), dict(named))
        finally:
            upstream.close()

    def _page_of(self, path: str) -> int:
        [token] = parse_qs(urlsplit(path).query).get("continue", [""])
        if not token:
            self._pages = []
            return 1
        if token not in self._pages:
            self._pages.append(token)
        return self._pages.index(token) + 2

    def _listen(self) -> None:
        self._servers.append(_Server(self._port, self._serving, self))
        self._port = self._servers[-1].server_address[1]


class _Server(TlsServer):
    def __init__(self, port: int, certificate: bytes, proxy: FaultyApi) -> None:
        self.proxy = proxy
        self.refuses = False
        super().__init__(port, tls_context(certificate), Exchange)

    def refuse(self) -> None:
        self.shutdown()
        self.server_close()
        self.refuses = True

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.proxy.breaks_handshakes:
            socket.socket.recv(request, 1)  # wait until the client begins, and discard the rest
            return
        super().finish_request(request, client_address)
