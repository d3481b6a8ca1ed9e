"""Saved objects get the same answers as in a live review."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.evaluate.saved_evidence import Answer, Ignored, SavedEvidence, evaluate
from core.model import (
    NOT_PROVIDED,
    Bug,
    Condition,
    Csr,
    Decision,
    Judged,
    NotProvided,
    RoleUnknown,
    UnreadableCsr,
    Verdict,
)
from core.settings import Policy
from sandbox.csr_builder import request as csr_builder
from tests.builders import (
    INSTANCE_ID,
    NOW,
    PROFILE,
    ROLE,
    VPC,
    a_certificate,
    a_cluster,
    a_filed_csr,
    a_policy,
    an_extra,
    an_instance,
    approved,
)
from tests.core.fakes import Exploding, unreadable

MINUTE = timedelta(minutes=1)
SAVED = SavedEvidence((an_instance(),), {PROFILE: ROLE}, a_cluster())


def answers(
    *items: Csr | UnreadableCsr,
    saved: SavedEvidence = SAVED,
    decided: bool = False,
    policy: Policy | None = None,
) -> list[Answer]:
    return evaluate(items, saved, policy or a_policy(), NOW, decided=decided)


def verdict(answer: Answer) -> Verdict:
    assert isinstance(answer, Judged)
    assert answer.verdict is not None
    return answer.verdict


def verdict_of(csr: Csr, **rest: Any) -> Verdict:
    """Return the verdict on a CSR that is alone in its list."""
    [answer] = answers(csr, **rest)
    return verdict(answer)


def refusals_of(answer: Answer) -> list[tuple[str, str]]:
    return [(refusal.check, refusal.reason) for refusal in verdict(answer).refusals]


# --- one answer per item --------------------------------------------------------------------------


def test_every_item_has_one_answer_in_order() -> None:
    """Items that aren't CSRs have one too."""
    other = a_filed_csr(name="csr-c", signer="example.com/other")
    items = (a_filed_csr(name="csr-a"), unreadable(), other, a_filed_csr(name="csr-b", node="b"))

    first, second, third, fourth = answers(*items)

    assert verdict(first).decision is Decision.APPROVE
    assert unreadable() == second
    assert Ignored(other) == third
    assert verdict(fourth).decision is Decision.DENY


def test_an_empty_list_has_no_answers() -> None:
    """An empty list is no error."""
    assert [] == answers()


def test_the_same_object_twice_has_the_same_answer_twice() -> None:
    """Someone may have joined lists by hand."""
    csr = a_filed_csr()

    first, second = answers(csr, csr)

    assert first == second
    assert verdict(first).decision is Decision.APPROVE


@pytest.mark.parametrize(
    "csr",
    [
        pytest.param(a_filed_csr(signer="example.com/other"), id="another-signers"),
        pytest.param(a_filed_csr(conditions=(approved(),)), id="approved"),
        pytest.param(a_filed_csr(conditions=(replace(approved(), type="Denied"),)), id="denied"),
        pytest.param(a_filed_csr(conditions=(replace(approved(), type="Failed"),)), id="failed"),
        pytest.param(a_filed_csr(certificate=b"x"), id="issued"),
    ],
)
def test_a_csr_that_is_not_ours_to_judge_is_ignored(csr: Csr) -> None:
    """A CSR of another signer, or one already decided or failed, gets no verdict."""
    assert [Ignored(csr)] == answers(csr)


def test_a_gates_refusal_is_listed_like_others() -> None:
    """A live review only counts it."""
    [answer] = answers(a_filed_csr(age=timedelta(hours=1)))

    assert [("fresh", "abandoned")] == refusals_of(answer)
    assert verdict(answer).decision is Decision.LEAVE


def test_a_csr_that_breaks_our_code_stops_no_other() -> None:
    """The bug may be in reading or in judging."""
    bad = replace(a_filed_csr(name="csr-bad"), extra=Exploding())

    first, second = answers(bad, a_filed_csr())

    assert isinstance(first, Bug)
    assert "this is a bug: RuntimeError: boom" == first.problem
    assert verdict(second).decision is Decision.APPROVE


_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
_LATEST = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("end", [_EARLIEST, _LATEST])
def test_the_earliest_and_latest_times_cause_no_error(end: datetime) -> None:
    """A saved object may have any date, and so may `--now`."""
    dated = replace(
        a_filed_csr(name="csr-dated", conditions=(replace(approved(), last_update=end),)),
        created=end,
    )

    for now in (NOW, end):
        first, second = evaluate((dated, a_filed_csr()), SAVED, a_policy(), now, decided=True)

        assert (end is _LATEST) is (verdict(first).decision is Decision.APPROVE)
        assert (now is NOW) is (verdict(second).decision is Decision.APPROVE)


# --- what was provided ----------------------------------------------------------------------------

_OF_EC2 = (
    "instance-single",
    "instance-running",
    "instance-launched-before",
    "node-name",
    "cluster",
    "node-role",
    "dns-names",
    "ip-addresses",
)
_WITHOUT_ROLES = ("node-name", "node-role", "dns-names", "ip-addresses")
_WITHOUT_CLUSTER = ("node-name", "cluster", "reserved-names", "dns-names", "ip-addresses")


@pytest.mark.parametrize(
    ("missing", "decision", "not_run"),
    [
        ({}, Decision.APPROVE, ()),
        ({"instances": NOT_PROVIDED}, Decision.LEAVE, _OF_EC2),
        ({"cluster": NOT_PROVIDED}, Decision.LEAVE, _WITHOUT_CLUSTER),
        ({"roles": NOT_PROVIDED}, Decision.LEAVE, _WITHOUT_ROLES),
    ],
)
def test_checks_without_evidence_are_listed(
    missing: dict[str, NotProvided], decision: Decision, not_run: tuple[str, ...]
) -> None:
    """What wasn't provided is never a yes."""
    got = verdict_of(a_filed_csr(), saved=replace(SAVED, **missing))

    assert (decision, not_run) == (got.decision, got.not_run)


def test_without_any_evidence_nothing_is_approved() -> None:
    """The request alone proves nothing."""
    [answer] = answers(a_filed_csr(), saved=SavedEvidence())

    assert [
        ("instance-known", "instance unknown"),
        ("evidence-given", "evidence not given"),
    ] == refusals_of(answer)
    assert verdict(answer).decision is Decision.LEAVE


def test_without_any_evidence_a_bad_request_is_denied() -> None:
    """A request that contradicts itself needs no evidence."""
    assert verdict_of(a_filed_csr(usages=()), saved=SavedEvidence()).decision is Decision.DENY


def test_an_instance_that_was_not_provided_is_unknown() -> None:
    """EC2 gives the same answer for an instance that it doesn't have."""
    [answer] = answers(a_filed_csr(extra=an_extra("i-0bbbbbbbbbbbbbbbb")))

    assert ("instance-known", "instance unknown") == refusals_of(answer)[0]


def test_an_instance_that_was_provided_twice_is_ambiguous() -> None:
    """Someone may have joined two saved responses."""
    [answer] = answers(
        a_filed_csr(), saved=replace(SAVED, instances=(an_instance(), an_instance()))
    )

    assert ("instance-single", "several instances match") == refusals_of(answer)[0]


def test_a_profile_that_was_not_provided_has_no_role() -> None:
    """The request is left, as without an answer from IAM."""
    [answer] = answers(a_filed_csr(), saved=replace(SAVED, roles={}))

    assert [("node-role", "node role not verified")] == refusals_of(answer)
    assert isinstance(answer, Judged)
    profile = an_instance().profile_arn
    assert answer.case.role == RoleUnknown(
        f"--instance-profiles has no {profile}; save the list again"
    )


@pytest.mark.parametrize(
    ("vpc_id", "given", "found"),
    [(VPC, a_cluster(), 1), ("vpc-other", a_cluster(), 0), ("vpc-other", NOT_PROVIDED, 1)],
)
def test_a_name_is_searched_in_the_clusters_vpc(vpc_id: str, given: Any, found: int) -> None:
    """Without the cluster it is searched everywhere."""
    saved = SavedEvidence((an_instance(vpc_id=vpc_id),), {PROFILE: ROLE}, given)

    [answer] = answers(
        a_filed_csr(extra={}), saved=saved, policy=a_policy(allow_name_identity=True)
    )

    assert isinstance(answer, Judged)
    assert not isinstance(answer.case.instances, NotProvided)
    assert found == len(answer.case.instances)


# --- decided ones --------------------------------------------------------------------------------


def decided(
    name: str = "csr-decided",
    *,
    age: timedelta = timedelta(hours=5),
    after: timedelta = 2 * MINUTE,
    kind: str = "Approved",
    **rest: Any,
) -> Csr:
    """Return a CSR of this age that was decided `after` it was filed."""
    condition = Condition(kind, "True", "x", "", NOW - age + after)
    return a_filed_csr(name=name, age=age, conditions=(condition,), **rest)


@pytest.mark.parametrize("kind", ["Approved", "Denied"])
def test_a_decided_csr_is_judged_as_of_its_decision(kind: str) -> None:
    """The CSR was fresh when it was decided, although it is abandoned now."""
    assert verdict_of(decided(kind=kind), decided=True).decision is Decision.APPROVE


def test_a_decision_that_came_too_late_is_a_refusal() -> None:
    """After 15 minutes the kubelet no longer waits for its certificate."""
    [answer] = answers(decided(after=timedelta(seconds=901)), decided=True)

    assert [("fresh", "abandoned")] == refusals_of(answer)


def test_a_decision_without_a_time_counts_as_immediate() -> None:
    """`lastUpdateTime` may be absent."""
    undated = replace(approved(), last_update=None)

    got = verdict_of(a_filed_csr(age=timedelta(hours=5), conditions=(undated,)), decided=True)

    assert got.decision is Decision.APPROVE


@pytest.mark.parametrize(
    "csr",
    [
        pytest.param(
            a_filed_csr(conditions=(approved(), replace(approved(), type="Failed"))), id="failed"
        ),
        pytest.param(a_filed_csr(certificate=b"x"), id="issued-without-a-decision"),
    ],
)
def test_a_failed_or_undecided_csr_is_ignored_with_decided_too(csr: Csr) -> None:
    """There is no time of decision to judge it at."""
    assert [Ignored(csr)] == answers(csr, decided=True)


def test_a_csr_filed_before_the_decision_superseded_it() -> None:
    """A newer CSR that was in the list at the time of the decision counts."""
    later = decided("csr-later", age=timedelta(hours=5) - MINUTE)

    first, second = answers(decided(), later, decided=True)

    assert [("newest", "superseded")] == refusals_of(first)
    assert verdict(second).decision is Decision.APPROVE


def test_a_csr_filed_after_the_decision_did_not_supersede_it() -> None:
    """A later CSR didn't exist at the time of the decision; it does supersede a pending CSR."""
    later = decided("csr-later", age=timedelta(hours=5) - 3 * MINUTE)
    pending, newest = a_filed_csr(name="csr-p"), a_filed_csr(name="csr-q", age=MINUTE)

    first, second, third, _ = answers(decided(), later, pending, newest, decided=True)

    assert [[], [], [("newest", "superseded")]] == [
        refusals_of(csr) for csr in (first, second, third)
    ]


def test_a_key_counts_from_when_it_was_first_used() -> None:
    """Only the second requester is refused."""
    victim = decided("csr-victim", words="one key")
    thief = decided("csr-thief", age=timedelta(hours=1), node="thief", words="one key")

    first, second = answers(victim, thief, decided=True)

    assert [] == refusals_of(first)
    assert ("key-not-reused", "key used by another requester") == refusals_of(second)[0]


def test_a_certificate_counts_from_its_own_decision_on() -> None:
    """Before that there was no certificate that could be wrong."""
    asked = decided("csr-slow", age=timedelta(hours=5) + MINUTE, after=10 * MINUTE)
    wrong = replace(asked, certificate=a_certificate(asked, sans=(csr_builder.dns("kubernetes"),)))
    early, late = decided("csr-early"), decided("csr-late", age=timedelta(hours=1))

    _, before, after = answers(wrong, early, late, decided=True)

    assert [] == refusals_of(before)
    assert [("not-reissued-in-a-loop", "issued certificate differs")] == refusals_of(after)


@pytest.mark.parametrize("first", [True, False], ids=["listed-first", "listed-last"])
def test_a_wrong_certificate_counts_for_csrs_decided_in_the_same_second(
    first: bool,  # noqa: FBT001
) -> None:
    """Which came first is unknown, so the list's order doesn't matter."""
    asked = decided("csr-wrong", age=timedelta(hours=5) + MINUTE, after=3 * MINUTE)
    wrong = replace(asked, certificate=a_certificate(asked, sans=(csr_builder.dns("kubernetes"),)))
    other = decided()

    found = answers(*((wrong, other) if first else (other, wrong)), decided=True)

    assert [("not-reissued-in-a-loop", "issued certificate differs")] == refusals_of(
        found[int(first)]
    )


def test_a_decided_csr_keeps_its_evidence() -> None:
    """The answer shows what the CSR was compared with."""
    [answer] = answers(decided(), decided=True)

    assert isinstance(answer, Judged)
    assert answer.case.instance is not None
    assert INSTANCE_ID == answer.case.instance.id
