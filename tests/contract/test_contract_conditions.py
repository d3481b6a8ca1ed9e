"""PUT /approval: the rules of conditions."""

import pytest

from tests.contract.objects import Json, a_condition, decided, put, read, written
from tests.contract.world import World
from tests.real.controlplane import Client

APPROVED = a_condition("Approved")

DENIED = a_condition("Denied")

FAILED = a_condition("Failed")

OWN = a_condition("Foo", "False")


@pytest.mark.parametrize(
    "conditions",
    [[DENIED], [FAILED], [OWN], [APPROVED, OWN], [APPROVED, FAILED], [DENIED, FAILED], []],
    ids=lambda conditions: "+".join(c["type"] for c in conditions) or "none",
)
def test_compatible_conditions_are_accepted(
    approver: Client, fresh: Json, conditions: list[Json]
) -> None:
    """One decision, `Failed` and custom types may be combined."""
    answer = written(approver, decided(fresh, *conditions))

    kinds = [c["type"] for c in answer["status"].get("conditions", [])]
    assert kinds == [c["type"] for c in conditions]


@pytest.mark.parametrize(
    ("conditions", "cause", "message"),
    [
        *(
            (
                [a_condition(kind, status)],
                "status.conditions[0].status",
                f'Unsupported value: "{status}": supported values: "True"',
            )
            for kind in ("Approved", "Denied", "Failed")
            for status in ("False", "Unknown", "true")
        ),
        ([{"type": "Approved"}], "status.conditions[0].status", "Required value"),
        ([a_condition("", "True")], "status.conditions[0].type", "Required value"),
        (
            [a_condition("Foo", "Maybe")],
            "status.conditions[0].status",
            'Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        ),
        (
            [APPROVED, APPROVED],
            "status.conditions[1].type",
            'Duplicate value: "Approved"',
        ),
        (
            [APPROVED, DENIED],
            "status.conditions",
            'Invalid value: "Denied": Approved and Denied conditions are mutually exclusive',
        ),
    ],
)
def test_invalid_conditions_are_refused(
    world: World, approver: Client, fresh: Json, conditions: list[Json], cause: str, message: str
) -> None:
    """A violated rule of conditions is 422, names the field, and changes nothing."""
    status, answer = put(approver, decided(fresh, *conditions))

    causes = answer["details"]["causes"]
    assert (status, answer["reason"]) == (422, "Invalid")
    assert [(c["field"], c["message"]) for c in causes] == [(cause, message)]
    assert read(world.admin, fresh["metadata"]["name"]) == fresh


@pytest.mark.parametrize("first", [APPROVED, DENIED, FAILED], ids=lambda c: c["type"])
def test_what_is_decided_stays(approver: Client, fresh: Json, first: Json) -> None:
    """Approved, Denied and Failed can't be removed."""
    stored = written(approver, decided(fresh, first))

    status, answer = put(approver, decided(stored))

    assert status == 422
    assert answer["details"]["causes"][0]["message"] == (
        f'Forbidden: updates may not remove a condition of type "{first["type"]}"'
    )


@pytest.mark.parametrize(("first", "then"), [(APPROVED, DENIED), (DENIED, APPROVED)])
def test_a_decision_cannot_be_reversed(
    approver: Client, fresh: Json, first: Json, then: Json
) -> None:
    """The opposite decision can be neither added nor put in place of the first."""
    stored = written(approver, decided(fresh, first))

    assert put(approver, decided(stored, first, then))[0] == 422
    assert put(approver, decided(stored, then))[0] == 422
