"""A folder's content as one hash and one zip, the same wherever and whenever they are made."""

import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# Zips begin with 1980, in local time: this day is later than that in all time zones.
_DAY: Final = 2020, 1, 1, 0, 0, 0
_DAY_SECONDS: Final = 1_577_836_800

_FILE_MODE: Final = 0o644
_FOLDER_MODE: Final = 0o755


def settle(folder: Path) -> None:
    """Give all in it the rights that Lambda needs and one time, whatever the umask and the clock.

    From: AWS Lambda Developer Guide, "Working with .zip file archives for Python Lambda functions".
    """
    for path in (folder, *folder.rglob("*")):
        path.chmod(_FOLDER_MODE if path.is_dir() else _FILE_MODE)
        os.utime(path, (_DAY_SECONDS, _DAY_SECONDS))


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Every file of the folder by its path within, in that path's order.

    Raises:
        ValueError: one is a link, or no file at all.
    """
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*")}
    for name, path in sorted(found.items()):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            yield name, path
        elif not stat.S_ISDIR(mode):
            raise ValueError(f"{path}: expected files and folders only")


def content_hash(folder: Path) -> str:
    """SHA-256 of all paths, rights and contents."""
    total = sha256()
    for name, path in files(folder):
        mode = stat.S_IMODE(path.stat().st_mode)
        total.update(f"{sha256(path.read_bytes()).hexdigest()} {mode:o} {name}\0".encode())
    return total.hexdigest()


def write_zip(folder: Path, target: Path) -> str:
    """Zip the folder's files; returns the zip's SHA-256.

    The same content gives the same zip where the same zlib compresses it; `content_hash` doesn't
    depend on that.
    """
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for name, path in files(folder):
            entry = ZipInfo(name, _DAY)
            entry.create_system = 3  # Unix, whose rights these are
            entry.external_attr = path.stat().st_mode << 16
            archive.writestr(entry, path.read_bytes(), ZIP_DEFLATED)
    return sha256(target.read_bytes()).hexdigest()
