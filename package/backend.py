"""Run setuptools so that the same Python always builds the same bytes.

setuptools takes permissions from the checkout and the umask, and times from the files and the
clock. So it builds from a copy of the sources, with fixed permissions and times.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from package.archive import DAY_SECONDS, settle

# What setuptools reads; `pyproject.toml` names the packages in the folders.
_SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE", "src", "sandbox")

# Python imports nothing from the user's own folders, and orders sets alike on each run.
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "PATH": os.defpath,
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "SOURCE_DATE_EPOCH": str(DAY_SECONDS),
    "TZ": "UTC",
}


def built(project: Path, hook: str) -> tuple[str, bytes]:
    """Return the name and the content of what setuptools builds.

    `hook`: `build_wheel` or `build_sdist`. From: PEP 517.

    Raises:
        subprocess.CalledProcessError: setuptools can't build it; it has printed why.
    """
    with TemporaryDirectory() as temporary:
        sources, made = Path(temporary, "sources"), Path(temporary, "made")
        _copy(project, sources)
        program = f"import sys; from setuptools import build_meta; build_meta.{hook}(sys.argv[1])"
        subprocess.run(  # noqa: S603 - this Python itself
            [sys.executable, "-c", program, str(made)],
            cwd=sources,
            env=_ENVIRONMENT,
            stdout=subprocess.DEVNULL,  # setuptools lists each file; its errors are on stderr
            umask=0o022,  # the permissions of what setuptools writes
            check=True,
        )
        [file] = made.iterdir()
        return file.name, file.read_bytes()


def _copy(project: Path, to: Path) -> None:
    """Copy the sources: setuptools would take files of an earlier build in the project."""
    to.mkdir()
    for name in _SOURCES:
        source = project / name
        if source.is_dir():
            shutil.copytree(source, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to)
    settle(to)
