"""How a surviving mutant is named, so that `reasons.toml` can say why it is accepted."""

import tomllib
from pathlib import Path

import pytest

from tests.mutation.reasons import Difference, read

MODULE = """
LIMIT = 5

class Budget:
    def judging(self):
        left = self.clock.remaining()
        return left > LIMIT and self.may_begin()
"""


@pytest.mark.parametrize(
    ("old", "new", "place", "before", "after"),
    [
        ("LIMIT = 5", "LIMIT = 6", "LIMIT", "LIMIT = 5 class", "LIMIT = 6 class"),
        (
            "left > LIMIT",
            "left >= LIMIT",
            "Budget.judging",
            "return left > LIMIT and self",
            "return left >= LIMIT and self",
        ),
        (
            "left > LIMIT and self.may_begin()",
            "left > LIMIT",
            "Budget.judging",
            "left > LIMIT and self . may_begin ( )",
            "left > LIMIT",
        ),
    ],
)
def test_a_change_is_named_by_its_place_and_the_tokens_around(
    old: str, new: str, place: str, before: str, after: str
) -> None:
    """Line numbers and layout don't count, so a reason outlives changes elsewhere in the module."""
    named = Difference.between("m.py", MODULE, MODULE.replace(old, new))

    assert named == Difference("m.py", place, before, after)


def test_a_survivor_is_printed_as_an_entry_that_lacks_its_reason() -> None:
    """To accept a survivor, copy its entry from the report and state the reason."""
    change = Difference("m.py", "LIMIT", "LIMIT = '5'", "LIMIT = '6'")

    assert tomllib.loads(str(change))["accepted"] == [
        {"module": "m.py", "place": "LIMIT", "before": "LIMIT = '5'", "after": "LIMIT = '6'"}
        | {"reason": ""}
    ]


def test_every_accepted_change_is_in_a_module_that_exists_and_has_a_reason() -> None:
    """A reason for a module that was moved or removed must move or go with it."""
    accepted = read()

    assert all(Path(change.module).is_file() for change in accepted)
    assert all(accepted.values())
