"""A row of `docs/threat-model.md`, and how its defence is taken away."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

#: The rule book: one parametrization for each refusal of each check.
LINES: Final = "tests/core/test_checks.py::test_a_check_gives_exactly_the_refusal_of_its_line"

#: Forged requests, byte by byte, each refused by the check that it names.
VECTORS: Final = "tests/vectors/test_vectors.py::test_each_vector_gets_its_verdict"


@dataclass(frozen=True, slots=True)
class Change:
    """Replace one text in one file. `file`: relative to the repository's root, Python or YAML."""

    file: str
    old: str
    new: str

    def applied(self) -> str:
        """Return the file's text with the change.

        Raises:
            ValueError: the old text isn't there exactly once.
        """
        text = (ROOT / self.file).read_text()
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.file}: found {self.old!r} {found} times, expected once")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Row:
    """One attack. `without`: what stops it; each change takes one defence away.

    `attack` and `shown_by` are the document's first and last column. `cases`: only the test's
    parametrizations whose ids contain this text, where all of them would take long.
    """

    attack: str
    shown_by: str
    without: tuple[Change, ...]
    cases: str = ""


def unchecked(file: str, check: str) -> Change:
    """Return the change that makes a check accept everything."""
    head = f"def {check}(case: Case) -> Refusal | None:\n"
    return Change(f"src/core/checks/{file}", head, f"{head}    return None\n")


def each_removal(rows: tuple[Row, ...]) -> Iterator[tuple[Row, Change]]:
    """Return every row once for each of its defences."""
    for row in rows:
        for change in row.without:
            yield row, change
