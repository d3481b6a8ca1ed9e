"""The folder of a release, whose content each build replaces."""

import shutil
from pathlib import Path

from release.checksums import SUMS


def empty(folder: Path) -> None:
    """Create the folder, or remove the earlier release from it, also one that wasn't completed.

    Raises:
        ValueError: it has other files. `RELEASE=` names the project's own folder.
    """
    if folder.is_dir() and any(folder.iterdir()) and not _is_release(folder):
        raise ValueError(f"{folder} has other files than a release's: give an empty folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / SUMS).touch()  # the sign of a release, also of one that isn't completed


def _is_release(folder: Path) -> bool:
    """Return whether the checksums are of our files; those of a release not completed are empty."""
    sums = folder / SUMS
    text = sums.read_text(errors="replace") if sums.is_file() else "none"
    return not text or "  csr-approver-" in text
