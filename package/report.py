"""Report what `make build` prints: how large the package is, and how fast it starts.

The report compares it with the package without byte code, and with a plain `sam build` of `src`.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory
from typing import Final

from package.archive import content_hash, files, write_zip
from package.binaries import misfits
from package.coldstart import first_answers, obstacle
from package.target import Target

SHIPPED: Final = "this package"
UNCOMPILED: Final = "without byte code"
PLAIN: Final = "plain sam build"

_FUNCTIONS: Final = ("DispatcherFunction", "ReviewerFunction")
_EVENT: Final = Path("events/review-excluded.json")


def report(build: Path, libraries: Path, sources: Path, target: Target) -> Iterator[str]:
    """Yield the report's lines, and write the package's zip beside the build's folder.

    Raises:
        ValueError: the functions' packages differ, or aren't for this target.
    """
    if wrong := [one for name in _FUNCTIONS for one in misfits(build / name, target)]:
        raise ValueError("\n".join(wrong))
    hashes = {content_hash(build / name) for name in _FUNCTIONS}
    if len(hashes) != 1:
        raise ValueError(
            f"{build}: the functions' packages differ; did src change meanwhile? Build again"
        )
    package = build / _FUNCTIONS[0]
    archive = build.parent / f"csr-approver-{target.architecture}.zip"
    with TemporaryDirectory() as folder:
        packages = {SHIPPED: package, **_others(package, libraries, sources, Path(folder))}
        zips = {name: Path(folder, f"{name}.zip") for name in packages} | {SHIPPED: archive}
        zip_hashes = {name: write_zip(packages[name], file) for name, file in zips.items()}
        yield from _table(packages, zips, target)
    yield f"content, by Python {python_version()}  sha256 {hashes.pop()}"
    yield f"{archive}  sha256 {zip_hashes[SHIPPED]}"


def _table(packages: Mapping[str, Path], zips: Mapping[str, Path], target: Target) -> Iterator[str]:
    why_not = obstacle(target)
    seconds = {} if why_not else first_answers(packages, json.loads(_EVENT.read_text()))
    yield f"{'':20}{'zipped':>10}{'unzipped':>10}{'first answer':>14}"
    for name, package in packages.items():
        zipped = zips[name].stat().st_size
        unzipped = sum(path.stat().st_size for _, path in files(package))
        first = f"{seconds[name]:.2f} s" if seconds else "not measured"
        yield f"{name:20}{_megabytes(zipped)}{_megabytes(unzipped)}{first:>14}"
    if why_not:
        yield f"first answer: not measured here, {why_not}"
    if not target.has_this_python:
        yield f"no byte code: this needs Python {target.python_version} (cold starts are slower)"


def _others(package: Path, libraries: Path, sources: Path, folder: Path) -> dict[str, Path]:
    """Make the packages to compare with, and return their folders.

    The plain one holds all libraries of the lock unchanged and the whole of `src`, uncompiled.
    From: aws-lambda-builders, workflow python_pip.
    """
    uncompiled, plain = folder / "uncompiled", folder / "plain"
    without = shutil.ignore_patterns("__pycache__")
    shutil.copytree(package, uncompiled, ignore=without)
    shutil.copytree(libraries, plain)
    shutil.rmtree(plain / "bin")  # only pip puts scripts here
    shutil.copytree(sources, plain, dirs_exist_ok=True, ignore=without)
    return {UNCOMPILED: uncompiled, PLAIN: plain}


def _megabytes(size: int) -> str:
    return f"{size / 1e6:7.1f} MB"
