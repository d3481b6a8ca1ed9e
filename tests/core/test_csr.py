"""What follows from a CSR as it is listed."""

from dataclasses import replace

import pytest

from core.signers import SIGNERS
from tests.builders import a_csr, approved

ACCOUNT = "system:serviceaccount"


def test_the_served_signers_have_the_names_of_kubernetes_and_of_eks() -> None:
    """From: Kubernetes, "Kubernetes signers"; EKS User Guide, "Secure workloads"."""
    assert {"kubernetes.io/kubelet-serving", "beta.eks.amazonaws.com/app-serving"} == {*SIGNERS}


@pytest.mark.parametrize(
    ("username", "namespace"),
    [
        (f"{ACCOUNT}:shop:issuer", "shop"),
        (f"{ACCOUNT}:s:i", "s"),
        (f"{ACCOUNT}:sh:i", "sh"),
        (f"{ACCOUNT}:9-s:9.i-{'i' * 249}", "9-s"),
        (f"{ACCOUNT}:{'s' * 63}:i", "s" * 63),
    ],
)
def test_a_service_accounts_username_has_its_namespace(username: str, namespace: str) -> None:
    """From: Kubernetes apiserver pkg/authentication/serviceaccount/util.go, SplitUsername."""
    assert namespace == a_csr(username=username).namespace


@pytest.mark.parametrize(
    "username",
    [
        "",
        "system:node:a",
        ACCOUNT,
        f"{ACCOUNT}:shop",
        f"{ACCOUNT}:shop:",
        f"{ACCOUNT}::issuer",
        f"{ACCOUNT}:shop:issuer:x",
        f"{ACCOUNT}:{'s' * 64}:i",
        f"{ACCOUNT}:shop:{'i' * 254}",
        f"{ACCOUNT}:-s:i",
        f"{ACCOUNT}:s-:i",
        f"{ACCOUNT}:s.s:i",
        f"{ACCOUNT}:Shop:i",
        f"{ACCOUNT}:shop:-i",
        f"{ACCOUNT}:shop:i\n",
        f"x{ACCOUNT}:shop:i",
    ],
)
def test_any_other_username_has_no_namespace(username: str) -> None:
    """A namespace becomes a part of a URL."""
    assert a_csr(username=username).namespace is None


def test_a_requester_without_a_session_has_none_and_no_role() -> None:
    """An absent key of `spec.extra` is the same as one without values."""
    absent, empty = a_csr(extra={}), a_csr(extra={"sessionName": (), "canonicalArn": ()})

    assert ("system:node:a", (), ()) == a_csr(node="a", extra={}).requester
    assert absent.requester == empty.requester


@pytest.mark.parametrize(
    ("reason", "ours"),
    [
        ("ApprovedByCsrApprover", True),
        ("AdminApproved", False),
        ("KubectlApprove", False),
        ("", False),
    ],
)
def test_an_approval_is_ours_by_its_reason(reason: str, *, ours: bool) -> None:
    """The reason identifies our decisions."""
    assert a_csr(conditions=(approved(reason),)).is_approved_by_us is ours


def test_without_an_approval_a_csr_is_not_approved_by_us() -> None:
    """A denial is none, whatever its reason."""
    denied = replace(approved("ApprovedByCsrApprover"), type="Denied")

    assert not a_csr().is_approved_by_us
    assert not a_csr(conditions=(denied,)).is_approved_by_us
