"""HTTPS to one cluster's API: where the token goes, what is trusted, and how long is waited."""

import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

import urllib3
from kubernetes.client import ApiException, Configuration
from kubernetes.client.rest import RESTClientObject

from adapters.aws_clients import AWS_FAULTS, error_code
from adapters.connection_deadline import ConnectionDeadline
from adapters.endpoint import checked_endpoint
from adapters.retry import Answer, NoAnswer, Outcome, Retries
from core.errors import ClusterUnavailable
from core.ports import Clock
from core.printable import printable

TokenSource = Callable[[], str]

_CONNECT_SECONDS: Final = 3.0
_READ_SECONDS: Final = 10.0
# An answer that has begun may be read to its end for so long after the time is up.
_GRACE_SECONDS: Final = 1.0
_CHUNK_BYTES: Final = 64 * 1024
_MAX_ERROR_BYTES: Final = 64 * 1024
_MAX_WORDS: Final = 200

# From: RFC 6750, section 2.1; and nothing that could end a header.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class ApiConnection:
    """One run's calls to one API server. Safe to be used by several threads."""

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
        """`tokens`: makes a new token each time; asked at first need, and once more after a 401.

        Raises:
            ClusterUnavailable: endpoint, CA or proxy are none that a token may be sent by.
        """
        self._endpoint = _checked(endpoint)
        self._bearer = _Bearer(tokens)
        self.clock = clock
        self._retries = retries
        self._max_answer_bytes = max_answer_bytes
        configuration = Configuration(
            host=self._endpoint,
            connection_pool_maxsize=connections,
            retries=False,
            proxy=None if use_environment_proxy else "",
        )
        self._rest: Any = _client(configuration)
        self._rest.pool_manager.connection_pool_kw["ssl_context"] = _trusting(ca_pem)
        self._connection_deadline = ConnectionDeadline(
            self._rest.pool_manager, clock.remaining() + _GRACE_SECONDS
        )

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
        """Return the outcome of a call and its retries; end it with `stop_at` seconds left.

        `body`: an object to send as JSON, or bytes that are of the `content_type` already.
        """
        call = _Call(method, path, body, stop_at, content_type, accept)
        return self._retries.outcome_of(
            lambda: self._attempt(call), stop_at=stop_at, retry_forbidden=retry_forbidden
        )

    def close(self) -> None:
        """Hang up now. The library's own `close` leaves that to the garbage collection."""
        self._rest.pool_manager.connection_from_url(self._endpoint).close()
        self._rest.close()
        self._connection_deadline.close()

    def _attempt(self, call: "_Call") -> Outcome:
        try:
            token = self._bearer.token()
            outcome = self._send(call, token)
            if isinstance(outcome, NoAnswer) or outcome.status != 401:
                return outcome
            renewed = self._bearer.instead_of(token)
        except _NoToken as error:
            return NoAnswer("token", str(error))
        return outcome if renewed is None else self._send(call, renewed)

    def _send(self, call: "_Call", token: str) -> Outcome:
        left = self.clock.remaining() - call.stop_at
        if left <= 0:
            return NoAnswer("time", "no time was left")
        try:
            # A redirect comes back as the answer that it is: without retries none is followed.
            response = self._rest.request(
                call.method,
                self._endpoint + call.path,
                headers=_headers(token, call),
                body=call.body,
                _request_timeout=(min(_CONNECT_SECONDS, left), min(_READ_SECONDS, left)),
            )
            return self._read(response.response, token, call.stop_at)
        except ApiException as error:  # what the client makes of a failed handshake
            return _tls_failure(str(error.reason))
        except urllib3.exceptions.HTTPError as error:
            return NoAnswer("connection", _words(error))

    def _read(self, response: urllib3.HTTPResponse, token: str, stop_at: float) -> Outcome:
        """Read the body piece by piece, so that neither its size nor its pace is the server's."""
        good = response.status == 200
        most = self._max_answer_bytes if good else _MAX_ERROR_BYTES
        body = bytearray()
        try:
            while chunk := response.read1(_CHUNK_BYTES):
                body += chunk
                if len(body) > most:
                    break
                if self.clock.remaining() + _GRACE_SECONDS <= stop_at:
                    return NoAnswer("time", "the answer took too long")
        finally:
            # Of a body read to its end the connection has gone back to the pool already.
            response.close()
        if len(body) > most and good:
            return NoAnswer("size", f"the answer is longer than {most} bytes")
        content = bytes(body) if good else bytes(body).replace(token.encode(), b"(token)")
        return Answer(response.status, content, _seconds(response.headers.get("Retry-After")))


@dataclass(frozen=True, slots=True)
class _Call:
    method: str
    path: str
    body: Mapping[str, Any] | bytes | None
    stop_at: float
    content_type: str
    accept: str


class _NoToken(Exception):
    """No token could be made; tells why, in words that are safe to log."""


class _Bearer:
    """One token for all calls of a run, and one new one when the API server refuses it."""

    def __init__(self, source: TokenSource) -> None:
        self._source = source
        self._token = ""
        self._renewed = False
        self._lock = Lock()

    def token(self) -> str:
        with self._lock:
            if not self._token:
                self._token = self._made()
            return self._token

    def instead_of(self, refused: str) -> str | None:
        """A token made anew, once a run; None where there is none but the refused one.

        One made within the same second is the same, and is tried all the same: the authenticator
        refuses all tokens while STS doesn't answer it.
        """
        with self._lock:
            if self._token == refused and not self._renewed:
                self._renewed = True
                self._token = self._made()
                return self._token
            return None if self._token == refused else self._token

    def _made(self) -> str:
        try:
            token = self._source()
        except AWS_FAULTS as error:
            raise _NoToken(f"our own credentials: {error_code(error)}") from error
        except ValueError as error:
            raise _NoToken(printable(str(error), _MAX_WORDS)) from error
        if not _TOKEN.fullmatch(token):
            raise _NoToken("what was made can't be a bearer token")
        return token


def _checked(endpoint: str) -> str:
    try:
        return checked_endpoint(endpoint)
    except ValueError as error:
        got = printable(endpoint, _MAX_WORDS)
        raise ClusterUnavailable("endpoint", f"got {got}, {error}") from None


def _client(configuration: Configuration) -> Any:
    """The library's; it reads the proxy's URL at once, and SOCKS takes another library."""
    try:
        return RESTClientObject(configuration)
    except (urllib3.exceptions.HTTPError, ImportError) as error:
        raise ClusterUnavailable("proxy", _words(error)) from error


def _trusting(ca_pem: str) -> ssl.SSLContext:
    """A context that trusts this CA and no other, not even those of the system.

    Made here because the context that urllib3 makes from Python 3.13 on has VERIFY_X509_STRICT,
    and the CAs of EKS clusters of long ago have no key identifiers (kubernetes-client/python, issue
    2394). Chain, dates, purpose and host name are verified; kubectl does no more.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_verify_locations(cadata=ca_pem)
    except (ValueError, TypeError, ssl.SSLError) as error:
        raise ClusterUnavailable("tls", "the cluster's CA is no certificate in PEM") from error
    return context


def _headers(token: str, call: "_Call") -> dict[str, str]:
    return {
        "Accept": call.accept,
        "Authorization": f"Bearer {token}",
        "Content-Type": call.content_type,
        "User-Agent": "csr-approver",
    }


def _seconds(retry_after: str | None) -> float:
    """Retry-After in seconds. Kubernetes doesn't use its other form, a date."""
    text = (retry_after or "").strip()
    return float(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0.0


def _tls_failure(reason: str) -> NoAnswer:
    """A connection cut off during the handshake is told as an SSLError too, and may pass."""
    cut_off = "EOF occurred" in reason or "UNEXPECTED_EOF" in reason
    return NoAnswer("connection" if cut_off else "tls", printable(reason, _MAX_WORDS))


def _words(error: Exception) -> str:
    return printable(f"{type(error).__name__}: {error}", _MAX_WORDS)
