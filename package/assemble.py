"""Makes a function's package: the libraries' part that is used, our code, and byte code of both."""

import compileall
import shutil
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Final

from package.archive import settle
from package.binaries import misfits
from package.contents import kept
from package.target import Target

#: Our code that runs in Lambda. No command line, no sandbox, no tests.
SOURCES: Final = ("adapters", "core", "handlers")

# Where Lambda unpacks it: what tracebacks shall show.
_TASK_ROOT: Final = "/var/task"


def assemble(libraries: Path, sources: Path, package: Path, target: Target) -> None:
    """Fill a folder, which may be there but empty.

    Raises:
        ValueError: it isn't empty; or a library isn't such as Lambda can load.
    """
    package.mkdir(parents=True, exist_ok=True)
    if any(package.iterdir()):
        raise ValueError(f"{package}: expected an empty folder")
    for file in kept(libraries):
        _copy(libraries / file, package / file)
    for name in SOURCES:
        for path in (sources / name).rglob("*.py"):
            _copy(path, package / path.relative_to(sources))
    if wrong := list(misfits(package, target)):
        raise ValueError("; ".join(wrong))
    if target.has_this_python:
        compile_all(package)
    settle(package)


def compile_all(package: Path) -> None:
    """Give every module its byte code, by the Python that runs this.

    Lambda can't keep what Python compiles there, so each cold start would compile all of it anew.
    The hash is of the source, and unchecked: times, which a zip may change, don't count.

    Raises:
        ValueError: a module can't be compiled.
    """
    done = compileall.compile_dir(
        package,
        quiet=1,
        stripdir=str(package),
        prependdir=_TASK_ROOT,
        invalidation_mode=PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        raise ValueError("not all modules can be compiled")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
