"""A small client of the Kubernetes API, as one user."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import urllib3

from tests.real.controlplane.certificates import KeyPair

_TIMEOUT: Final = urllib3.Timeout(connect=3, read=30)


class Client:
    """A client with a client certificate or a bearer token, JSON over HTTPS, without retries."""

    def __init__(
        self, server: str, ca: Path, *, certificate: KeyPair | None = None, token: str | None = None
    ) -> None:
        """Connect at the first request."""
        self._server = server
        self._headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        self._pool = urllib3.PoolManager(
            ca_certs=str(ca),
            cert_file=str(certificate.certificate) if certificate else None,
            key_file=str(certificate.key) if certificate else None,
            retries=False,
            timeout=_TIMEOUT,
        )

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Return the answer's status and JSON object, `{"text": …}` for anything else.

        Bytes are sent unchanged, for objects that Python's JSON can't express.
        Raises `urllib3.exceptions.HTTPError` if no answer comes.
        """
        if isinstance(body, Mapping):
            body = json.dumps(body).encode()
        status, data = self.send(method, path, body, headers)
        try:
            content = json.loads(data)
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict):
            content = {"text": data.decode(errors="replace")}
        return status, content

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Send any bytes, by default as JSON, and return the answer's status and bytes.

        Raises `urllib3.exceptions.HTTPError` if no answer comes.
        """
        answer = self._pool.request(
            method,
            self._server + path,
            body=body,
            headers={"Content-Type": "application/json", **self._headers, **(headers or {})},
        )
        return answer.status, answer.data
