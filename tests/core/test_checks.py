"""Every check: what passes it, and what each of its refusals says."""

from itertools import groupby

import pytest

from core.checks import Check
from core.decision import decide
from core.model import APP_SERVING, KUBELET_SERVING, Effect
from core.signers import SIGNERS
from tests.core.check_cases import LINES as NODE_LINES
from tests.core.check_cases import SERVICE_LINES, Line

LINES = {KUBELET_SERVING: NODE_LINES, APP_SERVING: SERVICE_LINES}


@pytest.mark.parametrize(
    ("signer", "line"),
    [
        pytest.param(signer, line, id=f"{signer}/{line.id}")
        for signer, lines in LINES.items()
        for line in lines
    ],
)
def test_a_check_gives_exactly_the_refusal_of_its_line(signer: str, line: Line) -> None:
    """A check passes the line's case, or refuses it with the line's effect, reason and detail.

    The checks that establish what it needs are run before it.
    """
    checks = SIGNERS[signer].checks
    [check] = [candidate for candidate in checks if candidate.id == line.check]
    before = [
        candidate
        for candidate in checks
        if candidate.establishes & check.needs and candidate is not check
    ]

    refusals = decide(line.case, (*before, check)).refusals

    own = [refusal for refusal in refusals if refusal.check == line.check]
    got = next(((refusal.effect, refusal.reason, refusal.detail) for refusal in own), None)
    expected = None if line.effect is None else (line.effect, line.reason, line.detail)
    assert expected == got


@pytest.mark.parametrize("signer", SIGNERS)
def test_every_check_has_a_line_that_passes_and_one_for_each_of_its_effects(signer: str) -> None:
    """A new check, or a new effect of one, needs a line that shows it."""
    shown: dict[str, set[Effect | None]] = {}
    for line in LINES[signer]:
        shown.setdefault(line.check, set()).add(line.effect)

    assert {check.id: {None, *check.effects} for check in SIGNERS[signer].checks} == shown


@pytest.mark.parametrize(
    "check",
    dict.fromkeys(
        check for checks in (signer.checks for signer in SIGNERS.values()) for check in checks
    ),
    ids=lambda check: check.id,
)
def test_every_check_states_its_rule_and_where_it_comes_from(check: Check) -> None:
    """A check's docstring states its rule and the rule's source."""
    assert "From:" in (check.run.__doc__ or "")


def test_lines_have_unique_names() -> None:
    """One of two lines with the same name could replace the other."""
    for lines in LINES.values():
        ids = [line.id for line in lines]

        assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("signer", SIGNERS)
def test_lines_stand_together_in_the_order_of_the_checks(signer: str) -> None:
    """A reader finds all lines of a check in one place."""
    order = [check for check, _ in groupby(line.check for line in LINES[signer])]

    assert [check.id for check in SIGNERS[signer].checks] == order
