"""A faulty line to an API server: a proxy that breaks what it is told to, as often as it is told.

It ends TLS with a CA of its own, and passes on what it isn't told to break, the bearer token too,
to a practice API or a real one.

    with FaultyApi(cluster.server, cluster.ca_pem) as line:
        line.breaks(says(503), method="GET", times=2)
        ...  # line.server and line.ca_pem stand in for the cluster's own
        line.heal()
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

# Each side has connections, and lengths of bodies, of its own.
_OF_ONE_LINE: Final = frozenset({"connection", "content-length", "host", "transfer-encoding"})

_UPSTREAM_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Exchange(BaseHTTPRequestHandler):
    """One request on its way through the proxy, and all that a fault may do with it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def forward(self) -> Reply:
        """What the API server answers; it has then done what was asked of it."""
        headers = dict(self.headers.items())
        return self.server.line.ask(self.command, self.path, self.body, headers)

    def answer(self, reply: Reply, share: float = 1.0) -> None:
        """Answer; of the body, so much. A body that is cut off ends the connection."""
        self.head(reply)
        self.wfile.write(reply.body[: int(len(reply.body) * share)])
        if share < 1.0:
            self.connection_deadline()

    def head(self, reply: Reply) -> None:
        """Send status and headers."""
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()

    def connection_deadline(self) -> None:
        """Reset the connection: not a word more, nor a farewell."""
        self.close_connection = True
        with suppress(OSError):
            at_once = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            os.close(self.connection.detach())

    def wait(self) -> None:
        """Say nothing until the client hangs up."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.recv(1)

    def log_message(self, *_: Any) -> None:
        """Nothing: requests carry tokens."""

    def _serve(self) -> None:
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self.server.line.fault_of(self.command, self.path)(self)
        except OSError:  # the API server, or the client, is gone
            self.connection_deadline()
        except Exception as error:  # noqa: BLE001  told when the line is closed
            self.server.line.bugs.append(error)
            self.connection_deadline()

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815  the base class calls them so


Fault = Callable[[Exchange], None]


def passes(exchange: Exchange) -> None:
    """No fault."""
    exchange.answer(exchange.forward())


def says(status: int, body: bytes | None = None, **headers: str) -> Fault:
    """An answer that isn't the API server's; by default a `Status`, as Kubernetes writes it."""
    reported = {"kind": "Status", "status": "Failure", "message": "a fault", "code": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    reply = Reply(status, json.dumps(reported).encode() if body is None else body, named)
    return lambda exchange: exchange.answer(reply)


def reset(exchange: Exchange) -> None:
    """The connection is reset; the API server hears nothing of the request."""
    exchange.connection_deadline()


def loses_the_answer(exchange: Exchange) -> None:
    """The API server does what was asked, and nobody hears of it."""
    exchange.forward()
    exchange.connection_deadline()


def cuts_off(exchange: Exchange) -> None:
    """The connection is reset in the middle of the answer's body."""
    exchange.answer(exchange.forward(), share=0.5)


def hangs(exchange: Exchange) -> None:
    """Nothing comes, for as long as the client waits."""
    exchange.wait()


def drips(each: Callable[[], None]) -> Fault:
    """The answer comes a byte at a time, for as long as the client listens.

    `each` is called before each byte: time may pass there, so that nobody needs to wait.
    """

    def fault(exchange: Exchange) -> None:
        reply = exchange.forward()
        exchange.head(reply)
        for byte in reply.body:
            each()
            exchange.wfile.write(bytes([byte]))

    return fault


def before_the_answer(happens: Callable[[], None]) -> Fault:
    """The answer comes as it should, the last on its connection, once something has happened."""

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
    """The proxy; it listens while it is open.

    `met`: how many requests met a fault. `reported`: the statuses that the API server itself
    answered.
    """

    def __init__(self, server: str, ca_pem: str, *, page: int = 0) -> None:
        """`server`: the API server's URL. `page`: most CSRs on a page, however many are asked for.

        Fewer than were asked for is what an API server may always give.
        """
        self._upstream = urlsplit(server)
        self._trust = ssl.create_default_context(cadata=ca_pem)
        self._page_size = page
        self._authority = Authority("faulty line")
        self._serving = self._authority.serving()
        self._guard = Lock()
        self._broken: list[_Broken] = []
        self._pages: list[str] = []
        self._lines: list[_Server] = []
        self._port = 0
        self.breaks_handshakes = False
        self.met = 0
        self.reported: list[int] = []
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
        """Hang up on everybody. Raises what a fault raised, unless something else was."""
        for line in self._lines:
            line.stop()
        if self.bugs and error is None:
            raise self.bugs[0]

    @property
    def server(self) -> str:
        """`https://127.0.0.1:PORT`, the same through all faults."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_pem(self) -> str:
        """The CA that vouches for it."""
        return self._authority.pem.decode()

    # --- what is broken ---------------------------------------------------------------------

    def breaks(
        self,
        fault: Fault,
        *,
        method: str = "",
        path: str = "",
        page: int = 0,
        times: float = float("inf"),
    ) -> None:
        """Have the fault meet these requests, the next `times` of them.

        `path`: a part of the path. `page`: the pages of a list, from 1; asked for again, a page
        keeps its number. Of several faults the first that was told counts.
        """
        with self._guard:
            self._broken.append(_Broken(fault, method, path, page, times))

    def refuse(self) -> None:
        """Nobody listens any more. Connections that are open stay so."""
        self._lines[-1].refuse()

    def shows_a_stranger(self) -> None:
        """New connections are shown another CA's certificate."""
        self._lines[-1].tls = tls_context(Authority("stranger").serving())

    def heal(self) -> None:
        """All is well again."""
        with self._guard:
            self._broken.clear()
        self.breaks_handshakes = False
        self._lines[-1].tls = tls_context(self._serving)
        if self._lines[-1].refuses:
            self._listen()

    # --- for its connections ----------------------------------------------------------------

    def fault_of(self, method: str, path: str) -> Fault:
        """What is to be done about a request."""
        with self._guard:
            page = self._page_of(path) if method == "GET" else 0
            for one in self._broken:
                fits = one.method in ("", method) and one.path in path
                if fits and one.page in (0, page) and one.left > 0:
                    one.left -= 1
                    self.met += 1
                    return one.fault
        return passes

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Ask the API server itself."""
        if self._page_size:
            path = re.sub(r"\blimit=\d+", f"limit={self._page_size}", path)
        kept = {name: value for name, value in headers.items() if name.lower() not in _OF_ONE_LINE}
        upstream = HTTPSConnection(
            str(self._upstream.hostname),
            self._upstream.port,
            context=self._trust,
            timeout=_UPSTREAM_SECONDS,
        )
        try:
            upstream.request(method, path, body or None, kept)
            answer = upstream.getresponse()
            self.reported.append(answer.status)
            reported = [(k, v) for k, v in answer.getheaders() if k.lower() not in _OF_ONE_LINE]
            return Reply(answer.status, answer.read(), dict(reported))
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
        self._lines.append(_Server(self._port, self._serving, self))
        self._port = self._lines[-1].server_address[1]


class _Server(TlsServer):
    def __init__(self, port: int, certificate: bytes, line: FaultyApi) -> None:
        self.line = line
        self.refuses = False
        super().__init__(port, certificate, Exchange)

    def refuse(self) -> None:
        self.shutdown()
        self.server_close()
        self.refuses = True

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.line.breaks_handshakes:
            socket.socket.recv(request, 1)  # the client has begun; what else it said is thrown away
            return
        super().finish_request(request, client_address)
