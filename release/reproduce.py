"""`make reproduce`: build a release in two clones that have nothing in common but the commit.

Path, umask, time zone and locale differ, and the clock too if the program `faketime` is installed.
The environments with the tools are shared. The result is written to the folder of `make release`.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from release.checksums import SUMS
from release.folder import empty


class _Place(NamedTuple):
    path: str
    umask: int
    environment: Mapping[str, str]
    days: int


_PLACES: Final = (
    _Place("one", 0o022, {"TZ": "UTC", "LC_ALL": "C"}, 0),
    _Place(
        "a longer/path of another/two", 0o077, {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"}, 400
    ),
)


def main(arguments: Sequence[str]) -> int:
    """Build twice, compare, and return the exit code."""
    venv, sam_venv, result = map(Path, arguments)
    try:
        empty(result)
    except ValueError as error:
        print(f"reproduce: {error}", file=sys.stderr)
        return 1
    return _compare(venv, sam_venv, result)


def _compare(venv: Path, sam_venv: Path, result: Path) -> int:
    commit = _output("git", "rev-parse", "HEAD")
    sums = []
    with TemporaryDirectory() as temporary:
        for place in _PLACES:
            made = _release(Path(temporary, place.path), place, commit, venv, sam_venv)
            sums.append((made / SUMS).read_text())
        shutil.copytree(made, result, dirs_exist_ok=True)
    if sums[0] != sums[1]:
        print(f"the two differ:\n{sums[0]}\n{sums[1]}", file=sys.stderr)
        return 1
    print(sums[0], end="")
    return 0


def _release(clone: Path, place: _Place, commit: str, venv: Path, sam_venv: Path) -> Path:
    clone.parent.mkdir(parents=True, exist_ok=True)
    _run(place, Path(), "git", "clone", "--quiet", ".", str(clone))
    _run(place, clone, "git", "checkout", "--quiet", commit)
    tools = f"VENV={venv}", f"SAM_VENV={sam_venv}"
    # A clone's locks are newer than the shared environments, which must not be installed again.
    installed = f"--old-file={venv}/dev.installed", f"--old-file={sam_venv}/installed"
    shifted = ("faketime", f"+{place.days} days") if shutil.which("faketime") else ()
    _run(place, clone, *shifted, "make", "release", "RELEASE=made", *tools, *installed)
    return clone / "made"


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603


def _run(place: _Place, folder: Path, *command: str) -> None:
    subprocess.run(  # noqa: S603 - words of this module
        command,
        cwd=folder,
        env={**_inherited(), **place.environment},
        umask=place.umask,
        check=True,
        stdout=sys.stderr,
    )


def _inherited() -> dict[str, str]:
    """Return this environment without the variables of the `make` that runs this."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
