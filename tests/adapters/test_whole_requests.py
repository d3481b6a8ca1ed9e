"""A request is sent in one piece, and nothing else is kept back."""

from typing import Any, cast

import pytest

from adapters.whole_requests import WholeRequestConnection


class RecordingSocket:
    """A socket that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []

    def sendall(self, data: bytes) -> None:
        self.sent.append(data)

    def settimeout(self, seconds: float | None) -> None:
        """Accept any time-out: nothing is received."""


def connected() -> tuple[WholeRequestConnection, RecordingSocket]:
    connection, socket = WholeRequestConnection("api.example"), RecordingSocket()
    connection.sock = cast("Any", socket)
    return connection, socket


def test_headers_and_body_are_sent_together() -> None:
    """Each piece would be a TLS record and a system call of its own."""
    connection, socket = connected()

    connection.request("PUT", "/path", body=b"content", headers={"Accept": "text/plain"})

    [sent] = socket.sent
    assert sent.startswith(b"PUT /path HTTP/1.1\r\nHost: api.example\r\n")
    assert b"\r\nContent-Length: 7\r\n" in sent
    assert sent.endswith(b"\r\n\r\ncontent")


def test_a_request_without_a_body_is_sent_too() -> None:
    """The GET of a list has no body."""
    connection, socket = connected()

    connection.request("GET", "/path")

    [sent] = socket.sent
    assert sent.startswith(b"GET /path ")


def test_a_request_that_fails_keeps_nothing_back() -> None:
    """Its pieces are dropped, and what is sent later isn't kept with them."""
    connection, socket = connected()
    with pytest.raises(ValueError, match="Invalid header value"):
        connection.request("PUT", "/path", body=b"content", headers={"Accept": "a\nb"})

    connection.send(b"later")

    assert [b"later"] == socket.sent


def test_what_is_no_request_is_sent_at_once() -> None:
    """A proxy is asked for a tunnel, and answers, before the first request."""
    connection, socket = connected()

    connection.send(b"CONNECT api.example:443 HTTP/1.1\r\n\r\n")

    assert [b"CONNECT api.example:443 HTTP/1.1\r\n\r\n"] == socket.sent
