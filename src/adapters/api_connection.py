"""HTTPS to one cluster's API: where the token is sent, which CA is trusted, and the time-outs."""

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import urllib3

from adapters.bearer import Bearer, NoToken, TokenSource
from adapters.connection_deadline import ConnectionDeadline
from adapters.endpoint import checked_endpoint
from adapters.kubernetes_client import Configuration, RESTClientObject
from adapters.proxy_credentials import proxy_headers
from adapters.retry import Answer, NoAnswer, Outcome, Retries
from core.errors import ClusterUnavailable
from core.ports import Clock
from core.printable import printable

_READ_SECONDS: Final = 10.0
# When the time is up, an answer that has begun may take this much longer.
_GRACE_SECONDS: Final = 1.0
_CHUNK_BYTES: Final = 64 * 1024
_MAX_ERROR_BYTES: Final = 64 * 1024
_MAX_WORDS: Final = 200

# `adapters.retry` retries. A redirect is never followed: it is returned as an answer.
_NO_RETRIES: Final = urllib3.Retry.from_int(False, redirect=False)


class ApiConnection:
    """One run's calls to one API server. Several threads may use it at once."""

    def __init__(
        self,
        endpoint: str,
        ca_pem: str,
        tokens: TokenSource,
        clock: Clock,
        retries: Retries,
        *,
        connections: int,
        max_answer_bytes: int,
        use_environment_proxy: bool = False,
    ) -> None:
        """`tokens`: makes a new token at each call; called for the first request, and after a 401.

        Raises:
            ClusterUnavailable: the endpoint, the CA or the proxy is not valid.
        """
        self._endpoint = _checked(endpoint)
        self._bearer = Bearer(tokens)
        self.clock = clock
        self._retries = retries
        self._max_answer_bytes = max_answer_bytes
        configuration = Configuration(
            host=self._endpoint,
            connection_pool_maxsize=connections,
            proxy=None if use_environment_proxy else "",
        )
        self._rest: Any = _client(configuration)
        self._rest.pool_manager.connection_pool_kw["ssl_context"] = _trusting(ca_pem)
        self._connection_deadline = ConnectionDeadline(
            self._rest.pool_manager, clock.remaining() + _GRACE_SECONDS
        )
        self._pool = self._rest.pool_manager.connection_from_url(self._endpoint)

    @property
    def has_connected(self) -> bool:
        """Whether a connection was made to a server that the cluster's CA vouches for."""
        return self._connection_deadline.has_connected

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        *,
        stop_at: float = 0.0,
        content_type: str = "application/json",
        accept: str = "application/json",
        retry_forbidden: bool = True,
    ) -> Outcome:
        """Return the outcome of a call and its retries.

        `stop_at`: the call ends when this many seconds of the run are left. `body`: an object to
        send as JSON, or bytes in the format of `content_type`.
        """
        content = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        call = _Call(method, path, content, stop_at, content_type, accept)
        return self._retries.outcome_of(
            lambda: self._attempt(call), stop_at=stop_at, retry_forbidden=retry_forbidden
        )

    def close(self) -> None:
        """Close the connections now. The library's `close` leaves that to garbage collection."""
        self._pool.close()
        self._rest.close()
        self._connection_deadline.close()

    def _attempt(self, call: "_Call") -> Outcome:
        try:
            token = self._bearer.token()
            outcome = self._send(call, token)
            if isinstance(outcome, NoAnswer) or outcome.status != 401:
                return outcome
            renewed = self._bearer.instead_of(token)
        except NoToken as error:
            return NoAnswer("token", str(error))
        return outcome if renewed is None else self._send(call, renewed)

    def _send(self, call: "_Call", token: str) -> Outcome:
        left = self.clock.remaining() - call.stop_at
        if left <= 0:
            return NoAnswer("time", "no time was left")
        try:
            return self._read(self._response(call, token, left), token, call.stop_at)
        except _TlsFailed as error:
            return _tls_failure(str(error))
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer("connection", _words(error))

    def _response(self, call: "_Call", token: str, left: float) -> urllib3.HTTPResponse:
        """Return the answer, unread.

        The client's own `request` would look for the pool and for the body's format at each call: a
        third of the time of a decision's PUT.
        """
        try:
            response: urllib3.HTTPResponse = self._pool.urlopen(
                call.method,
                call.path,
                body=call.body,
                headers=_headers(token, call),
                timeout=urllib3.Timeout(
                    connect=min(self._retries.connect_seconds, left), read=min(_READ_SECONDS, left)
                ),
                retries=_NO_RETRIES,
                redirect=False,
                assert_same_host=False,  # it reads the path as a URL, and a path may begin with //
                preload_content=False,
                decode_content=False,
            )
        except urllib3.exceptions.SSLError as error:
            raise _TlsFailed(_words(error)) from error
        return response

    def _read(self, response: urllib3.HTTPResponse, token: str, stop_at: float) -> Outcome:
        """Read the body in chunks, so that neither its size nor its time is the server's."""
        good = response.status == 200
        most = self._max_answer_bytes if good else _MAX_ERROR_BYTES
        body = bytearray()
        try:
            while chunk := response.read1(_CHUNK_BYTES):
                body += chunk
                if len(body) > most or response.length_remaining == 0:
                    break  # complete by its Content-Length: another read would find nothing
                if self.clock.remaining() + _GRACE_SECONDS <= stop_at:
                    return NoAnswer("time", "the answer took too long")
        finally:
            # After a complete body the connection is back in the pool, and this does nothing.
            response.close()
        if good:
            if len(body) > most:
                return NoAnswer("size", f"the answer is longer than {most} bytes")
            return Answer(response.status, bytes(body))
        content = bytes(body).replace(token.encode(), b"(token)")
        return Answer(response.status, content, _seconds(response.headers.get("Retry-After")))


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    body: bytes | None
    stop_at: float
    content_type: str
    accept: str


class _TlsFailed(Exception):
    """No TLS connection could be made. The message says why, and is safe to log."""


def _checked(endpoint: str) -> str:
    try:
        return checked_endpoint(endpoint)
    except ValueError as error:
        got = printable(endpoint, _MAX_WORDS)
        raise ClusterUnavailable("endpoint", f"got {got}, {error}") from None


def _client(configuration: Configuration) -> Any:
    """Return the library's client. It parses the proxy's URL here, and can't use SOCKS."""
    try:
        if configuration.proxy:
            configuration.proxy_headers = proxy_headers(configuration.proxy)
        return RESTClientObject(configuration)
    except urllib3.exceptions.LocationParseError:  # its text has the URL, which has a password
        raise ClusterUnavailable("proxy", "its URL can't be read") from None
    except (urllib3.exceptions.HTTPError, ImportError) as error:
        raise ClusterUnavailable("proxy", _words(error)) from error


def _trusting(ca_pem: str) -> ssl.SSLContext:
    """Return a TLS context that trusts this CA only, and none of the system's.

    From Python 3.13 on, urllib3's own context has VERIFY_X509_STRICT. It would refuse the CAs of
    old EKS clusters, which have no key identifiers (kubernetes-client/python, issue 2394). Chain,
    dates, purpose and host name are verified, as by kubectl.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=ca_pem)
    except (ValueError, TypeError, ssl.SSLError) as error:
        raise ClusterUnavailable("tls", "the cluster's CA is not a PEM certificate") from error
    return context


def _headers(token: str, call: "_Call") -> dict[str, str]:
    return {
        "Accept": call.accept,
        "Authorization": f"Bearer {token}",
        "Content-Type": call.content_type,
        "User-Agent": "csr-approver",
    }


def _seconds(retry_after: str | None) -> float:
    """Return Retry-After in seconds; 0 for a date, which Kubernetes doesn't send."""
    text = (retry_after or "").strip()
    return float(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0.0


def _tls_failure(reason: str) -> NoAnswer:
    """Return the failure. The library reports a connection cut in the handshake as TLS's, too."""
    cut_off = "EOF occurred" in reason or "UNEXPECTED_EOF" in reason
    return NoAnswer("connection" if cut_off else "tls", printable(reason, _MAX_WORDS))


def _words(error: Exception) -> str:
    # Some of urllib3's errors have several arguments, and would be shown as a tuple of Python's.
    words = ": ".join(
        str(one).rstrip(".") for one in error.args if isinstance(one, str | Exception)
    )
    return printable(f"{type(error).__name__}: {words}", _MAX_WORDS)
