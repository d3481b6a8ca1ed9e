"""What differs between two builds doesn't change the bytes that are released.

`make reproduce` builds whole releases in two clones, also with another clock. Here two copies of
the sources are built, without the libraries, which pip checks by their hashes.
tests/package/test_wheel.py has the wheel.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tarfile import TarFile
from typing import Final, NamedTuple

import pytest

from core.version import VERSION
from release.checksums import SUMS
from tests.template.templates import ROOT

SOURCES: Final = ("package", "release", "sandbox", "src", "LICENSE", "pyproject.toml", "README.md")
SDIST: Final = f"csr_approver-{VERSION}.tar.gz"

#: The parts of a release that are made from the sources alone.
_BUILD: Final = """
import shutil, sys
from pathlib import Path
from package.archive import settle, write_zip
from package.assemble import SOURCES, compile_all
from release.checksums import write_sums
from release.source_distribution import write_source_distribution
folder = Path(sys.argv[1])
folder.mkdir()
write_source_distribution(Path(), folder)
for name in SOURCES:
    shutil.copytree(f"src/{name}", folder / "code" / name)
compile_all(folder / "code")
settle(folder / "code")
write_zip(folder / "code", folder / "code.zip")
shutil.rmtree(folder / "code")
write_sums(folder)
"""


class Place(NamedTuple):
    """Where and how a build runs."""

    path: str
    umask: int
    modified: int
    environment: Mapping[str, str]


PLACES: Final = (
    Place("one", 0o022, 1_600_000_000, {"TZ": "UTC", "LC_ALL": "C", "PYTHONHASHSEED": "1"}),
    Place(
        "a longer/path/two",
        0o077,
        1_700_000_001,
        {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "2"},
    ),
)


def built(place: Place, folder: Path) -> Path:
    """Copy the sources, with other times and rights, and build; return the result's folder."""
    copy = folder / place.path
    copy.mkdir(parents=True)
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, copy / name)
    for path in copy.rglob("*"):
        path.chmod((0o777 if path.is_dir() else 0o666) & ~place.umask)
        os.utime(path, (place.modified, place.modified))
    subprocess.run(  # noqa: S603 - this Python itself
        [sys.executable, "-c", _BUILD, copy / "made"],
        cwd=copy,
        env={"PATH": os.defpath, "PYTHONPATH": "src:.", **place.environment},
        umask=place.umask,
        check=True,
    )
    return copy / "made"


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("builds")
    return [built(place, folder) for place in PLACES]


def test_two_builds_have_the_same_bytes(builds: list[Path]) -> None:
    """Path, umask, rights, time zone, locale, the order of sets and all times differ."""
    one, other = ((folder / SUMS).read_text() for folder in builds)

    assert {SDIST, "code.zip"} == {line.split("  ")[1] for line in one.splitlines()}
    assert one == other


def test_the_sums_are_those_of_the_files(builds: list[Path]) -> None:
    """Everyone can check them with coreutils."""
    ran = subprocess.run(  # noqa: S603 - our own file
        ["sha256sum", "--check", "--strict", SUMS],  # noqa: S607
        cwd=builds[0],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (ran.returncode, ran.stderr)


def test_the_source_distribution_names_no_user_and_no_folder(builds: list[Path]) -> None:
    """Its members have no owner, and one time."""
    with TarFile.open(builds[0] / SDIST) as archive:
        members = archive.getmembers()

    assert {(0, 0, "", "")} == {(one.uid, one.gid, one.uname, one.gname) for one in members}
    assert 1 == len({one.mtime for one in members})
    assert f"csr_approver-{VERSION}/src/cli/main.py" in {one.name for one in members}
