"""HTTPS connections for a review's many small PUTs: of whole requests, and of whole answers.

Headers and body are sent together. http.client sends them one after the other: two records of TLS,
two system calls, and two waits for Python's global lock. And a connection isn't used again after
the server has sent more than was asked for.
"""

import ssl
from typing import Any

from urllib3.connection import HTTPSConnection


class WholeRequestConnection(HTTPSConnection):
    """A connection for requests whose body is bytes, and small enough to be copied."""

    _held: list[bytes] | None = None

    @property
    def is_connected(self) -> bool:
        """Whether the connection can be used again.

        urllib3 asks the socket for bytes that no request asked for. TLS may have them already, and
        they would be read as the next answer.
        """
        is_more = isinstance(self.sock, ssl.SSLSocket) and self.sock.pending() > 0
        return super().is_connected and not is_more

    def request(self, *args: Any, **options: Any) -> None:
        """Send a request's headers and body together; otherwise as urllib3 does."""
        held: list[bytes] = []
        self._held = held
        try:
            super().request(*args, **options)
        finally:
            self._held = None
        self.send(b"".join(held))

    def send(self, data: Any) -> None:
        """Send data; within a request, keep it until the request is complete.

        A CONNECT to a proxy comes before the request, and is sent at once.
        """
        if self._held is None:
            super().send(data)
        else:
            self._held.append(data)
