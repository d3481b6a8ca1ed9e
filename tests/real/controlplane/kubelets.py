"""The real kubelet's serving-certificate managers, for any number of nodes, in one process.

What else a kubelet does is absent, but its HTTPS server, which answers `kubectl logs` alone.
"""

import json
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

from sandbox.node_addresses import NodeAddress
from tests.real.controlplane.process import NotReadyError, eventually

_WAIT_SECONDS: Final = 30.0

EventKind = Literal["filed", "watching", "certificate", "error", "waits"]


@dataclass(frozen=True, slots=True)
class KubeletEvent:
    """An event of a node's kubelet.

    `filed`: it has created a CSR; the text is its name. `watching`: it watches its CSR.
    `certificate`: it has a certificate; the text is the chain in PEM. `error`: the API server
    refused a request, with the status and the message as text, or couldn't be reached. `waits`:
    the first event of the process.
    """

    node: str
    event: EventKind
    text: str


class Kubelets:
    """A process that requests serving certificates for nodes, with the kubelet's own code."""

    def __init__(self, command: Sequence[str], directory: Path, folder: Path) -> None:
        """Start the process in `directory`, without any node; its log goes to `folder`."""
        with (folder / "kubelets.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - what was built here
                command,
                cwd=directory,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._events: list[KubeletEvent] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def wait_seconds(self) -> float:
        """Return how long the kubelets wait for a certificate."""
        return float(self._event("", "waits", 0))

    def start(
        self, node: str, token: str, addresses: Sequence[NodeAddress], *, serve_at: str = ""
    ) -> None:
        """Start a node's kubelet. It files a request when the node has an IP address.

        `serve_at`: the IP address of its HTTPS server, which the API server alone reaches.
        """
        it = {"name": node, "token": token, "addresses": _given(addresses), "serve_at": serve_at}
        self._send({"start": it})

    def readdress(self, node: str, addresses: Sequence[NodeAddress]) -> None:
        """Change a node's addresses, as the cloud controller does; the kubelet looks each 1 s."""
        self._send({"readdress": {"name": node, "addresses": _given(addresses)}})

    def stop(self, node: str) -> None:
        """Stop a node's kubelet. When it starts again it has its certificate, but no request."""
        self._send({"stop": node})

    def filed(self, node: str, *, after: int = 0) -> str:
        """Wait for a node's next request after `after` others; return the CSR's name.

        Raises `NotReadyError`, with what else has happened to the node, if it doesn't come in time.
        """
        return self._event(node, "filed", after)

    def wait_until_watching(self, node: str) -> None:
        """Wait until a node watches its first request: it never sees a deletion before that."""
        self._event(node, "watching", 0)

    def count(self, node: str, kind: EventKind) -> int:
        """Return how many events of a kind a node has had until now."""
        return len(self._texts(node, kind))

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

    def __exit__(self, *_: object) -> None:
        """End the process."""
        self.close()

    def _event(self, node: str, kind: EventKind, after: int) -> str:
        def found() -> str | None:
            texts = self._texts(node, kind)
            return texts[after] if len(texts) > after else None

        try:
            return eventually(found, f"{kind} {after + 1} of {node}", _WAIT_SECONDS)
        except NotReadyError as error:
            raise NotReadyError(f"{error}; it has: {self._of(node)}") from None

    def _texts(self, node: str, kind: EventKind) -> list[str]:
        return [event.text for event in self._of(node) if event.event == kind]

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


def _given(addresses: Sequence[NodeAddress]) -> list[dict[str, str]]:
    return [{"type": kind, "address": address} for kind, address in addresses]
