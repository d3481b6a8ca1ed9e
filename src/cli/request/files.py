"""The files of `csr-approver request`; an existing file is never overwritten."""

import os
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final

from core.errors import BadSettings
from core.printable import printable

_OWNER_ONLY: Final = 0o600
_READABLE_BY_ALL: Final = 0o644
#: Follow no link, and overwrite nothing.
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True, slots=True)
class Files:
    """The paths of the files."""

    key: Path
    certificate: Path
    ca: Path | None

    def check(self) -> None:
        """Check that all can be written.

        Raises:
            BadSettings: one exists already, can't be written, or is named twice.
        """
        given = {"--key": self.key, "--cert": self.certificate}
        given |= {"--ca": self.ca} if self.ca else {}
        for (one, path), (other, same) in combinations(given.items(), 2):
            if os.path.realpath(path) == os.path.realpath(same):
                shown = printable(str(path), None)
                raise BadSettings(
                    f"{one} and {other} are the same file, {shown}: give different files"
                )
        for option, path in given.items():
            _check(option, path)

    def write_key(self, pem: bytes) -> None:
        """Write the key, readable by its owner only; raises OSError."""
        _write(self.key, pem, _OWNER_ONLY)

    def write_certificate(self, pem: bytes) -> None:
        """Write the certificate; raises OSError."""
        _write(self.certificate, pem, _READABLE_BY_ALL)

    def write_ca(self, pem: bytes) -> None:
        """Write the CA if a file was given for it; raises OSError."""
        if self.ca:
            _write(self.ca, pem, _READABLE_BY_ALL)


def _check(option: str, path: Path) -> None:
    """Create and delete the file: only that shows missing rights, full disks and long names."""
    shown = printable(str(path), None)
    try:
        os.close(os.open(path, _NEW, _OWNER_ONLY))
        path.unlink()
    except FileExistsError:
        raise BadSettings(
            f"{option}: {shown} exists already, and is not overwritten: move it, or give another"
        ) from None
    except OSError as error:
        problem = f"{shown} can't be written: {error.strerror}"
        raise BadSettings(f"{option}: {problem}; give another path") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write the file whole and to the disk, or not at all."""
    descriptor = os.open(path, _NEW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
