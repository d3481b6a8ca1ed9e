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

_BUILD: Final = """
import sys
from setuptools.build_meta import build_sdist, build_wheel
[folder] = sys.argv[1:]  # setuptools changes sys.argv
build_wheel(folder)
build_sdist(folder)
"""

# Python imports nothing from the user's own folders, and orders sets alike on each run.
_ENVIRONMENT: Final = {
    "LC_ALL": "C.UTF-8",
    "PATH": os.defpath,
    "PYTHONHASHSEED": "0",
    "PYTHONNOUSERSITE": "1",
    "SOURCE_DATE_EPOCH": str(DAY_SECONDS),
    "TZ": "UTC",
}


def write_distributions(project: Path, folder: Path) -> None:
    """Write the wheel and the source distribution into the folder.

    Raises:
        subprocess.CalledProcessError: setuptools fails; its output is in it.
    """
    with TemporaryDirectory() as temporary:
        copy, made = Path(temporary, "project"), Path(temporary, "made")
        _copy(project, copy)
        made.mkdir()
        subprocess.run(  # noqa: S603 - this Python itself
            [sys.executable, "-c", _BUILD, made],
            cwd=copy,
            env=_ENVIRONMENT,
            umask=0o022,
            check=True,
            capture_output=True,
            text=True,
        )
        for _, path in files(made):
            if path.suffix == ".gz":
                (folder / path.name).write_bytes(_settled(path))
            else:
                shutil.copyfile(path, folder / path.name)


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


def _settled(path: Path) -> bytes:
    """Return a `.tar.gz` with its members in order, without owners, and with one time."""
    made = io.BytesIO()
    with (
        tarfile.open(path) as old,
        gzip.GzipFile(filename="", mode="wb", fileobj=made, mtime=0) as packed,
        tarfile.open(mode="w", fileobj=packed, format=tarfile.PAX_FORMAT) as new,
    ):
        for member in sorted(old.getmembers(), key=lambda one: one.name):
            plain = tarfile.TarInfo(member.name)
            plain.type, plain.size, plain.mtime = member.type, member.size, DAY_SECONDS
            plain.mode = 0o755 if member.isdir() else 0o644
            new.addfile(plain, old.extractfile(member))
    return made.getvalue()
