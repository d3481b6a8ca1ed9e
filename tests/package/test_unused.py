"""The package ships no module of ours that the functions never import."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from package.assemble import SOURCES
from tests.package.functions import FUNCTIONS

#: Modules that only a function's body imports, each with the reason. A test must run that body.
LAZY: Final[Mapping[str, str]] = {}

#: Prints the file of every module that the handlers' imports load.
_IMPORT: Final = f"""\
import sys, {", ".join(handler.rpartition(".")[0] for handler in FUNCTIONS)}
found = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(*filter(None, found))
"""


def never_imported(package: Path) -> list[str]:
    """Return our modules of the package that importing both handlers doesn't load, sorted."""
    imported = subprocess.run(  # noqa: S603 - this Python itself
        # -S: without this environment's site-packages, so that the package is on its own.
        [sys.executable, "-S", "-c", _IMPORT],
        cwd=package,
        env={"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return sorted(set(_modules(package)) - {_name(Path(file), package) for file in imported})


def _modules(package: Path) -> Iterator[str]:
    for folder in SOURCES:
        yield from (_name(file, package) for file in (package / folder).rglob("*.py"))


def _name(file: Path, package: Path) -> str:
    if not file.is_relative_to(package):
        return ""
    return ".".join(file.relative_to(package).with_suffix("").parts).removesuffix(".__init__")


def test_every_module_is_imported_by_a_handler(build: Path) -> None:
    """Each module under adapters, core and handlers is loaded at the start, or listed as lazy."""
    assert sorted(LAZY) == never_imported(build / "ReviewerFunction")


@pytest.mark.parametrize("folder", ["core", "adapters"])
def test_an_unused_module_is_found(folder: str, build: Path, tmp_path: Path) -> None:
    """A module that nothing imports is reported by its name."""
    for part in (build / "ReviewerFunction").iterdir():
        if part.name in SOURCES:
            shutil.copytree(part, tmp_path / part.name)
        else:
            (tmp_path / part.name).symlink_to(part)
    (tmp_path / folder / "unused.py").write_text('"""Nothing imports this."""\n')

    assert sorted([f"{folder}.unused", *LAZY]) == never_imported(tmp_path)
