"""The files of `csr-approver request`: written once, and never over another."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from core.errors import BadSettings
from core.printable import printable

_OWNERS: Final = 0o600
_EVERYBODYS: Final = 0o644
#: Follows no link, and writes over nothing.
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@dataclass(frozen=True, slots=True)
class Files:
    """Where they go."""

    key: Path
    certificate: Path
    ca: Path | None

    def check(self) -> None:
        """Hold them against what is there.

        Raises:
            BadSettings: one is there already, can't be written, or is named twice.
        """
        given = {"--key": self.key, "--cert": self.certificate}
        given |= {"--ca": self.ca} if self.ca else {}
        if len({os.path.realpath(path) for path in given.values()}) < len(given):
            raise BadSettings(f"{', '.join(given)}: expected different files")
        for option, path in given.items():
            _check(option, path)

    def write_key(self, pem: bytes) -> None:
        """Nobody but its owner may read it; raises OSError."""
        _write(self.key, pem, _OWNERS)

    def write_certificate(self, pem: bytes) -> None:
        """Raises OSError."""
        _write(self.certificate, pem, _EVERYBODYS)

    def write_ca(self, pem: bytes) -> None:
        """Where one is wanted; raises OSError."""
        if self.ca:
            _write(self.ca, pem, _EVERYBODYS)


def _check(option: str, path: Path) -> None:
    """By writing, for a moment: of rights, full disks and long names nothing else tells all."""
    shown = printable(str(path), None)
    try:
        os.close(os.open(path, _NEW, _OWNERS))
        path.unlink()
    except FileExistsError:
        raise BadSettings(f"{option}: {shown} is there already, and is not written over") from None
    except OSError as error:
        raise BadSettings(f"{option}: {shown} can't be written: {error.strerror}") from None


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole and on the disk, or not at all."""
    descriptor = os.open(path, _NEW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
