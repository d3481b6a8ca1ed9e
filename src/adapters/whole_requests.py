"""HTTPS connections that send a request's headers and its body together.

http.client sends them one after the other: two records of TLS, two system calls, and two waits for
Python's global lock, for each of a review's many small PUTs.
"""

from typing import Any

from urllib3.connection import HTTPSConnection


class WholeRequestConnection(HTTPSConnection):
    """A connection for requests whose body is bytes, and small enough to be copied."""

    _held: list[bytes] | None = None

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
