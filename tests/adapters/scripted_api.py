"""An HTTPS server with scripted answers, a clock that stands still, and CSRs as they are listed."""

import base64
import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from adapters.csr_api import KubernetesCsrApi
from adapters.csr_pages import Limits
from adapters.retry import Retries
from core.model import KUBELET_SERVING, Csr, Write
from sandbox.fake_apiserver import protobuf
from tests.adapters.old_authority import old_authority
from tests.builders import NODE, NOW, an_extra

Json = dict[str, Any]


class StillClock:
    """A clock that moves only if a test sets it, or by `sleep`."""

    def __init__(self, seconds: float = 50.0) -> None:
        self.seconds = seconds
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW

    def remaining(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds -= seconds


@dataclass(frozen=True)
class ReceivedRequest:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Json:
        """The object that was sent, as JSON."""
        if self.headers["Content-Type"] == protobuf.MEDIA_TYPE:
            return protobuf.decode(self.body)
        return dict(json.loads(self.body))


@dataclass(frozen=True)
class Reply:
    """An answer. `cut`: how many bytes of the body are sent before the server hangs up."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: int | None = None
    chunked: bool = False


HANGS_UP = Reply(0)
"""The server closes the connection instead of answering."""

Answering = Callable[[ReceivedRequest], Reply]


def reply(status: int = 200, content: Any = None, **headers: str) -> Reply:
    """JSON with a status; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, json.dumps(content if content is not None else {}).encode(), named)


def an_object(content: Json, **headers: str) -> Reply:
    """A CSR or a list of them, in protobuf."""
    return replace(reply(200, **headers), body=protobuf.encode(content))


def failure(code: int, message: str = "", **headers: str) -> Reply:
    """A Kubernetes `Status` of failure."""
    content = {"kind": "Status", "status": "Failure", "message": message, "code": code}
    return reply(code, content, **headers)


def in_turn(*replies: Reply) -> Answering:
    """Return these replies one after another; the last one is repeated."""
    left = list(replies)
    guard = Lock()

    def answer(_: ReceivedRequest) -> Reply:
        with guard:
            return left.pop(0) if len(left) > 1 else left[0]

    return answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    timeout = 10
    server: "_Server"

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        seen = ReceivedRequest(self.command, self.path, dict(self.headers), body)
        with self.server.guard:
            self.server.seen.append(seen)
        self._send(self.server.answer(seen))

    do_GET = do_PUT = do_PATCH = _serve  # noqa: N815  the base class calls them so

    def _send(self, reported: Reply) -> None:
        if reported == HANGS_UP:
            self.close_connection = True
            return
        self.send_response_only(reported.status)
        for name, value in reported.headers.items():
            self.send_header(name, value)
        body = reported.body
        if reported.chunked:
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: reported.cut])
        self.close_connection = reported.cut is not None

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def __init__(self, answer: Answering, context: ssl.SSLContext) -> None:
        self.answer = answer
        self.guard = Lock()
        self.seen: list[ReceivedRequest] = []
        self.connections = 0
        super().__init__(("127.0.0.1", 0), _Handler)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )

    def get_request(self) -> Any:
        self.connections += 1
        return super().get_request()

    def handle_error(self, *_: Any) -> None:
        """Ignore it: in some tests the client hangs up."""


@contextmanager
def listener(serve: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[int]]]:
    """Run a plain TCP server; the list grows by one per connection."""
    served: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def run() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    served.append(1)
                    serve(connection)

        thread = Thread(target=run)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.getsockname()[1]}", served
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@contextmanager
def dropping() -> Iterator[str]:
    """Yield an endpoint that drops first packets, as a packet filter does: its queue is full."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for one in (first, second):
            one.setblocking(False)
            one.connect_ex(server.getsockname())
        yield f"https://127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def scripted_api(answer: Answering) -> Iterator["ScriptedApi"]:
    """Run a server on loopback during a test."""
    server = _Server(answer, SERVER_TLS)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield ScriptedApi(server)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class ScriptedApi:
    """The server as a test sees it."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self.url = f"https://127.0.0.1:{server.server_address[1]}"

    @property
    def seen(self) -> list[ReceivedRequest]:
        return self._server.seen

    @property
    def connections(self) -> int:
        return self._server.connections


@contextmanager
def answering(
    *replies: Reply,
    answer: Answering | None = None,
    clock: StillClock | None = None,
    tokens: Sequence[str] = ("token-1", "token-2", "token-3"),
    limits: Limits | None = None,
    connections: int = 4,
) -> Iterator[tuple[KubernetesCsrApi, ScriptedApi]]:
    """Return the adapter and its server, which answers in turn or by a function."""
    clock = clock or StillClock()
    source = iter(tokens)
    with (
        scripted_api(answer or in_turn(*replies)) as server,
        KubernetesCsrApi(
            server.url,
            CA_PEM,
            lambda: next(source),
            clock,
            connections=connections,
            retries=Retries(clock, sleep=clock.sleep, jitter=lambda: 1.0),
            limits=limits or Limits(),
        ) as api,
    ):
        yield api, server


def an_item(name: str = "csr-7znmf", **changes: Any) -> Json:
    """A pending CSR as listed; `changes` replace metadata, or with `spec_`, the spec."""
    metadata: Json = {
        "name": name,
        "uid": f"uid-of-{name}",
        "resourceVersion": "1000",
        "creationTimestamp": "2026-11-24T11:53:00Z",
    }
    spec: Json = {
        "request": base64.b64encode(b"a request").decode(),
        "signerName": KUBELET_SERVING,
        "usages": ["digital signature", "server auth"],
        "username": f"system:node:{NODE}",
        "groups": ["system:nodes", "system:authenticated"],
        "extra": {key: list(values) for key, values in an_extra().items()},
    }
    status: Json = {}
    for key, value in changes.items():
        part, _, rest = key.partition("_")
        holder = {"spec": spec, "status": status}.get(part, metadata)
        holder[rest if part in ("spec", "status") else key] = value
    return {"metadata": metadata, "spec": spec, "status": status}


def a_page(*items: Any, token: str = "", **headers: str) -> Reply:
    """A page of a list; `token` is for the next one."""
    metadata = {"resourceVersion": "2000", **({"continue": token} if token else {})}
    content = {
        "kind": "CertificateSigningRequestList",
        "apiVersion": "certificates.k8s.io/v1",
        "metadata": metadata,
        "items": list(items),
    }
    return an_object(content, **headers)


def approval(csr: Csr, message: str = "verified") -> Write:
    """A decision to be written."""
    return Write(csr, "Approved", "ApprovedByCsrApprover", message)


def echo(seen: ReceivedRequest) -> Reply:
    """Answer a valid PUT with the object, as the API server does."""
    return Reply(200, seen.body)


CA_PEM, SERVER_TLS = old_authority()
OTHER_CA_PEM, _ = old_authority()
