"""Build the command line's wheel and source distribution, with the same bytes on each run.

setuptools takes permissions from the checkout and the umask, times from the files and the clock,
and owners from the user. So it builds from a copy with fixed permissions and times.
"""

import gzip
import io
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from package.archive import DAY_SECONDS, files, settle

#: What setuptools reads. `pyproject.toml` names the packages in the folders.
_SOURCES: Final = ("pyproject.toml", "README.md", "LICENSE", "src", "sandbox")

# From: PEP 517, build_wheel and build_sdist.
_BUILD: Final = "import sys; from setuptools import build_meta; build_meta.{}(sys.argv[1])"

# Python imports nothing from the user's own folders, and orders sets alike on each run.
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "PATH": os.defpath,
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "SOURCE_DATE_EPOCH": str(DAY_SECONDS),
    "TZ": "UTC",
}


def write_wheel(project: Path, folder: Path) -> None:
    """Write the wheel into the folder.

    Raises:
        subprocess.CalledProcessError: setuptools fails; it has printed why.
    """
    name, content = _built(project, "build_wheel")
    (folder / name).write_bytes(content)


def write_source_distribution(project: Path, folder: Path) -> None:
    """Write the source distribution into the folder.

    Raises:
        subprocess.CalledProcessError: setuptools fails; it has printed why.
    """
    name, content = _built(project, "build_sdist")
    (folder / name).write_bytes(_settled(content))


def _built(project: Path, hook: str) -> tuple[str, bytes]:
    """Return the name and the content of what setuptools builds."""
    with TemporaryDirectory() as temporary:
        copy, made = Path(temporary, "project"), Path(temporary, "made")
        _copy(project, copy)
        made.mkdir()
        subprocess.run(  # noqa: S603 - this Python itself
            [sys.executable, "-c", _BUILD.format(hook), made],
            cwd=copy,
            env=_ENVIRONMENT,
            stdout=subprocess.DEVNULL,  # setuptools lists each file; its errors are on stderr
            umask=0o022,
            check=True,
        )
        [(name, path)] = files(made)
        return name, path.read_bytes()


def _copy(project: Path, copy: Path) -> None:
    copy.mkdir()
    for name in _SOURCES:
        source = project / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copyfile(source, copy / name)
    settle(copy)


def _settled(archive: bytes) -> bytes:
    """Return a `.tar.gz` with its members in order, without owners, and with one time."""
    made = io.BytesIO()
    with (
        tarfile.open(fileobj=io.BytesIO(archive)) as old,
        gzip.GzipFile(filename="", mode="wb", fileobj=made, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda one: one.name):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, DAY_SECONDS
            plain.mode = 0o755 if member.isdir() else 0o644
            new.addfile(plain, old.extractfile(member))
    return made.getvalue()
