"""How many of the approver's own approvals EKS issued."""

from dataclasses import replace
from datetime import timedelta

from cli.approvals import NONE, Approvals
from core.model import APPROVED_REASON, Condition
from tests.builders import NOW, a_csr, approved

OURS = approved(APPROVED_REASON)
JUST_NOW = approved(APPROVED_REASON, timedelta(seconds=20))
FAILED = Condition("Failed", "True", "x", "y", NOW)


def test_issued_and_unissued_approvals_of_ours_are_counted() -> None:
    issued = replace(a_csr(conditions=(OURS,)), certificate=b"PEM")
    csrs = [issued, issued, a_csr(conditions=(OURS,)), a_csr(conditions=(JUST_NOW, FAILED))]

    assert Approvals(issued=2, not_issued=2) == Approvals.among(csrs, NOW, 120)


def test_others_approvals_and_those_that_eks_may_still_issue_are_not_counted() -> None:
    of_another = approved("AutoApproved")
    csrs = [
        a_csr(),
        a_csr(conditions=(JUST_NOW,)),
        a_csr(conditions=(of_another,)),
        replace(a_csr(conditions=(of_another,)), certificate=b"PEM"),
    ]

    assert NONE == Approvals.among(csrs, NOW, 120)


def test_an_approval_without_a_time_counts_from_the_requests_creation() -> None:
    timeless = replace(OURS, last_update=None)

    assert Approvals(not_issued=1) == Approvals.among([a_csr(conditions=(timeless,))], NOW, 120)
