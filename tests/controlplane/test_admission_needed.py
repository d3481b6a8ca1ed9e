"""deploy/admission.yaml needs each of its validations; the API server bounds the rest itself."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.contract.objects import a_csr
from tests.controlplane.admission import (
    DRY_RUN,
    MESSAGES,
    an_object_to_change,
    as_user_without,
    installed,
    without,
)
from tests.controlplane.app_signer import grant, rule
from tests.controlplane.nodes import CSRS
from tests.controlplane.oversized import (
    ATTACKS,
    MANAGED_FIELDS,
    MERGE,
    PEM,
    STORED,
    Attack,
    a_csr_with,
    a_parsed_csr,
)
from tests.controlplane.runner import forget
from tests.real.controlplane import ControlPlane

ALONE: Final = [attack for attack in ATTACKS if attack.alone]
REFUSED_TWICE: Final = [attack for attack in ATTACKS if not attack.alone]


def _of(attack: Attack) -> str:
    """Return the message of the validation that refuses the attack."""
    [message] = [text for text in MESSAGES if text.startswith(attack.message)]
    return message


@pytest.fixture(scope="module")
def lacking(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    """Yield the control plane with a policy per validation that lacks it, for one user each."""
    with (
        an_object_to_change(control_plane),
        installed(control_plane, {message: without(message) for message in MESSAGES}),
    ):
        yield control_plane


@pytest.mark.parametrize("attack", ALONE, ids=lambda attack: attack.what)
def test_an_attack_passes_without_its_validation(lacking: ControlPlane, attack: Attack) -> None:
    """The other validations don't refuse it."""
    status, answer = attack.send(lacking.admin, as_user_without(_of(attack)))

    assert status in {200, 201}, answer


@pytest.mark.parametrize("attack", REFUSED_TWICE, ids=lambda attack: attack.what)
def test_a_write_recorded_in_managed_fields_is_refused_twice(
    lacking: ControlPlane, attack: Attack
) -> None:
    """The API server records such a write in managedFields, whose own bound refuses it too."""
    status, answer = attack.send(lacking.admin, as_user_without(_of(attack)))

    assert (422, True) == (status, MANAGED_FIELDS in answer)


def test_each_validation_has_an_attack_that_only_it_stops() -> None:
    starts = {attack.message for attack in ALONE}

    assert [1] * len(MESSAGES) == [
        sum(message.startswith(start) for start in starts) for message in MESSAGES
    ]


def _entry(**changes: Any) -> dict[str, Any]:
    return {"managedFields": [a_parsed_csr({"f:metadata": {"f:labels": {}}}, **changes)]}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (a_csr_with(labels={"l" * 64: ""}), "no more than 63 bytes"),
        (a_csr_with(labels={f"{'p' * 254}/l": ""}), "no more than 253 bytes"),
        (a_csr_with(labels={"l": "v" * 64}), "no more than 63 bytes"),
        (a_csr_with(annotations={"a" * 64: ""}), "no more than 63 bytes"),
        (a_csr_with(annotations={f"{'p' * 254}/a": ""}), "no more than 253 bytes"),
        (a_csr_with(**_entry(manager="m" * 129)), "may not be more than 128 bytes"),
        (a_csr_with(**_entry(subresource="s" * 257)), "may not be more than 256 bytes"),
        (a_csr("x", PEM, usages=["u" * 1_000_000]), "Unsupported value"),
        (a_csr("x", PEM, usages=["server auth"] * 2), "Duplicate value"),
        (a_csr("x", PEM, signer=f"example.com/{'s' * 254}"), "no more than 253 characters"),
    ],
)
def test_what_the_api_server_bounds_itself_needs_no_validation(
    control_plane: ControlPlane, body: dict[str, Any], words: str
) -> None:
    """Without any policy."""
    status, answer = control_plane.admin.request("POST", f"{CSRS}?{DRY_RUN}", body)

    assert (422, True) == (status, words in answer["message"])


@pytest.mark.parametrize(
    "body",
    [
        a_csr_with(selfLink="l" * 1_000_000),
        a_csr_with(namespace="n" * 1_000_000),
        a_csr_with(**_entry(apiVersion="v" * 1_000_000)),
        a_csr_with(**_entry(fieldsType="t" * 1_000_000)),
        a_csr("x", PEM, username="u" * 1_000_000, groups=["g"] * 100_000),
        a_csr("x", PEM, extra={"e": ["x" * 1_000_000]}, uid="u" * 1_000_000),
        {**a_csr("x", PEM), "status": {"certificate": "eHh4" * 100_000}},
        {**a_csr("x", PEM), "x" * 1_000_000: {}},
    ],
    ids=[
        "selfLink",
        "namespace",
        "apiVersion",
        "fieldsType",
        "username",
        "extra",
        "status",
        "unknown field",
    ],
)
def test_what_the_api_server_drops_needs_no_validation(
    control_plane: ControlPlane, body: dict[str, Any]
) -> None:
    """Without any policy."""
    status, answer = control_plane.admin.request("POST", f"{CSRS}?{DRY_RUN}", body)

    assert (201, True) == (status, len(str(answer)) < 2_000)


def test_only_approvers_and_signers_fill_the_status(lacking: ControlPlane) -> None:
    """The right to write /status is enough for metadata, but not for the status itself."""
    group = "status-writers"
    grant(lacking, group, [rule("certificatesigningrequests/status", "patch")])
    user = {**MERGE, "Impersonate-User": "writer", "Impersonate-Group": group}
    long = {"status": {"conditions": [{"type": "T", "status": "True", "message": "m" * 1_000_000}]}}
    path = f"{CSRS}/{STORED}/status?{DRY_RUN}"

    refused = lacking.admin.request("PATCH", path, long, user)
    changed = lacking.admin.request("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, user)

    forget(lacking, group)
    assert (403, True) == (refused[0], "not permitted to sign requests" in refused[1]["message"])
    assert 200 == changed[0]
