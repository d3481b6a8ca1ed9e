"""The repository as it would be with one file changed; the repository itself stays as it is."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.threats.row import ROOT, Change


@contextmanager
def changed_tree(change: Change) -> Iterator[Path]:
    """Make a folder of links to the repository, in which one file is changed.

    Unlike a hook on imports it also reaches YAML, subprocesses, and code that reads files.

    Raises:
        ValueError: the text to replace isn't there exactly once.
    """
    text = change.applied()
    with TemporaryDirectory(prefix="threats-") as folder:
        root = Path(folder)
        _link(ROOT, root, Path(change.file).parts, text)
        yield root


def _link(real: Path, copy: Path, way: tuple[str, ...], text: str) -> None:
    """Link a folder's entries, but write the changed file, which is at the end of `way`."""
    for entry in real.iterdir():
        if entry.name != way[0]:
            (copy / entry.name).symlink_to(entry)
    end = copy / way[0]
    if len(way) > 1:
        end.mkdir()
        _link(real / way[0], end, way[1:], text)
        return
    end.write_text(text)
    # Bytecode is trusted by its source's time and size; no source is of 1970.
    os.utime(end, (0, 0))
