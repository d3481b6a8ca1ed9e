"""The files that `csr-approver legacy` searches, and their text."""

import codecs
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

#: Larger files are not searched, but reported.
MAX_BYTES: Final = 32 * 2**20

STDIN: Final = "-"

_SKIPPED_FOLDERS: Final = frozenset({".git"})

#: Folders of code that others wrote, which is changed by updating it.
_VENDORED: Final = frozenset(
    {"vendor", "_vendor", "third_party", "node_modules", "site-packages", "Godeps", ".terraform"}
)
_BINARY_WITHIN: Final = 8_192

# Longer ones first: UTF-32's little-endian mark begins with UTF-16's.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),  # what PowerShell's `>` writes
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text. `exact`: False if it isn't UTF-8 or UTF-16, so that characters are guesses."""

    path: str
    text: str
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Binary:
    """A file without text. `named`: given by the caller, not found in a folder."""

    path: str
    named: bool


@dataclass(frozen=True, slots=True)
class Unclear:
    """Something that couldn't be searched or understood, and why."""

    path: str
    problem: str
    line: int | None = None


def vendored_tree(path: str, given: Iterable[str]) -> str | None:
    """Return the outermost folder of others' code that a file is in, below the given paths."""
    of = next((one for one in given if Path(one) in Path(path).parents), None)
    if of is None:
        return None
    within = Path(path).relative_to(of).parts[:-1]
    at = next((number for number, part in enumerate(within) if part in _VENDORED), None)
    return None if at is None else str(Path(of, *within[: at + 1]))


def read_all(
    paths: Iterable[str], stdin: Callable[[], BinaryIO]
) -> Iterator[Text | Binary | Unclear]:
    """Yield the files of these paths, each once, in the order of names."""
    seen: set[tuple[int, int]] = set()
    for path in paths:
        if path == STDIN:
            yield _from_stdin(stdin)
            continue
        for found in _files(Path(path)):
            yield found if isinstance(found, Unclear) else _from_file(found, path, seen)


def _from_stdin(stdin: Callable[[], BinaryIO]) -> Text | Binary | Unclear:
    try:
        return _decoded(STDIN, stdin().read(MAX_BYTES + 1), named=True)
    except (OSError, RuntimeError) as error:  # click raises RuntimeError for a closed one
        return _not_read(STDIN, error)


def _files(path: Path) -> Iterator[Path | Unclear]:
    """Yield the file itself, or a folder's regular files.

    Links in folders are not followed: they could form loops.
    """
    if not os.path.isdir(path):  # noqa: PTH112  Path.is_dir raises without permission
        yield path
        return
    failed: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=failed.append):
        folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
        for name in sorted(names):
            file = Path(folder, name)
            try:
                if stat.S_ISREG(file.lstat().st_mode):
                    yield file
            except OSError as error:
                failed.append(error)
        yield from (_not_read(str(error.filename or path), error) for error in failed)
        failed.clear()
    yield from (_not_read(str(error.filename or path), error) for error in failed)


def _from_file(file: Path, given: str, seen: set[tuple[int, int]]) -> Text | Binary | Unclear:
    """Return one file's text, unless it was read under another name."""
    name = str(file)
    try:
        with file.open("rb") as opened:
            status = os.fstat(opened.fileno())
            identity = status.st_dev, status.st_ino
            if identity in seen:
                return Binary(name, named=False)
            seen.add(identity)
            return _decoded(name, opened.read(MAX_BYTES + 1), named=name == str(Path(given)))
    except (OSError, ValueError) as error:
        return _not_read(name, error)


def _not_read(name: str, error: Exception) -> Unclear:
    advice = ": check the path" if isinstance(error, FileNotFoundError) else ""
    return Unclear(name, f"{getattr(error, 'strerror', None) or error}{advice}")


def _decoded(name: str, data: bytes, *, named: bool) -> Text | Binary | Unclear:
    if len(data) > MAX_BYTES:
        return Unclear(name, f"larger than {MAX_BYTES // 2**20} MiB, not searched: split the file")
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), "utf-8")
    if encoding in {"utf-8", "utf-8-sig"} and b"\0" in data[:_BINARY_WITHIN]:
        return Binary(name, named)
    try:
        return Text(name, data.decode(encoding))
    except UnicodeDecodeError:
        return Text(name, data.decode("latin-1"), exact=False)
