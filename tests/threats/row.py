"""A row of `docs/threat-model.md`, and the change that removes its defence."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

#: The specification of checks: one parametrization per refusal of each check.
EXAMPLES: Final = "tests/core/test_checks.py::test_a_check_gives_exactly_the_refusal_of_its_example"

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
            ValueError: the file doesn't have the old text exactly once.
        """
        text = (ROOT / self.file).read_text()
        found = text.count(self.old)
        if found != 1:
            raise ValueError(
                f"{self.file}: found {self.old!r} {found} times, expected once; update the row"
            )
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True)
class Row:
    """One attack. `without`: the defences that stop it; each change removes one of them.

    `attack` and `shown_by` are the document's first and last column. `cases`: run only the
    parametrizations whose ids contain this text, to save time.
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
