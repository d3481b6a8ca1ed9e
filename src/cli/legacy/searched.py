"""What a search found in all files, with others' code apart."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from cli.legacy.files import Binary, Text, Unclear, read_all, vendored_tree
from cli.legacy.find import Finding, search


@dataclass(slots=True)
class Searched:
    """The findings. `vendored`: their number by folder, for code that others wrote.

    `files`, `binary`: numbers of files that were searched, and that weren't as they have no text.
    """

    findings: list[Finding] = field(default_factory=list)
    unclear: list[Unclear] = field(default_factory=list)
    vendored: Counter[str] = field(default_factory=Counter)
    files: int = 0
    binary: int = 0


def search_all(paths: Sequence[str], stdin: Callable[[], BinaryIO]) -> Searched:
    """Search all files of these paths; `-` is standard input."""
    searched = Searched()
    for file in read_all(paths, stdin):
        tree = vendored_tree(file.path, paths)
        if isinstance(file, Text):
            searched.files += 1
            for one in search(file):
                _add(searched, one, tree)
        elif isinstance(file, Binary) and not file.named:
            searched.binary += 1
        elif isinstance(file, Binary):
            problem = "binary, not searched: give text files"
            _add(searched, Unclear(file.path, problem), tree)
        else:
            _add(searched, file, tree)
    return searched


def _add(searched: Searched, one: Finding | Unclear, tree: str | None) -> None:
    if isinstance(one, Unclear):
        # A template of a library that isn't understood is not the reader's to change.
        searched.unclear += [one] if tree is None else []
    elif tree is None:
        searched.findings.append(one)
    else:
        searched.vendored[tree] += 1
