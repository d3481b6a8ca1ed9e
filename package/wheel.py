"""`make wheel`: the commands as a wheel, and the tested version of each library they need.

The same Python always writes the same bytes: the wheel is built from a copy of the sources, with
fixed permissions and times.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from package.archive import DAY_SECONDS, settle

# What the wheel is made of: what pyproject.toml names.
_SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE", "src", "sandbox")

# The lock of the commands and the demo, which has all that the functions need.
_LOCK: Final = "requirements-demo.txt"
_LOCKED: Final = re.compile(r"^[A-Za-z0-9._-]+==[^\\\n]+", re.MULTILINE)

# From: PEP 517, build_wheel.
_BUILD: Final = (
    "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
)

# Python imports nothing from the user's own folders, and orders sets alike on each run.
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "PATH": os.defpath,
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "SOURCE_DATE_EPOCH": str(DAY_SECONDS),
    "TZ": "UTC",
}


def build(project: Path, folder: Path) -> Path:
    """Write the wheel and `constraints.txt` into a folder, and return the wheel's path.

    Raises:
        subprocess.CalledProcessError: setuptools can't build it; it has printed why.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "constraints.txt").write_text(constraints((project / _LOCK).read_text()))
    with TemporaryDirectory() as temporary:
        sources, built = Path(temporary, "sources"), Path(temporary, "built")
        _copy(project, sources)
        subprocess.run(  # noqa: S603  our own program
            [sys.executable, "-c", _BUILD, str(built)],
            cwd=sources,
            env=_ENVIRONMENT,
            stdout=subprocess.DEVNULL,  # setuptools lists each file; its errors are on stderr
            umask=0o022,  # the permissions of what setuptools writes
            check=True,
        )
        [wheel] = built.iterdir()
        return Path(shutil.copy(wheel, folder))


def constraints(lock: str) -> str:
    """Return a lock's libraries with their versions and markers, a line each, without hashes."""
    return "".join(f"{line.rstrip()}\n" for line in _LOCKED.findall(lock))


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


if __name__ == "__main__":
    print(build(Path.cwd(), Path(sys.argv[1])))
