"""The folder of a release, whose content each build replaces."""

import shutil
from pathlib import Path

from release.checksums import SUMS


def empty(folder: Path) -> None:
    """Create the folder, or remove the earlier release from it, also one that wasn't completed.

    Raises:
        ValueError: it has other files. `RELEASE=` names the project's own folder.
    """
    is_release = (folder / SUMS).is_file()
    if folder.is_dir() and any(folder.iterdir()) and not is_release:
        raise ValueError(f"{folder} has other files than a release's: give an empty folder")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / SUMS).touch()  # the sign of a release, also of one that isn't completed
