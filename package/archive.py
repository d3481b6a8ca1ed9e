"""Hash and zip a folder's content: the result is the same on every machine and at any time."""

import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# A zip can't hold times before 1980, in local time: this day is later in all time zones.
_DAY: Final = 2020, 1, 1, 0, 0, 0
DAY_SECONDS: Final = 1_577_836_800

_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


def settle(folder: Path) -> None:
    """Set all permissions in a folder to what Lambda needs, and all times to one fixed time.

    From: AWS Lambda Developer Guide, "Working with .zip file archives for Python Lambda functions".
    """
    for path in (folder, *folder.rglob("*")):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        os.utime(path, (DAY_SECONDS, DAY_SECONDS))


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each file's path within the folder and its full path, sorted by the former.

    Raises:
        ValueError: one is a link or a special file.
    """
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    for name, path in sorted(found.items()):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            yield name, path
        elif not stat.S_ISDIR(mode):
            raise ValueError(f"{path}: expected a file or a folder, not a link or special file")


def content_hash(folder: Path) -> str:
    """Return the SHA-256 of all paths, permissions and contents, in hexadecimal."""
    total = sha256()
    for name, path in files(folder):
        mode = stat.S_IMODE(path.stat().st_mode)
        total.update(f"{sha256(path.read_bytes()).hexdigest()} {mode:o} {name}\0".encode())
    return total.hexdigest()


def write_zip(folder: Path, target: Path) -> str:
    """Zip the folder's files to `target`, and return the zip's SHA-256 in hexadecimal.

    The same content gives the same zip only with the same version of zlib; `content_hash` doesn't
    depend on zlib.
    """
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, path in files(folder):
            entry = ZipInfo(name, _DAY)
            entry.create_system = 3  # Unix: the permissions are Unix's
            entry.external_attr = path.stat().st_mode << 16
            archive.writestr(entry, path.read_bytes(), ZIP_DEFLATED)
    return sha256(target.read_bytes()).hexdigest()
