"""The time when all of a run's connections are closed, even in the middle of an answer.

A read time-out starts again with each byte. A server that sends its handshake or headers byte by
byte could hold a run until the runtime ends it, and the run's log lines and metrics would be lost.
"""

import socket
from contextlib import suppress
from threading import Lock, Timer
from typing import Any

from urllib3 import HTTPSConnectionPool, PoolManager

from adapters.whole_requests import WholeRequestConnection


class ConnectionDeadline:
    """Shuts down every connection of a pool manager when the time is over."""

    def __init__(self, manager: PoolManager, seconds: float) -> None:
        """`seconds`: until the connections made from now on are shut down. Close it after a run."""
        self._lines: list[socket.socket] = []
        self._over = False
        #: Whether a connection was made, and its certificate is of the CA that is trusted.
        self.has_connected = False
        self._lock = Lock()
        manager.pool_classes_by_scheme = {"https": _watched_pool(self)}
        self._timer = Timer(max(0.0, seconds), self._shut_down_all)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, line: socket.socket) -> None:
        """Add a connection. A copy of the socket is kept, because TLS detaches the socket."""
        copy = line.dup()
        with self._lock:
            self._lines.append(copy)
            if self._over:
                _shut_down(copy)

    def _shut_down_all(self) -> None:
        """Shut down all connections: a thread that reads or writes one gets its end."""
        with self._lock:
            self._over = True
            for line in self._lines:
                _shut_down(line)

    def close(self) -> None:
        """Stop the timer, and forget the connections."""
        self._timer.cancel()
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()


def _watched_pool(watcher: ConnectionDeadline) -> type[HTTPSConnectionPool]:
    class Connection(WholeRequestConnection):
        def _new_conn(self) -> socket.socket:
            line = super()._new_conn()
            watcher.watch(line)
            return line

        def connect(self) -> None:
            super().connect()
            watcher.has_connected = True

    class Pool(HTTPSConnectionPool):
        ConnectionCls: Any = Connection

    return Pool


def _shut_down(line: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        line.shutdown(socket.SHUT_RDWR)
