"""Assemble a function's package: the used parts of libraries, our code, and byte code of both."""

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

# Tracebacks show paths under the folder where Lambda unpacks the package.
_TASK_ROOT: Final = "/var/task"


def assemble(libraries: Path, sources: Path, package: Path, target: Target) -> None:
    """Fill a function's package folder, which must be empty or not exist.

    Raises:
        ValueError: the folder isn't empty, or Lambda can't load one of the libraries.
    """
    package.mkdir(parents=True, exist_ok=True)
    if any(package.iterdir()):
        raise ValueError(f"{package}: expected an empty folder; remove what is in it")
    for file in kept(libraries):
        _copy(libraries / file, package / file)
    for name in SOURCES:
        for path in (sources / name).rglob("*.py"):
            _copy(path, package / path.relative_to(sources))
    if wrong := list(misfits(package, target)):
        raise ValueError("Lambda can't load these: " + "; ".join(wrong))
    if target.has_this_python:
        compile_all(package)
    settle(package)


def compile_all(package: Path) -> None:
    """Compile every module to byte code with the Python that runs this.

    Lambda's folder is read-only, so without byte code each cold start compiles every module again.
    The byte code is valid for the source's hash, unchecked: a zip may change the files' times.

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
        raise ValueError(f"{package}: can't compile all modules; Python's messages are above")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
