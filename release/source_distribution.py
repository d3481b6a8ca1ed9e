"""Build the source distribution, with the same bytes on each run."""

import gzip
import io
import tarfile
from pathlib import Path

from package.archive import DAY_SECONDS
from package.backend import built


def write_source_distribution(project: Path, folder: Path) -> None:
    """Write it into the folder.

    Raises:
        subprocess.CalledProcessError: setuptools fails; it has printed why.
    """
    name, content = built(project, "build_sdist")
    (folder / name).write_bytes(_settled(content))


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
