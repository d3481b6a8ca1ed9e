"""docs/reasons.md has every action, finding and reason of the code, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from core.checks import APP_SERVING_CHECKS, KUBELET_SERVING_CHECKS
from core.model import Action
from core.model.run import IssueState
from core.model.verdict import ADDRESS_MOVED

ROOT: Final = Path(__file__).parents[2]
ROWS: Final = re.findall(
    r"^\| `([^`]+)` \| (\w+)[^|]* \| ([^|]+) \| ",
    (ROOT / "docs" / "reasons.md").read_text(),
    re.MULTILINE,
)

#: Reasons that reach a `Refusal` by a variable.
_BY_VARIABLE: Final = {
    ADDRESS_MOVED,
    "DNS name is not the instance's",
    "address is not the instance's",
    "already decided",
    "failed",
}


def words(kind: str) -> list[str]:
    return [word for word, is_of, _ in ROWS if is_of == kind]


def refusals() -> Iterator[ast.expr]:
    """Yield the reason of each refusal in the code, as it is written there."""
    for path in sorted((ROOT / "src").glob("*/**/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            if called in {"Refusal.deny", "Refusal.leave"}:
                yield node.args[0]
            elif called == "Refusal" and node.args:
                yield node.args[1]


def test_every_reason_of_a_refusal_has_a_row() -> None:
    literal = {one.value for one in refusals() if isinstance(one, ast.Constant)}

    assert literal | _BY_VARIABLE == set(words("reason"))


def test_a_reason_in_a_variable_is_in_the_code() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "src").glob("*/**/*.py"))

    assert [] == [reason for reason in _BY_VARIABLE if f'"{reason}"' not in source]


def test_every_action_and_finding_has_a_row() -> None:
    assert [one.value for one in Action] == words("action")
    assert [one.value for one in IssueState] == words("finding")


def test_no_word_has_two_rows() -> None:
    every = [word for word, _, _ in ROWS]

    assert sorted(set(every)) == sorted(every)


def test_the_named_checks_exist() -> None:
    """Those of `evaluate` are named so."""
    checks = {check.id for check in (*KUBELET_SERVING_CHECKS, *APP_SERVING_CHECKS)}
    named = {
        check
        for _, kind, given_by in ROWS
        if kind == "reason" and "`evaluate`" not in given_by
        for check in re.findall("`([^`]+)`", given_by)
    }

    assert set() == named - checks
