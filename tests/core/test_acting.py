"""How a verdict becomes an action, and an action a write."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import NoReturn

import pytest

from core.acting import act, mode_of, plan, to_reapprove, write_for
from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.model import (
    ADDRESS_MOVED,
    Action,
    Case,
    Decision,
    Deferred,
    Effect,
    Evaluation,
    Judged,
    NoEvidence,
    OtherName,
    Peers,
    Refusal,
    UnreadableRequest,
    Verdict,
    Write,
    WriteResult,
    Written,
)
from core.settings import Mode
from tests.builders import (
    INSTANCE_ID,
    NODE,
    a_case,
    a_csr,
    a_request,
    an_instance,
    approved,
    names,
    settings,
)
from tests.core.fakes import FakeApi, FakeWorld

APPROVE = Verdict(Decision.APPROVE)
DENY = Verdict(
    Decision.DENY, (Refusal(Effect.DENY, "no subject alternative names", "got none", "san-kinds"),)
)
LEAVE = Verdict(Decision.LEAVE, (Refusal(Effect.LEAVE, "instance unknown", "x", "instance-known"),))


def judged(verdict: Verdict | None, seconds: float = 420, name: str = "csr-7znmf") -> Evaluation:
    """Return the evaluation of a CSR; verdict None: its evidence was unavailable."""
    case = a_case(csr=a_csr(name=name, age=timedelta(seconds=seconds)))
    return NoEvidence(case, "throttled") if verdict is None else Judged(case, verdict)


def approved_by(
    approver: str, verdict: Verdict | None = APPROVE, message: str = "", name: str = "csr-7znmf"
) -> Evaluation:
    """Return the evaluation of a CSR that was approved, and not issued."""
    condition = replace(approved(approver), message=message)
    case = a_case(csr=a_csr(name=name, conditions=(condition,)))
    return NoEvidence(case, "throttled") if verdict is None else Judged(case, verdict)


@pytest.mark.parametrize(
    ("verdict", "seconds", "shadow", "approve_only", "enforce"),
    [
        (APPROVE, -30, "waiting", "waiting", "waiting"),
        (APPROVE, 0, "waiting", "waiting", "waiting"),
        (APPROVE, 89.999, "waiting", "waiting", "waiting"),
        (APPROVE, 90, "withheld", "approved", "approved"),
        (DENY, 90, "waiting", "waiting", "waiting"),
        (DENY, 359.999, "waiting", "waiting", "waiting"),
        (DENY, 360, "withheld", "withheld", "denied"),
        (LEAVE, 0, "left", "left", "left"),
        (LEAVE, 900, "left", "left", "left"),
        (None, 900, "undecided", "undecided", "undecided"),
    ],
)
def test_the_action_depends_on_verdict_age_and_mode(
    verdict: Verdict | None, seconds: float, shadow: str, approve_only: str, enforce: str
) -> None:
    """An approval is due at 90 s, a denial at 360 s."""
    got = [plan(judged(verdict, seconds), settings(), mode).value for mode in Mode]

    assert [shadow, approve_only, enforce] == got


def test_a_csr_for_which_a_run_has_no_time_is_deferred() -> None:
    """A deferred CSR isn't undecided: the next run judges it."""
    case = judged(APPROVE).case

    assert plan(Deferred.in_this_run(case), settings(), Mode.ENFORCE) is Action.DEFERRED


@pytest.mark.parametrize(
    ("verdict", "name"), [(APPROVE, "approve_after_seconds"), (DENY, "deny_after_seconds")]
)
def test_each_decision_has_a_setting_for_its_wait(verdict: Verdict, name: str) -> None:
    """Approvals and denials have one each."""
    waits = settings(max_csr_age_seconds=1_200, **{name: 500})

    assert plan(judged(verdict, 499), waits, Mode.ENFORCE) is Action.WAITING
    assert plan(judged(verdict, 500), waits, Mode.ENFORCE) is not Action.WAITING


@pytest.mark.parametrize(
    ("tags", "mode"),
    [
        ({}, Mode.APPROVE_ONLY),
        ({"csr-approver:mode": "shadow"}, Mode.SHADOW),
        ({"csr-approver:mode": " approve-only "}, Mode.APPROVE_ONLY),
        ({"csr-approver:mode": "approve-only"}, Mode.APPROVE_ONLY),
        ({"csr-approver:mode": "enforce"}, Mode.APPROVE_ONLY),
        ({"csr-approver:mode": "Shadow"}, Mode.SHADOW),
        ({"csr-approver:mode": "off"}, Mode.SHADOW),
        ({"csr-approver:mode": ""}, Mode.SHADOW),
        ({"CSR-Approver:Mode": "shadow"}, Mode.APPROVE_ONLY),
    ],
)
def test_a_clusters_tag_may_lower_the_mode(tags: dict[str, str], mode: Mode) -> None:
    """The tag never raises the mode, and with an unknown word nothing is written."""
    assert mode is mode_of(settings(), tags)


@pytest.mark.parametrize(("age", "counted_apart"), [(1_199, True), (1_200, False), (1_201, False)])
def test_a_moved_address_is_counted_apart_for_twenty_minutes(
    age: float, *, counted_apart: bool
) -> None:
    """An honest kubelet has asked for its new address by then."""
    moved = Verdict(Decision.DENY, (Refusal.deny(ADDRESS_MOVED, "got 203.0.113.9"),))

    [record] = act([judged(moved, age)], settings(), Mode.ENFORCE, FakeWorld().ports)

    assert record.is_moved_address is counted_apart


def test_a_record_has_the_clusters_mode() -> None:
    """The cluster's tag may have lowered the stack's."""
    [record] = act([judged(APPROVE)], settings(mode="enforce"), Mode.SHADOW, FakeWorld().ports)

    assert (Mode.SHADOW, Action.WITHHELD) == (record.mode, record.action)


def test_the_words_for_actions_are_those_of_the_log() -> None:
    """Queries and dashboards filter by them."""
    assert [action.value for action in Action] == [
        *("approved", "reapproved", "denied", "withheld", "waiting", "left"),
        *("overtaken", "deferred", "not-written", "undecided"),
    ]


# --- what is written -----------------------------------------------------------------------------


def test_an_approval_names_the_instance_and_the_names() -> None:
    """Anyone who reads the CSR in the cluster sees what was verified."""
    evaluation = judged(APPROVE)

    assert Write(
        evaluation.case.csr,
        "Approved",
        "ApprovedByCsrApprover",
        f"EC2 instance {INSTANCE_ID} is this node and has these names: {NODE}, 10.0.1.10",
    ) == write_for(Action.APPROVED, evaluation)


def test_a_denial_lists_the_refusals_that_deny() -> None:
    """What only leaves the request may be about another cluster's instance; the log has it."""
    case = a_case(csr=a_csr(usages=()), instance=an_instance(vpc_id="vpc-other"))
    evaluation = Judged(case, decide(case, KUBELET_SERVING_CHECKS))

    assert (
        "usages: usages not allowed (got none, expected digital signature and server auth, "
        "with or without key encipherment)"
    ) == write_for(Action.DENIED, evaluation).message


def test_the_refusals_of_a_denial_have_the_order_of_the_checks() -> None:
    """Every check that denies is listed."""
    case = a_case(csr=a_csr(usages=()), request=a_request(sans=()))
    evaluation = Judged(case, decide(case, KUBELET_SERVING_CHECKS))

    assert Write(
        case.csr,
        "Denied",
        "DeniedByCsrApprover",
        "usages: usages not allowed (got none, expected digital signature and server auth, "
        "with or without key encipherment); "
        "san-kinds: no subject alternative names "
        "(got no subject alternative name, expected at least one)",
    ) == write_for(Action.DENIED, evaluation)


def test_messages_are_bounded() -> None:
    """Kubernetes accepts megabytes; people read a line or two."""
    many = a_case(request=a_request(sans=names(*(f"node-{n}.example" for n in range(500)))))
    refusals = tuple(Refusal(Effect.DENY, "r", "x" * 300, "c") for _ in range(10))

    reported = approved_by("Person", message="y" * 5_000)

    assert 1_000 == len(write_for(Action.APPROVED, Judged(many, APPROVE)).message)
    assert NODE in write_for(Action.REAPPROVED, reported).message
    assert 1_000 == len(
        write_for(Action.DENIED, Judged(many, Verdict(Decision.DENY, refusals))).message
    )


def test_a_reapproval_quotes_at_most_300_characters_of_the_earlier_approval() -> None:
    """The rest of the message is for what was verified."""
    message = write_for(Action.REAPPROVED, approved_by("Person", message="y" * 5_000)).message

    assert message.startswith(f"Approved before, and not issued (Person: {'y' * 291}~). ")


def test_names_are_written_escaped() -> None:
    """An approval should not contain such names, and the message doesn't rely on it."""
    unprintable = a_case(request=a_request(sans=names("a\n\x1b[31mb", "10.0.1.10")))

    assert write_for(Action.APPROVED, Judged(unprintable, APPROVE)).message.endswith(
        "these names: a\\n\\x1b[31mb, 10.0.1.10"
    )


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (a_case(instances=()), f"EC2 instance unknown is this node and has these names: {NODE},"),
        (
            a_case(request=UnreadableRequest("x")),
            f"EC2 instance {INSTANCE_ID} is this node and has these",
        ),
        (a_case(request=a_request(sans=(OtherName("x", "y"),))), f"EC2 instance {INSTANCE_ID} is"),
    ],
)
def test_a_message_can_be_made_of_any_case(case: Case, message: str) -> None:
    """The message says what is unknown."""
    assert write_for(Action.APPROVED, Judged(case, APPROVE)).message.startswith(message)


@pytest.mark.parametrize(
    "action",
    [
        action
        for action in Action
        if action not in {Action.APPROVED, Action.REAPPROVED, Action.DENIED}
    ],
    ids=str,
)
def test_no_other_action_is_written(action: Action) -> None:
    """Only approvals and denials are."""
    with pytest.raises(ValueError, match="is not written"):
        write_for(action, judged(DENY))


def test_a_denial_without_a_verdict_is_not_written() -> None:
    """The message of such a denial would be empty."""
    with pytest.raises(ValueError, match="is not written"):
        write_for(Action.DENIED, judged(None))


# --- reapproving---------------------------------------------------------------------------


def test_by_default_nothing_is_reapproved() -> None:
    """Reapproving is an experiment."""
    assert [] == to_reapprove([approved_by("AutoApproved")], settings())


def test_another_approvers_unissued_csr_is_reapproved_if_all_checks_pass() -> None:
    """A CSR that a check refuses, or whose evidence is missing, isn't reapproved."""
    good = approved_by("AutoApproved")
    others = [approved_by("AutoApproved", verdict) for verdict in (DENY, LEAVE, None)]

    assert [good] == to_reapprove([*others, good], settings(reapprove_unissued=True))


def test_our_own_approval_is_not_repeated() -> None:
    """Each CSR is reapproved only once, because after that the approval is ours."""
    ours = approved_by("ApprovedByCsrApprover")

    assert [] == to_reapprove([ours], settings(reapprove_unissued=True))


@pytest.mark.parametrize(
    ("mode", "done", "written"),
    [
        (Mode.SHADOW, "withheld", {}),
        (Mode.APPROVE_ONLY, "reapproved", {"csr-7znmf": "Approved"}),
        (Mode.ENFORCE, "reapproved", {"csr-7znmf": "Approved"}),
    ],
)
def test_reapproving_depends_on_the_mode(mode: Mode, done: str, written: dict[str, str]) -> None:
    """A second approval is written like the first, with an action of its own."""
    world = FakeWorld()

    act([approved_by("AutoApproved")], settings(), mode, world.ports)

    assert [("csr-7znmf", done)] == world.ledger.actions
    assert written == world.api.conditions


def test_a_reapproval_quotes_the_earlier_approval() -> None:
    """The quoted text is escaped."""
    evaluation = approved_by("AutoApproved", message="Auto\napproving")

    assert write_for(Action.REAPPROVED, evaluation).message == (
        "Approved before, and not issued (AutoApproved: Auto\\napproving). "
        f"EC2 instance {INSTANCE_ID} is this node and has these names: {NODE}, 10.0.1.10"
    )


# --- acting --------------------------------------------------------------------------------------


def test_each_csr_is_recorded_with_its_action() -> None:
    """CSRs without a write come first, because their outcome is known first."""
    world = FakeWorld()
    several = [
        judged(APPROVE, 100, "csr-a"),
        judged(DENY, 400, "csr-d"),
        judged(LEAVE, 400, "csr-l"),
        judged(APPROVE, 60, "csr-w"),
        judged(None, 400, "csr-u"),
    ]

    records = act(several, settings(), Mode.ENFORCE, world.ports)

    assert [
        ("csr-l", "left"),
        ("csr-w", "waiting"),
        ("csr-u", "undecided"),
        ("csr-a", "approved"),
        ("csr-d", "denied"),
    ] == world.ledger.actions
    assert records == world.ledger.records
    assert {"csr-a": "Approved", "csr-d": "Denied"} == world.api.conditions
    assert [400, 60, 400, 100, 400] == [record.age_seconds for record in records]
    assert [""] * 5 == [record.detail for record in records]


def test_with_nothing_to_write_the_api_server_is_not_asked() -> None:
    """Most runs write nothing."""

    class Untouched(FakeApi):
        def write_all(self, writes: Sequence[Write]) -> NoReturn:
            raise AssertionError(writes)

    world = FakeWorld(api=Untouched())

    act([judged(LEAVE)], settings(), Mode.ENFORCE, world.ports)

    assert [("csr-7znmf", "left")] == world.ledger.actions


def filed_again(verdict: Verdict | None, seconds: float, asking: float) -> Evaluation:
    """Return a request whose requester has been asking for longer."""
    evaluation = judged(verdict, seconds)
    since = evaluation.case.now - timedelta(seconds=asking)
    return replace(evaluation, case=replace(evaluation.case, peers=Peers(asking_since=since)))


@pytest.mark.parametrize(
    ("evaluation", "result", "due"),
    [
        pytest.param(judged(APPROVE), WriteResult.WRITTEN, Decision.APPROVE, id="approved"),
        pytest.param(judged(APPROVE, 60), WriteResult.WRITTEN, None, id="too-young"),
        pytest.param(judged(DENY), WriteResult.WRITTEN, Decision.DENY, id="denied"),
        pytest.param(judged(DENY), WriteResult.FAILED, Decision.DENY, id="denial-failed"),
        pytest.param(
            judged(DENY),
            WriteResult.OVERTAKEN,
            Decision.DENY,
            id="denied-by-another-or-response-lost",
        ),
        pytest.param(judged(DENY), WriteResult.DEFERRED, Decision.DENY, id="denied-by-a-later-run"),
        pytest.param(judged(DENY, 60), WriteResult.WRITTEN, None, id="denial-waits"),
        pytest.param(filed_again(DENY, 60, 359), WriteResult.WRITTEN, None, id="filed-again"),
        pytest.param(
            filed_again(DENY, 60, 360),
            WriteResult.WRITTEN,
            Decision.DENY,
            id="filed-again-for-long",
        ),
        pytest.param(
            filed_again(APPROVE, 60, 360), WriteResult.WRITTEN, None, id="good-request-filed-again"
        ),
        pytest.param(judged(LEAVE), WriteResult.WRITTEN, None, id="left"),
        pytest.param(judged(None), WriteResult.WRITTEN, None, id="undecided"),
    ],
)
def test_a_due_decision_is_recorded_whether_it_was_written_or_not(
    evaluation: Evaluation, result: WriteResult, due: Decision | None
) -> None:
    """A requester that files every minute is never denied, and must still be noticed."""
    world = FakeWorld(api=FakeApi(results={"csr-7znmf": Written(result)}))

    [record] = act([evaluation], settings(), Mode.ENFORCE, world.ports)

    assert due is record.due


@pytest.mark.parametrize("mode", Mode)
def test_a_requester_that_files_again_all_the_time_is_not_denied(mode: Mode) -> None:
    """Each request has its own time until evidence must be there."""
    world = FakeWorld()

    [record] = act([filed_again(DENY, 60, 600)], settings(), mode, world.ports)

    assert [] == world.api.written
    assert (Action.WAITING, 60, 600) == (record.action, record.age_seconds, record.asking_seconds)


@pytest.mark.parametrize("mode", [Mode.SHADOW, Mode.APPROVE_ONLY])
def test_a_decision_that_the_mode_withholds_is_recorded_and_not_written(mode: Mode) -> None:
    """The log shows what would be done."""
    world = FakeWorld()

    act([judged(DENY, 400)], settings(), mode, world.ports)

    assert [("csr-7znmf", "withheld")] == world.ledger.actions
    assert [] == world.api.written


@pytest.mark.parametrize(
    ("result", "action"),
    [
        (WriteResult.WRITTEN, Action.APPROVED),
        (WriteResult.OVERTAKEN, Action.OVERTAKEN),
        (WriteResult.FAILED, Action.NOT_WRITTEN),
        (WriteResult.DEFERRED, Action.DEFERRED),
    ],
)
def test_a_writes_result_becomes_the_action(result: WriteResult, action: Action) -> None:
    """The record quotes the API server's cause."""
    world = FakeWorld(api=FakeApi(results={"csr-7znmf": Written(result, "409 Conflict")}))

    [record] = act([judged(APPROVE)], settings(), Mode.APPROVE_ONLY, world.ports)

    assert (action, "409 Conflict") == (record.action, record.detail)


def test_a_write_that_fails_stops_no_other() -> None:
    """Each write has its own result."""
    world = FakeWorld(api=FakeApi(results={"csr-1": Written(WriteResult.FAILED, "500")}))

    act(
        [judged(APPROVE, name=f"csr-{n}") for n in range(3)],
        settings(),
        Mode.APPROVE_ONLY,
        world.ports,
    )

    assert [
        ("csr-0", "approved"),
        ("csr-1", "not-written"),
        ("csr-2", "approved"),
    ] == world.ledger.actions
