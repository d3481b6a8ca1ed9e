"""The real kubelet's serving-certificate managers, for any number of nodes, in one process."""

import json
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from tests.real.controlplane.process import NotReadyError, eventually

_WAIT_SECONDS: Final = 30.0

AddressType = Literal["Hostname", "InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS"]


@dataclass(frozen=True, slots=True)
class KubeletEvent:
    """An event of a node's kubelet.

    `certificate`: it has a certificate; the text is the chain in PEM. `error`: the API server
    refused a request, with the status and the message as text, or couldn't be reached.
    """

    node: str
    event: Literal["certificate", "error"]
    text: str


class Kubelets:
    """A process that requests serving certificates for nodes, with the kubelet's own code."""

    def __init__(self, binary: Path, folder: Path, *, server: str, ca: Path) -> None:
        """Start the process, without any node; keys, certificates and the log go to `folder`."""
        flags = [f"--server={server}", f"--ca={ca}", f"--directory={folder}"]
        with (folder / "kubelets.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - what was built here
                [binary, "kubelets", *flags],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._events: list[KubeletEvent] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def start(self, node: str, token: str, addresses: Sequence[tuple[AddressType, str]]) -> None:
        """Start a node's manager. It files a request when the node has an IP address."""
        given = [{"type": kind, "address": address} for kind, address in addresses]
        self._send({"start": {"name": node, "token": token, "addresses": given}})

    def certificate(self, node: str, *, after: int = 0) -> str:
        """Wait for a node's next certificate after `after` others; return its chain in PEM.

        Raises `NotReadyError`, with what else has happened to the node, if it doesn't come in time.
        """
        return self._event(node, "certificate", after)

    def error(self, node: str, *, after: int = 0) -> str:
        """Wait for a node's next error after `after` others; return its text.

        Raises `NotReadyError`, with what else has happened to the node, if it doesn't come in time.
        """
        return self._event(node, "error", after)

    def close(self) -> None:
        """End the process."""
        with self._process:
            self._process.kill()
            self._reader.join()

    def __enter__(self) -> Self:
        """Return itself: `with plane.kubelets() as kubelets`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self.close()

    def _event(self, node: str, kind: str, after: int) -> str:
        def found() -> str | None:
            texts = [event.text for event in self._of(node) if event.event == kind]
            return texts[after] if len(texts) > after else None

        try:
            return eventually(found, f"{kind} {after + 1} of {node}", _WAIT_SECONDS)
        except NotReadyError as error:
            raise NotReadyError(f"{error}; it has: {self._of(node)}") from None

    def _of(self, node: str) -> list[KubeletEvent]:
        return [event for event in tuple(self._events) if event.node == node]

    def _send(self, command: object) -> None:
        if self._process.stdin:
            self._process.stdin.write(f"{json.dumps(command)}\n")
            self._process.stdin.flush()

    def _read(self) -> None:
        """Store the process's events until it ends."""
        for line in self._process.stdout or ():
            self._events.append(KubeletEvent(**json.loads(line)))
