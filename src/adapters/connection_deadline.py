"""The end of a run's connections, whatever they are in the middle of.

Read time-outs count from one byte to the next, so that a server that sends a byte now and then, of
its handshake or its headers, could hold a run until the runtime ends it, without its lines and
metrics.
"""

import socket
from contextlib import suppress
from threading import Lock, Timer
from typing import Any

from urllib3 import HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection


class ConnectionDeadline:
    """Shuts down every connection of a pool manager once the time is over."""

    def __init__(self, manager: PoolManager, seconds: float) -> None:
        """Watch connections made from now on; to be closed when the run is over."""
        self._lines: list[socket.socket] = []
        self._over = False
        self._lock = Lock()
        manager.pool_classes_by_scheme = {"https": _watched_pool(self)}
        self._timer = Timer(max(0.0, seconds), self.now)
        self._timer.daemon = True
        self._timer.start()

    def watch(self, line: socket.socket) -> None:
        """One more connection. A copy of it is kept: TLS takes the socket itself away."""
        copy = line.dup()
        with self._lock:
            self._lines.append(copy)
            if self._over:
                _shut_down(copy)

    def now(self) -> None:
        """Hang up. Whoever reads or writes meets the end of the connection."""
        with self._lock:
            self._over = True
            for line in self._lines:
                _shut_down(line)

    def close(self) -> None:
        """Stop watching."""
        self._timer.cancel()
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()


def _watched_pool(watcher: ConnectionDeadline) -> type[HTTPSConnectionPool]:
    class Connection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            line = super()._new_conn()
            watcher.watch(line)
            return line

    class Pool(HTTPSConnectionPool):
        ConnectionCls: Any = Connection

    return Pool


def _shut_down(line: socket.socket) -> None:
    with suppress(OSError):  # it may have ended by itself
        line.shutdown(socket.SHUT_RDWR)
