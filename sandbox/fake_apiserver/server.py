"""HTTPS for a fake cluster: HTTP/1.1 on loopback, one thread per connection."""

import gzip
import json
import logging
import socket
import ssl
import tempfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandbox.fake_apiserver import protobuf
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.fake_apiserver.status import ApiError, Json, too_large, unauthorized
from sandbox.tokens import TokenRefused, User

#: Limits. From: k8s.io/apiserver, pkg/server/config.go (MaxRequestBodyBytes); Go's
#: net/http (DefaultMaxHeaderBytes); pkg/endpoints/handlers/responsewriters (gzip from 128 KiB).
LARGEST_BODY = 3 * 1024 * 1024
LONGEST_LINE = 1024 * 1024
GZIP_FROM = 128 * 1024

#: A connection that is idle for so long is closed.
IDLE_SECONDS = 60.0

log = logging.getLogger(__name__)


class Handler(BaseHTTPRequestHandler):
    """Reads a request, authenticates it, passes it on, and writes the answer."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    timeout = IDLE_SECONDS
    server: "Server"

    def handle_one_request(self) -> None:
        """As the base class, but a name may have 10,000 characters, as the API allows."""
        try:
            self.raw_requestline = self.rfile.readline(LONGEST_LINE + 1)
            if not self.raw_requestline or len(self.raw_requestline) > LONGEST_LINE:
                self.close_connection = True
            elif self.parse_request():
                self._serve()
                self.wfile.flush()
        except (OSError, ValueError):
            self.close_connection = True

    def handle_expect_100(self) -> bool:
        """As the base class, and send the answer at once."""
        go_on = super().handle_expect_100()
        self.wfile.flush()
        return go_on

    def log_message(self, *_: Any) -> None:
        """Log nothing: requests contain tokens."""

    def _serve(self) -> None:
        try:
            body = self._body()
            code, content = self.server.answer(self._call(self.server.judge(self._token()), body))
        except ApiError as error:
            code, content = error.code, error.body()
        except TokenRefused as error:
            log.info("401: %s", error)
            code, content = 401, unauthorized().body()
        except Exception as error:
            log.exception("the fake API server failed")
            internal = ApiError(500, "InternalError", f"Internal error occurred: {error!r}")
            code, content = 500, internal.body()
        self._write(code, content)

    def _call(self, user: User, body: bytes) -> Call:
        """Return the call. The path is percent-decoded once before it is split, as in Go."""
        url = urlsplit(self.path)
        path = tuple(unquote(url.path).strip("/").split("/"))
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        if body and self.headers.get("Content-Type") == protobuf.MEDIA_TYPE:
            body = json.dumps(protobuf.decode(body)).encode()
        return Call(self.command, path, query, user, body)

    def _token(self) -> str:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise TokenRefused("no bearer token")
        return token.strip()

    def _body(self) -> bytes:
        """Read the body; discard one that is over the limit. Raises `ApiError` 413."""
        length = int(self.headers.get("Content-Length") or 0)
        if length <= LARGEST_BODY:
            return self.rfile.read(length)
        while length > 0 and (chunk := self.rfile.read(min(length, GZIP_FROM))):
            length -= len(chunk)
        raise too_large(LARGEST_BODY)

    def _write(self, code: int, content: Json) -> None:
        if self.headers.get("Accept", "") == protobuf.MEDIA_TYPE and protobuf.can_say(content):
            data, media_type = protobuf.encode(content), protobuf.MEDIA_TYPE
        else:
            data, media_type = _json(content), "application/json"
        self.send_response(code)
        self.send_header("Content-Type", media_type)
        if len(data) > GZIP_FROM and "gzip" in self.headers.get("Accept-Encoding", ""):
            data = gzip.compress(data, compresslevel=1)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class TlsServer(ThreadingHTTPServer):
    """HTTPS on loopback. `stop` closes all connections and returns when all threads have ended."""

    request_queue_size = 128

    def __init__(
        self, port: int, tls: ssl.SSLContext, handler: type[BaseHTTPRequestHandler]
    ) -> None:
        self.tls = tls
        self._open: dict[ssl.SSLSocket, Thread] = {}
        self._guard = Lock()
        super().__init__(("127.0.0.1", port), handler)
        self._thread = Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and all connections, also idle ones."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        with self._guard:
            left = dict(self._open)
        for connection, thread in left.items():
            _cut(connection)
            thread.join()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; its own thread does the handshake."""
        plain, address = super().get_request()
        plain.settimeout(IDLE_SECONDS)
        return self.tls.wrap_socket(plain, True, do_handshake_on_connect=False), address

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in its own thread, for which only `stop` waits."""
        arguments = (request, client_address)
        thread = Thread(target=self.process_request_thread, args=arguments, daemon=True)
        with self._guard:
            self._open[request] = thread
        thread.start()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Do the handshake, then serve the connection to its end."""
        request.do_handshake()
        super().finish_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget the connection and close it."""
        with self._guard:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, *_: Any) -> None:
        """Log that a client closed the connection, perhaps because it rejects the certificate."""
        log.debug("a connection was closed")


class Server(TlsServer):
    """A listening fake API server."""

    def __init__(
        self,
        port: int,
        certificate: bytes,
        judge: Callable[[str], User],
        answer: Callable[[Call], Answer],
    ) -> None:
        self.judge = judge
        self.answer = answer
        super().__init__(port, tls_context(certificate), Handler)


def _json(content: Json) -> bytes:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogateescape")


def _cut(connection: ssl.SSLSocket) -> None:
    """Close a connection, so that the thread that serves it ends."""
    try:
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
    except OSError:
        log.debug("already closed")


def tls_context(certificate: bytes) -> ssl.SSLContext:
    """Return a server's TLS context, from a key and a certificate in one PEM text."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "serving.pem")
        path.write_bytes(certificate)
        context.load_cert_chain(path)
    return context
