"""Every check: what passes it, and what each of its refusals says."""

from itertools import groupby

import pytest

from core.checks import Check
from core.decision import decide
from core.model import APP_SERVING, KUBELET_SERVING, Effect
from core.signers import SIGNERS
from tests.core.check_cases import EXAMPLES as NODE_EXAMPLES
from tests.core.check_cases import SERVICE_EXAMPLES, CheckExample

EXAMPLES = {KUBELET_SERVING: NODE_EXAMPLES, APP_SERVING: SERVICE_EXAMPLES}


@pytest.mark.parametrize(
    ("signer", "example"),
    [
        pytest.param(signer, example, id=f"{signer}/{example.id}")
        for signer, examples in EXAMPLES.items()
        for example in examples
    ],
)
def test_a_check_gives_exactly_the_refusal_of_its_example(
    signer: str, example: CheckExample
) -> None:
    """A check passes the example's case, or refuses it with its effect, reason and detail.

    The checks that establish what it needs are run before it.
    """
    checks = SIGNERS[signer].checks
    [check] = [candidate for candidate in checks if candidate.id == example.check]
    before = [
        candidate
        for candidate in checks
        if candidate.establishes & check.needs and candidate is not check
    ]

    refusals = decide(example.case, (*before, check)).refusals

    own = [refusal for refusal in refusals if refusal.check == example.check]
    got = next(((refusal.effect, refusal.reason, refusal.detail) for refusal in own), None)
    expected = None if example.effect is None else (example.effect, example.reason, example.detail)
    assert expected == got


def test_these_refusals_warn_in_the_log() -> None:
    """A person should see them; all others are routine, or have alarms of their own."""
    warned = {
        (refusal.check, refusal.reason)
        for signer, examples in EXAMPLES.items()
        for example in examples
        for refusal in decide(example.case, SIGNERS[signer].checks).refusals
        if refusal.warns
    }

    assert {
        ("node-kind", "role not mapped as a node's"),
        ("reserved-names", "loopback name"),
        ("service-names", "name of another namespace"),
    } == warned


@pytest.mark.parametrize("signer", SIGNERS)
def test_every_check_has_an_example_that_passes_and_one_for_each_of_its_effects(
    signer: str,
) -> None:
    """A new check, or a new effect of one, needs an example that shows it."""
    shown: dict[str, set[Effect | None]] = {}
    for example in EXAMPLES[signer]:
        shown.setdefault(example.check, set()).add(example.effect)

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


def test_examples_have_unique_names() -> None:
    """One of two examples with the same name could replace the other."""
    for examples in EXAMPLES.values():
        ids = [example.id for example in examples]

        assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("signer", SIGNERS)
def test_examples_stand_together_in_the_order_of_the_checks(signer: str) -> None:
    """A reader finds all examples of a check in one place."""
    order = [check for check, _ in groupby(example.check for example in EXAMPLES[signer])]

    assert [check.id for check in SIGNERS[signer].checks] == order
