"""One process of a control plane: its port, its log, and its readiness."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

LOOPBACK: Final = "127.0.0.1"
READY_SECONDS: Final = 60.0

_POLL_SECONDS: Final = 0.02
_TAIL_BYTES: Final = 4_000

T = TypeVar("T")


class NotReadyError(Exception):
    """Something didn't happen in time; the message names it."""


def eventually(probe: Callable[[], T | None], what: str, seconds: float = 30.0) -> T:
    """Call the probe repeatedly for some seconds, and return its first result that isn't None.

    Raises `NotReadyError` with `what` if none comes.
    """
    deadline = time.monotonic() + seconds
    while (result := probe()) is None:
        if time.monotonic() > deadline:
            raise NotReadyError(f"waited {seconds:.0f} s for {what}, without success")
        time.sleep(_POLL_SECONDS)  # polls within a bound: there is no event to wait for
    return result


class Port:
    """A free loopback port, reserved for its owner even while no process listens there.

    It is bound here, but nothing listens. A process that sets SO_REUSEPORT may listen there any
    number of times; the kernel gives the port to no other process, and refuses connections while
    none listens.
    """

    def __init__(self) -> None:
        """Reserve a free port."""
        self._held = socket.socket()
        self._held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._held.bind((LOOPBACK, 0))
        self.number: int = self._held.getsockname()[1]

    @property
    def address(self) -> str:
        """Return `127.0.0.1:PORT`."""
        return f"{LOOPBACK}:{self.number}"

    def close(self) -> None:
        """Release the port."""
        self._held.close()


class Process:
    """A child process that dies with its parent, and may be stopped and started again."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        ready: Callable[[], bool],
        own: bool,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Describe it; `own`: it watches its standard input, as the binary of this folder does.

        `environ`: environment variables besides PATH and HOME.
        """
        self.name = name
        self.log = folder / f"{name}.log"
        self._folder = folder
        self._ready = ready
        self._environ = environ or {}
        self._command = list(command)
        if not own and (setpriv := shutil.which("setpriv")):
            self._command = [setpriv, "--pdeathsig", "KILL", "--", *command]
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Return the process id while it runs, else None."""
        return self._running.pid if self._running else None

    def start(self) -> None:
        """Start it and wait until it is ready.

        Raises `NotReadyError`, with the end of its log, when it exits or isn't ready in time.
        """
        if self._running:
            return
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(  # noqa: S603 - what was built here
                self._command,
                cwd=self._folder,
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    "HOME": str(self._folder),
                    "CONTROLPLANE_DIES_WITH_STDIN": "1",
                    **self._environ,
                },
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        try:
            eventually(self._ready_or_exited, f"{self.name} to be ready", READY_SECONDS)
        except NotReadyError as error:
            self.stop()
            raise NotReadyError(f"{error}; the end of {self.log}:\n{self._tail()}") from None

    def stop(self) -> None:
        """Kill it, like a crash: after SIGTERM, kube-apiserver keeps watches for a minute."""
        if not self._running:
            return
        self._running.kill()
        self._running.communicate()
        self._running = None

    def _ready_or_exited(self) -> bool | None:
        if self._running and self._running.poll() is not None:
            raise NotReadyError(f"{self.name} exited with {self._running.returncode}")
        return self._ready() or None

    def _tail(self) -> str:
        return self.log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace")
