"""A review with in-memory ports: from the listing to what is written and recorded."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.errors import ClusterUnavailable, NotOnboarded
from core.memo import Memo
from core.model import (
    KUBELET_SERVING,
    Action,
    Cluster,
    Csr,
    Decision,
    IssueFinding,
    IssueState,
    NoEvidence,
    OversizedRequest,
    Record,
    RoleUnknown,
    Run,
)
from core.review import review
from core.signers import SIGNERS
from core.slices import SLICE
from sandbox.csr_builder import request as csr_builder
from tests.builders import (
    INSTANCE_ID,
    NODE,
    NOW,
    PROFILE,
    a_certificate,
    a_cluster,
    a_csr,
    a_filed_csr,
    an_extra,
    an_instance,
    an_interface,
    approved,
    settings,
)
from tests.core.fakes import (
    DwindlingClock,
    Exploding,
    FakeApi,
    FakeClock,
    FakeFleet,
    FakeLedger,
    FakeWorld,
    unreadable,
)

MINUTE = timedelta(minutes=1)


def run(world: FakeWorld, cluster: Cluster | None = None, **changes: Any) -> Run:
    return review(
        cluster or a_cluster(), SIGNERS[KUBELET_SERVING], settings(**changes), world.ports
    )


def node(number: int) -> str:
    return f"ip-10-0-1-{number}.eu-west-1.compute.internal"


def session(number: int) -> str:
    return f"i-{number:017x}"


def a_nodes_csr(number: int, **rest: Any) -> Csr:
    """Return the CSR of one of many nodes."""
    return a_filed_csr(
        name=f"csr-{number:04}",
        node=node(number),
        dns=(node(number),),
        ips=(f"10.0.1.{number}",),
        extra=an_extra(session(number)),
        **rest,
    )


def fleet_of(*numbers: int, **rest: Any) -> FakeFleet:
    """Return the instances of these nodes."""
    return FakeFleet(
        [
            an_instance(
                id=session(number),
                private_dns_name=node(number),
                interfaces=(an_interface(address=f"10.0.1.{number}"),),
            )
            for number in numbers
        ],
        **rest,
    )


# --- from the list to the write ------------------------------------------------------------------


def test_a_healthy_nodes_csr_is_approved() -> None:
    """The CSR is listed, judged, written as it was listed, and recorded."""
    csr = a_filed_csr()
    world = FakeWorld(csr)

    done = run(world)

    assert [("Approved", csr)] == [(write.condition, write.csr) for write in world.api.written]
    assert [("csr-7znmf", "approved")] == world.ledger.actions
    assert [done] == world.ledger.runs


def test_a_clusters_tag_lowers_the_mode() -> None:
    """The other clusters keep the stack's mode."""
    world = FakeWorld(a_filed_csr())

    run(world, a_cluster(tags={"csr-approver:mode": "shadow"}))

    assert [] == world.api.written
    assert [("csr-7znmf", "withheld")] == world.ledger.actions


@pytest.mark.parametrize("tag", ["shadow", "Shadow", "off"])
def test_what_a_clusters_tag_keeps_from_being_approved_is_pending(tag: str) -> None:
    """Who may tag a cluster must not silence `oldest-pending`; nor may a slip of the pen.

    From: docs/threat-model.md, "Cluster tags". Only the stack's own mode is the operator's choice.
    """
    done = run(FakeWorld(a_filed_csr()), a_cluster(tags={"csr-approver:mode": tag}))

    assert (1, 420.0) == (done.totals.pending, done.totals.oldest_pending_seconds)


def test_what_others_approved_would_not_be_approved_by_another_mode() -> None:
    """The metric for leaving `shadow` doesn't count a CSR that another approver has approved."""
    csr = a_filed_csr(conditions=(approved("EKS"),))
    done = run(FakeWorld(csr), mode="shadow", reapprove_unissued=True)

    assert 0 == done.totals.would_approve


def test_only_the_signer_asked_for_is_reviewed() -> None:
    """Other signers have approvers of their own."""
    world = FakeWorld(a_filed_csr(signer="kubernetes.io/kube-apiserver-client-kubelet"))

    assert 0 == run(world).listed
    assert [] == world.api.written


def test_the_oldest_is_written_first() -> None:
    """The oldest CSR's kubelet stops waiting first."""
    csrs = [a_nodes_csr(n, age=n * MINUTE) for n in (3, 9, 5)]
    world = FakeWorld(*csrs, fleet=fleet_of(3, 9, 5))

    run(world)

    assert ["csr-0009", "csr-0005", "csr-0003"] == [write.csr.name for write in world.api.written]


def test_approvals_are_written_before_denials() -> None:
    """With slow writes, older bad requests of others don't cost a node its certificate."""
    wrong = replace(a_nodes_csr(9, age=9 * MINUTE), usages=("client auth",))
    world = FakeWorld(wrong, a_nodes_csr(3), fleet=fleet_of(3, 9))

    run(world, mode="enforce")

    assert ["Approved", "Denied"] == [write.condition for write in world.api.written]


def many_nodes(count: int, **rest: Any) -> tuple[list[Csr], FakeFleet]:
    """Return the CSRs of many nodes, and their instances."""
    return [a_nodes_csr(n, **rest) for n in range(1, count + 1)], fleet_of(*range(1, count + 1))


def test_a_long_list_is_written_slice_by_slice() -> None:
    """The first slice is recorded before EC2 is asked about the next one."""
    csrs, fleet = many_nodes(202)
    world = FakeWorld(*csrs, fleet=fleet)

    run(world)

    assert ["by_id", "role_of_profile", "by_id", "role_of_profile"] == [
        question[0] for question in fleet.asked
    ]
    assert [200, 2] == [len(question) - 1 for question in fleet.asked if question[0] == "by_id"]
    assert {csr.name for csr in csrs} == world.api.conditions.keys()


def test_a_key_shared_with_the_last_slice_is_known_before_the_first_write() -> None:
    """All requests are read before the first write."""
    csrs, fleet = many_nodes(SLICE + 1)
    twins = [
        a_nodes_csr(n, words="one key", age=age) for n, age in ((1, 9 * MINUTE), (201, MINUTE))
    ]
    world = FakeWorld(*csrs[1:SLICE], *twins, fleet=fleet)

    run(world, mode="enforce", approve_after_seconds=30)

    assert "Denied" == world.api.conditions["csr-0001"]
    assert "csr-0201" not in world.api.conditions


def test_a_wrong_certificate_at_the_end_of_the_list_is_known_before_the_first_write() -> None:
    """The requester of the wrong certificate gets no other one."""
    csrs, fleet = many_nodes(SLICE + 1)
    asked = replace(a_nodes_csr(1, age=14 * MINUTE), name="csr-old", uid="old")
    wrong = replace(
        asked,
        conditions=(approved(),),
        certificate=a_certificate(asked, sans=(csr_builder.dns("kubernetes"),)),
    )
    world = FakeWorld(*csrs, wrong, fleet=fleet)

    run(world)

    assert csrs[0].name not in world.api.conditions
    assert SLICE == len(world.api.written)


def test_of_one_slice_large_requests_come_last() -> None:
    """Reading one takes up to a hundred times as long; up to 4 KiB age decides."""
    requests: list[bytes | OversizedRequest] = [OversizedRequest(5_000)]
    requests += [b"x" * size for size in (4_097, 4_096, 10)]
    csrs = [
        a_csr(name=f"csr-{n}", node=node(n), age=(9 - n) * MINUTE, request=request)
        for n, request in enumerate(requests)
    ]
    world = FakeWorld(*csrs)

    run(world)

    assert ["csr-2", "csr-3", "csr-1", "csr-0"] == [name for name, _ in world.ledger.actions]


def test_a_csr_too_young_for_any_decision_needs_no_evidence() -> None:
    """A CSR that is too young has no record either, but it is counted."""
    world = FakeWorld(a_filed_csr(age=timedelta(seconds=89)))

    done = run(world)

    assert ([], []) == (world.fleet.asked, world.ledger.records)
    assert {Action.WAITING: 1} == done.totals.not_judged
    assert (1, 0.0) == (done.totals.pending, done.totals.oldest_pending_seconds)


def test_a_requester_that_files_every_minute_is_still_judged() -> None:
    """The time since its first request counts, because no single request gets old enough."""
    now, *before = (
        replace(a_filed_csr(age=age, usages=()), name=f"csr-{age.seconds}", uid=f"{age}")
        for age in (timedelta(seconds=10), *(n * MINUTE for n in range(1, 8)))
    )
    world = FakeWorld(*before, now)

    done = run(world)

    assert [("csr-10", "waiting")] == world.ledger.actions
    assert (1, 1) == (done.due(Decision.DENY), done.totals.pending)


def test_another_request_under_the_same_uid_and_version_is_read_again() -> None:
    """A malicious API server may show one request in this run and another in the next."""
    honest = a_filed_csr()
    forged = replace(a_filed_csr(ips=("10.9.9.9",)), name=honest.name, uid=honest.uid)
    world = FakeWorld(honest)

    run(world, mode="shadow")
    world.api.items = [forged]
    run(world, mode="enforce")

    assert {honest.name: "Denied"} == world.api.conditions


def test_csrs_of_two_clusters_with_one_uid_and_version_are_read_separately() -> None:
    """An API server may give its CSR the uid and version of another cluster's."""
    honest = a_filed_csr()
    forged = replace(a_filed_csr(ips=("10.9.9.9",)), name=honest.name, uid=honest.uid)
    first, second = FakeWorld(honest), FakeWorld(forged)
    memo = Memo()

    for world, name in ((first, "prod"), (second, "lab")) * 2:
        tags = {"aws:eks:cluster-name": name}
        world.fleet.instances = [an_instance(tags=tags)]
        world.api.written.clear()
        cluster = replace(a_cluster(), name=name)
        review(
            cluster,
            SIGNERS[KUBELET_SERVING],
            settings(mode="enforce"),
            replace(world.ports, memo=memo),
        )

    assert {honest.name: "Approved"} == first.api.conditions
    assert {honest.name: "Denied"} == second.api.conditions


def test_a_requester_that_files_thousands_delays_no_other() -> None:
    """Only its newest request is judged."""
    flood = [
        replace(a_nodes_csr(1, age=timedelta(seconds=900 - n)), name=f"csr-x{n:03}", uid=f"u{n}")
        for n in range(500)
    ]
    world = FakeWorld(*flood, a_nodes_csr(2), fleet=fleet_of(1, 2))

    done = run(world)

    assert {"csr-x499": "Approved", "csr-0002": "Approved"} == world.api.conditions
    assert {"superseded": 499} == done.gated


# --- evidence ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "csr",
    [
        pytest.param(a_filed_csr(age=timedelta(hours=1)), id="abandoned"),
        pytest.param(a_filed_csr(conditions=(approved(ago=MINUTE),)), id="decided"),
        pytest.param(unreadable(), id="unreadable"),
    ],
)
def test_a_csr_that_stops_at_a_gate_or_is_decided_causes_no_call(csr: Csr) -> None:
    """Calls to AWS cost quota."""
    world = FakeWorld(csr)

    run(world)

    assert [] == world.fleet.asked
    assert [] == world.ledger.records


def test_iam_isnt_asked_where_roles_arent_verified() -> None:
    """The approver then needs no rights in IAM."""
    world = FakeWorld(a_filed_csr())

    run(world, verify_node_role=False)

    assert [("by_id", INSTANCE_ID)] == world.fleet.asked
    assert {"csr-7znmf": "Approved"} == world.api.conditions


def test_a_csr_without_evidence_is_undecided_and_others_are_approved() -> None:
    """An error is no evidence."""
    world = FakeWorld(
        a_nodes_csr(1), a_nodes_csr(2), fleet=fleet_of(1, 2, unavailable=(session(1),))
    )

    run(world, mode="enforce")

    assert [("csr-0001", "undecided"), ("csr-0002", "approved")] == world.ledger.actions
    [undecided, _] = world.ledger.records
    assert isinstance(undecided.evaluation, NoEvidence)
    assert undecided.evaluation.problem == "evidence unavailable: throttled"


def test_a_role_that_iam_does_not_show_is_left() -> None:
    """A CSR is never denied because IAM doesn't show the role."""
    fleet = FakeFleet(roles={PROFILE: RoleUnknown("AccessDenied", fault=True)})
    world = FakeWorld(a_filed_csr(), fleet=fleet)

    run(world, mode="enforce")

    assert [("csr-7znmf", "left")] == world.ledger.actions


def test_a_node_without_an_identity_is_left_and_others_are_approved() -> None:
    """AWS is asked for the others only."""
    world = FakeWorld(a_filed_csr(name="csr-unknown", extra={}), a_filed_csr())

    run(world)

    assert [("csr-unknown", "left"), ("csr-7znmf", "approved")] == world.ledger.actions
    assert ("by_id", INSTANCE_ID) == world.fleet.asked[0]


def test_a_node_without_iam_is_identified_by_name_where_allowed() -> None:
    """The name is searched in the cluster's VPC."""
    world = FakeWorld(a_filed_csr(extra={}))

    run(world, allow_name_identity=True)

    assert ("by_private_dns_name", NODE, "in vpc-0aaaaaaaaaaaaaaaa") == world.fleet.asked[0]
    assert {"csr-7znmf": "Approved"} == world.api.conditions


# --- failures ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [ClusterUnavailable("connection", "refused"), NotOnboarded("status", "401")]
)
def test_a_cluster_that_cant_be_listed_ends_the_review(error: Exception) -> None:
    """Nothing is requested, written or recorded; the next minute's run is the retry."""
    world = FakeWorld(api=FakeApi((a_filed_csr(),), list_error=error))

    with pytest.raises(type(error)):
        run(world)

    assert ([], []) == (world.fleet.asked, world.api.written)
    assert ([], []) == (world.ledger.records, world.ledger.runs)


def test_a_csr_that_causes_a_bug_is_undecided_and_stops_no_other() -> None:
    """The CSR is recorded first, with the bug."""
    bad = replace(a_csr(name="csr-bad"), extra=Exploding())
    world = FakeWorld(bad, a_filed_csr())

    run(world)

    assert [("csr-bad", "undecided"), ("csr-7znmf", "approved")] == world.ledger.actions
    [broken, _] = world.ledger.records
    assert "this is a bug: RuntimeError: boom" == broken.evaluation.problem
    assert a_cluster() == broken.evaluation.case.cluster


class BrokenLedger(FakeLedger):
    """Fails to record the CSR `csr-0001`."""

    def record(self, record: Record) -> None:
        if record.evaluation.case.csr.name == "csr-0001":
            raise ValueError("no line can be made of it")
        super().record(record)


def test_a_csr_that_cant_be_recorded_stops_no_other_and_its_error_is_raised() -> None:
    """The other CSR is approved and recorded, the run has its totals, then the error is raised."""
    world = FakeWorld(a_nodes_csr(1), a_nodes_csr(2), fleet=fleet_of(1, 2), ledger=BrokenLedger())

    with pytest.raises(ValueError, match="no line can be made of it"):
        run(world)

    assert [("csr-0002", "approved")] == world.ledger.actions
    [totals] = world.ledger.runs
    assert 2 == totals.count(Action.APPROVED)


def test_without_time_left_nothing_is_started() -> None:
    """If the listing took all the time, AWS isn't called, and the CSRs count as deferred."""
    world = FakeWorld(a_filed_csr(), clock=FakeClock(left=0))

    done = run(world)

    assert {Action.DEFERRED: 1} == done.totals.not_judged
    assert (1, 420.0) == (done.totals.pending, done.totals.oldest_pending_seconds)
    assert ([], [], []) == (world.fleet.asked, world.api.written, world.ledger.records)


def test_an_unreadable_item_is_counted_and_stops_no_other() -> None:
    """An unreadable item is never judged."""
    world = FakeWorld(unreadable(), a_filed_csr(), unreadable(None))

    done = run(world)

    assert (3, (unreadable(), unreadable(None))) == (done.listed, done.unreadable)
    assert {"csr-7znmf": "Approved"} == world.api.conditions


# --- totals and findings --------------------------------------------------------------------------


def test_every_csr_is_accounted_for() -> None:
    """Each listed CSR was recorded, gated, unreadable, or decided before."""
    world = FakeWorld(
        a_nodes_csr(1),
        a_nodes_csr(2, usages=()),
        a_nodes_csr(3),
        a_nodes_csr(4, age=MINUTE),
        a_nodes_csr(5, username="alice"),
        a_nodes_csr(6, conditions=(approved(ago=timedelta(0)),)),
        unreadable(),
        fleet=fleet_of(1, 2, 4),
    )

    done = run(world)

    assert {
        Action.APPROVED: 1,
        Action.WITHHELD: 1,
        Action.LEFT: 1,
        Action.WAITING: 1,
    } == {action: done.count(action) for action in Action if done.count(action)}
    assert ({"not a node": 1}, 1) == (done.gated, len(done.unreadable))
    assert (7, 1, 1, 0) == (
        done.listed,
        done.due(Decision.APPROVE),
        done.due(Decision.DENY),
        done.due(Decision.LEAVE),
    )
    assert done.findings == ()


def test_the_run_has_its_listing_and_its_duration() -> None:
    """The duration is from before the listing to the end."""
    clock = FakeClock((NOW - timedelta(seconds=5), NOW, NOW + timedelta(seconds=2)))
    world = FakeWorld(api=FakeApi((), truncated=True, cause="deadline", pages=3), clock=clock)

    done = run(world)

    assert (True, "deadline", 3, 7.0) == (done.truncated, done.cause, done.pages, done.seconds)
    assert (a_cluster(), KUBELET_SERVING) == (done.cluster, done.signer)


def test_ages_count_from_the_end_of_the_listing() -> None:
    """A long listing makes no CSR look younger, and no new one look created in the future."""
    clock = FakeClock((NOW - timedelta(seconds=60), NOW))
    world = FakeWorld(a_filed_csr(age=timedelta(seconds=90)), clock=clock)

    run(world)

    assert [("csr-7znmf", "approved")] == world.ledger.actions


def test_approved_csrs_with_a_missing_or_wrong_certificate_are_findings() -> None:
    """A certificate is missing once the grace period is over."""
    unissued = a_nodes_csr(1, conditions=(approved(),))
    asked = a_nodes_csr(2, conditions=(approved(),))
    wrong = replace(asked, certificate=a_certificate(asked, sans=(csr_builder.dns("kubernetes"),)))
    world = FakeWorld(unissued, wrong, a_nodes_csr(3, conditions=(approved(ago=MINUTE),)))

    done = run(world)

    assert {"csr-0001": IssueState.NOT_ISSUED, "csr-0002": IssueState.MISMATCH} == {
        finding.csr.name: finding.state for finding in done.findings
    }


def test_an_approved_csr_without_a_certificate_has_todays_verdict() -> None:
    """All checks are run, gates too: an operator sees whether the approval was right."""
    good, bad, older = (
        a_nodes_csr(number, conditions=(approved("AutoApproved"),), **rest)
        for number, rest in ((1, {}), (2, {"usages": ()}), (3, {"age": 10 * MINUTE}))
    )
    newer = replace(older, name="csr-newer", uid="uid-newer", created=NOW - MINUTE, conditions=())
    world = FakeWorld(good, bad, older, newer, fleet=fleet_of(1, 2, 3))

    done = run(world)

    assert {
        "csr-0001": (Decision.APPROVE, []),
        "csr-0002": (Decision.DENY, ["usages"]),
        "csr-0003": (Decision.LEAVE, ["newest"]),
    } == {finding.csr.name: verdict_of(finding) for finding in done.findings}
    assert {} == world.api.conditions


@pytest.mark.parametrize(("experiment", "judged"), [(False, SLICE), (True, SLICE + 1)])
def test_one_slice_of_the_approved_csrs_without_a_certificate_is_judged(
    experiment: bool,  # noqa: FBT001  a case
    judged: int,
) -> None:
    """A slice is more than is logged; the experiment needs a verdict of each."""
    csrs, fleet = many_nodes(SLICE + 1, conditions=(approved("AutoApproved"),))
    world = FakeWorld(*csrs, fleet=fleet)

    findings = run(world, mode="shadow", reapprove_unissued=experiment).findings

    assert SLICE + 1 == len(findings)
    assert judged == sum(finding.evaluation is not None for finding in findings)


def verdict_of(finding: IssueFinding) -> tuple[Decision, list[str]]:
    assert finding.evaluation is not None
    assert finding.evaluation.verdict is not None
    verdict = finding.evaluation.verdict
    return verdict.decision, [refusal.check for refusal in verdict.refusals]


def test_other_findings_are_not_judged() -> None:
    """Other findings have a certificate, or were failed by the signer."""
    asked = a_filed_csr(conditions=(approved(),))
    wrong = replace(asked, certificate=a_certificate(asked, sans=(csr_builder.dns("kubernetes"),)))

    [finding] = run(FakeWorld(wrong)).findings

    assert finding.evaluation is None


def test_the_experiment_reapproves_what_all_checks_approve() -> None:
    """A CSR that a check refuses stays as it is."""
    theirs = approved("AutoApproved")
    good, bad = (
        a_nodes_csr(1, conditions=(theirs,)),
        a_nodes_csr(2, usages=(), conditions=(theirs,)),
    )
    world = FakeWorld(good, bad, fleet=fleet_of(1, 2))

    done = run(world, reapprove_unissued=True, mode="enforce")

    assert {"csr-0001": "Approved"} == world.api.conditions
    assert [("csr-0001", "reapproved")] == world.ledger.actions
    assert 2 == len(done.findings)


@pytest.mark.parametrize(
    ("changes", "age", "found"),
    [
        ({"issue_grace_seconds": 181}, 420, 0),
        ({"max_csr_age_seconds": 901}, 901, 1),
    ],
)
def test_settings_bound_the_age_of_a_missing_certificate(
    changes: dict[str, Any], age: int, found: int
) -> None:
    """The bounds are the grace period and the age at which a CSR is abandoned."""
    csr = a_filed_csr(age=timedelta(seconds=age), conditions=(approved(),))

    assert found == len(run(FakeWorld(csr), **changes).findings)


def test_a_node_whose_certificate_was_wrong_is_left() -> None:
    """The node would otherwise be approved again and again."""
    asked = a_filed_csr(name="csr-old", age=10 * MINUTE, conditions=(approved(),))
    wrong = replace(asked, certificate=a_certificate(asked, sans=(csr_builder.dns("kubernetes"),)))
    world = FakeWorld(wrong, a_filed_csr(name="csr-new"))

    run(world)

    assert [("csr-new", "left")] == world.ledger.actions


def test_a_flood_of_one_requester_is_not_read_when_time_is_short() -> None:
    """Requests that may be approved are read first; the others take half of the time at most."""
    old = a_nodes_csr(1, age=10 * MINUTE)
    flood = [replace(old, name=f"csr-{n:03}", uid=f"uid-{n}") for n in range(50)]
    clock = DwindlingClock(left=40.0, step=1.0)
    world = FakeWorld(*flood, a_nodes_csr(1), a_nodes_csr(2), clock=clock, fleet=fleet_of(1, 2))

    done = run(world)

    assert {"csr-0001": "Approved", "csr-0002": "Approved"} == world.api.conditions
    assert 30 < done.not_read < 50
