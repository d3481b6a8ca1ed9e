"""`make mutants`: copy the code and its tests, and run the mutants there.

The copy lets work go on meanwhile. Ctrl-C ends the run, and the next one continues it. After a
change of `src/core` or of the operators, a killed mutant counts as killed again while its module is
the same; `--new` tries all. Where all mutants were tried, those that survived are tried again with
the present tests.
"""

import filecmp
import os
import shutil
import sys
from pathlib import Path
from typing import Final

_STATE: Final = Path(".mutants")
_TREE: Final = _STATE / "tree"
_SESSION: Final = _STATE / "session.sqlite"
_EARLIER: Final = _STATE / "earlier.sqlite"
_COPIED: Final = ("src", "sandbox", "tests", "pyproject.toml")
_DECIDING: Final = ("src/core", "tests/mutation")


def main() -> None:
    """Copy what is needed, and go on in the copy."""
    if sys.version_info < (3, 12):
        sys.exit("mutation testing needs Python 3.12: earlier ones misplace what f-strings hold")
    if "--new" in sys.argv:
        shutil.rmtree(_STATE, ignore_errors=True)
    elif _SESSION.exists() and not all(_is_same(part) for part in _DECIDING):
        _SESSION.replace(_EARLIER)
    for part in _COPIED:
        _copy(Path(part), _TREE / part)
    os.chdir(_TREE)
    os.environ["PYTHONPATH"] = os.pathsep.join(("src", "."))
    os.execv(sys.executable, [sys.executable, "-m", "tests.mutation.run"])  # noqa: S606


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)


def _is_same(part: str) -> bool:
    here, there = _sources(Path(part)), _sources(_TREE / part)
    if here != there:
        return False
    return all(filecmp.cmp(Path(part) / one, _TREE / part / one, shallow=False) for one in here)


def _sources(folder: Path) -> set[Path]:
    files = (path for path in folder.rglob("*") if path.suffix in {".py", ".toml"})
    return {path.relative_to(folder) for path in files if not path.name.startswith("test_")}


if __name__ == "__main__":
    main()
