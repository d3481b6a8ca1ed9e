"""Zip the functions' packages, one for each processor; both functions have the same one."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from core.version import VERSION
from package.archive import content_hash, write_zip
from package.assemble import assemble
from package.target import ARCHITECTURES, Architecture, Target
from release.bill import bill

#: As many digits of the hash as make a file's name unique among all builds of a version.
_DIGITS: Final = 12


def write_packages(
    libraries: Mapping[Architecture, Path], sources: Path, python_version: str, folder: Path
) -> tuple[dict[Architecture, str], str]:
    """Write each processor's package into the folder; return their names, and what they contain.

    `libraries`: the folder into which pip installed each processor's libraries.

    Raises:
        ValueError: this Python can't compile for Lambda's, or the packages contain different
            libraries.
    """
    names: dict[Architecture, str] = {}
    bills = set()
    for architecture in ARCHITECTURES:
        target = Target(architecture, python_version)
        if not target.has_this_python:
            raise ValueError(f"a release needs Python {python_version}, or it has no byte code")
        with TemporaryDirectory() as package:
            assemble(libraries[architecture], sources, Path(package), target)
            names[architecture] = _write(Path(package), architecture, folder)
            bills.add(bill(Path(package)))
    if len(bills) != 1:
        raise ValueError("the packages of the processors contain different libraries")
    return names, bills.pop()


def _write(package: Path, architecture: Architecture, folder: Path) -> str:
    name = f"csr-approver-{VERSION}-{architecture}-{content_hash(package)[:_DIGITS]}.zip"
    write_zip(package, folder / name)
    return name
