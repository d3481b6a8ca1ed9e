"""A copy of the repository with one file changed; the repository itself isn't changed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.threats.row import ROOT, Change


@contextmanager
def changed_tree(change: Change) -> Iterator[Path]:
    """Make a folder of links to the repository, with one file changed.

    Unlike an import hook, this also affects YAML, subprocesses, and code that reads files.

    Raises:
        ValueError: the file doesn't have the text to replace exactly once.
    """
    text = change.applied()
    with TemporaryDirectory(prefix="threats-") as folder:
        root = Path(folder)
        _link(ROOT, root, Path(change.file).parts, text)
        yield root


def _link(real: Path, copy: Path, way: tuple[str, ...], text: str) -> None:
    """Link a folder's entries, but write the changed file, whose path is `way`."""
    for entry in real.iterdir():
        if entry.name != way[0]:
            (copy / entry.name).symlink_to(entry)
    end = copy / way[0]
    if len(way) > 1:
        end.mkdir()
        _link(real / way[0], end, way[1:], text)
        return
    end.write_text(text)
    # Python checks bytecode by its source's time and size; no source is from 1970.
    os.utime(end, (0, 0))
