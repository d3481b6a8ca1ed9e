"""Requests that deploy/admission.yaml refuses, on a real kube-apiserver."""

from collections.abc import Iterator

import pytest

from tests.contract.objects import a_csr
from tests.controlplane.admission import DRY_RUN, an_object_to_change, installed
from tests.controlplane.nodes import CSRS
from tests.controlplane.oversized import ATTACKS, PEM, Attack
from tests.real.controlplane import ControlPlane


@pytest.fixture(scope="module")
def bounded(control_plane: ControlPlane) -> Iterator[ControlPlane]:
    with an_object_to_change(control_plane), installed(control_plane):
        yield control_plane


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.what)
def test_requests_that_fill_lists_are_refused_with_the_bound(
    bounded: ControlPlane, attack: Attack
) -> None:
    """The message names the field and its bound."""
    status, message = attack.send(bounded.admin, {})

    assert status == 422
    assert f"denied request: {attack.message}" in message


@pytest.mark.parametrize(
    ("signer", "status"),
    [
        ("kubernetes.io/kubelet-serving", 422),
        ("beta.eks.amazonaws.com/app-serving", 422),
        ("example.com/other", 201),
    ],
)
def test_requests_for_the_two_signers_are_bounded_and_no_others(
    bounded: ControlPlane, signer: str, status: int
) -> None:
    """Requests for other signers aren't bounded, as the approver doesn't list them."""
    body = a_csr("n" * 254, PEM, signer=signer)

    assert status == bounded.admin.request("POST", f"{CSRS}?{DRY_RUN}", body)[0]
