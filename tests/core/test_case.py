"""What a case has for its checks, and what it refuses to invent."""

import pytest

from core.model import (
    NOT_PROVIDED,
    Bug,
    Decision,
    Deferred,
    Judged,
    NoEvidence,
    Refusal,
    UnreadableRequest,
    Verdict,
)
from tests.builders import ROLE, a_case, a_cluster, a_request, an_instance

STATES = ["pending", "shutting-down", "stopped", "stopping", "terminated", ""]


def test_a_single_running_instance_is_what_a_case_is_compared_with() -> None:
    """Of several instances none is."""
    assert an_instance() == a_case().instance
    assert a_case(instances=()).instance is None
    assert a_case(instances=(an_instance(), an_instance())).instance is None


@pytest.mark.parametrize("state", STATES)
def test_an_instance_in_another_state_than_running_is_not_compared_with(state: str) -> None:
    """Such an instance is reported, though. From: EC2 API reference, InstanceState."""
    case = a_case(instance=an_instance(state=state))

    assert (None, state) == (case.instance, case.single_instance and case.single_instance.state)


def test_a_check_gets_what_it_needs() -> None:
    """The evidence is the case's own."""
    case = a_case()

    assert (a_request(), (an_instance(),), an_instance(), a_cluster(), ROLE) == (
        case.pkcs10,
        case.shown_instances,
        case.running_instance,
        case.known_cluster,
        case.profile_role,
    )


def test_a_check_that_runs_without_what_it_needs_raises() -> None:
    """Missing evidence is no evidence: to run such a check is a bug."""
    case = a_case(
        request=UnreadableRequest("x"),
        instances=NOT_PROVIDED,
        cluster=NOT_PROVIDED,
        role=NOT_PROVIDED,
    )

    wanted = ("pkcs10", "shown_instances", "running_instance", "known_cluster", "profile_role")
    for needed in wanted:
        with pytest.raises(ValueError, match=r"the request can't be read|to compare with"):
            getattr(case, needed)


def test_an_evaluation_has_a_verdict_or_a_problem() -> None:
    """A log line shows one of the two."""
    case, verdict = a_case(), Verdict(Decision.APPROVE)
    judged = Judged(case, verdict)

    assert (verdict, "") == (judged.verdict, judged.problem)
    for other in (Deferred.in_this_run(case), NoEvidence(case, "x"), Bug.of(case, KeyError("x"))):
        assert other.verdict is None
        assert other.problem


def test_a_refusal_gets_its_checks_id_on_a_copy() -> None:
    """Two checks may share a rule that returns the same refusal."""
    refusal = Refusal.leave("instance unknown", "x")

    assert ("instance-known", "") == (refusal.by("instance-known").check, refusal.check)


def test_a_refusal_without_proof_has_no_other_reason_for_a_condition() -> None:
    """It is never written to the cluster."""
    assert "" == Refusal.leave("instance unknown", "x").condition_reason
