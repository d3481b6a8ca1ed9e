"""The diagnosis: which requests have no certificate, and the cause of each."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest

from cli.diagnose.cause import Cause, Explanation, Need
from cli.diagnose.causes import EXPLAINED, explain_refusals
from cli.diagnose.diagnosis import State
from cli.diagnose.name_status import name_statuses
from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.model import (
    APPROVED_REASON,
    DENIED_REASON,
    KUBELET_SERVING,
    Case,
    Condition,
    Csr,
    Refusal,
    RoleUnknown,
    UnreadableCsr,
)
from core.signers import SIGNERS, Signer
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    NOW,
    PROFILE,
    PUBLIC_ADDRESS,
    a_case,
    a_certificate,
    a_filed_csr,
    an_extra,
    an_instance,
    an_interface,
    approved,
    settings,
)
from tests.cli.diagnosed_world import World, the_one
from tests.core.check_cases import EXAMPLES, CheckExample
from tests.core.fakes import DwindlingClock, FakeClock

#: Younger than the 90 s in which EKS's own approver may decide.
YOUNG = timedelta(seconds=20)

#: Older than the 15 minutes after which a CSR is abandoned.
OLD = timedelta(hours=2)
OTHER_NODE = "ip-10-0-1-20.eu-west-1.compute.internal"


def _by(kind: str, reason: str = "x", ago: timedelta = timedelta(minutes=3)) -> Condition:
    return Condition(kind, "True", reason, "approved by hand", NOW - ago)


def _issued(**asked: Any) -> Csr:
    """Return a CSR that was approved, and issued for the node's own two names only."""
    csr = a_filed_csr(conditions=(approved(),), **asked)
    return replace(csr, certificate=a_certificate(csr))


def _asking(*ips: str, **rest: Any) -> World:
    return World([a_filed_csr(ips=(ADDRESS, *ips))], **rest)


CASES: dict[str, tuple[Callable[[], World], tuple[Cause, ...]]] = {
    "young and healthy": (lambda: World([a_filed_csr(age=YOUNG)]), (Cause.WAITING,)),
    "healthy and not approved": (lambda: World([a_filed_csr()]), (Cause.NOT_APPROVED,)),
    "just approved": (
        lambda: World([a_filed_csr(conditions=(approved("EKS", YOUNG),))]),
        (Cause.JUST_APPROVED,),
    ),
    "approved, not issued": (
        lambda: World([a_filed_csr(conditions=(approved("EKS"),))]),
        (Cause.NOT_ISSUED,),
    ),
    "approved by us, not issued": (
        lambda: World([a_filed_csr(conditions=(approved(APPROVED_REASON),))]),
        (Cause.NOT_ISSUED_AFTER_US,),
    ),
    "approved, and a foreign name": (
        lambda: World([a_filed_csr(ips=("10.9.9.9",), conditions=(approved("EKS", YOUNG),))]),
        (Cause.NAMES_NOT_ON_INSTANCE,),
    ),
    "a public address that EC2 doesn't show yet": (
        lambda: World([a_filed_csr(age=YOUNG, ips=(ADDRESS, "203.0.113.9", "203.0.113.8"))]),
        (Cause.NAMES_MAY_LAG,),
    ),
    "a name that a setting allows": (
        lambda: _asking(PUBLIC_ADDRESS, settings=settings(allow_public_addresses=False)),
        (Cause.NAMES_NEED_SETTING,),
    ),
    "several kinds of names": (
        lambda: _asking("10.0.1.77", "10.9.9.9", "10.9.9.8", "10.100.0.1"),
        (Cause.NAMES_NOT_ACCEPTED, Cause.NAMES_NOT_ON_INSTANCE, Cause.NAMES_RESERVED),
    ),
    "a public address that has left the instance": (
        lambda: _asking("203.0.113.9"),
        (Cause.ADDRESS_MOVED,),
    ),
    "a public address that has left the instance, or that EC2 doesn't show yet": (
        lambda: World([a_filed_csr(ips=(ADDRESS, "203.0.113.9"), age=YOUNG)]),
        (Cause.NAMES_MAY_LAG,),
    ),
    "no tag": (
        lambda: World([a_filed_csr()], [an_instance(tags={})]),
        (Cause.NO_CLUSTER_TAG,),
    ),
    "no tag, in another VPC that is allowed": (
        lambda: World(
            [a_filed_csr()],
            [an_instance(tags={}, vpc_id="vpc-2")],
            settings=settings(allow_other_vpcs=True),
        ),
        (Cause.NO_CLUSTER_TAG,),
    ),
    "another VPC": (
        lambda: World([a_filed_csr()], [an_instance(vpc_id="vpc-2")]),
        (Cause.OTHER_VPC,),
    ),
    "another cluster's": (
        lambda: World([a_filed_csr()], [an_instance(tags={"eks:cluster-name": "dev"})]),
        (Cause.OTHER_CLUSTER,),
    ),
    "another node's name": (
        lambda: World([a_filed_csr(node=OTHER_NODE, dns=(NODE,))]),
        (Cause.NODE_NAME,),
    ),
    "another role": (
        lambda: World([a_filed_csr(extra=an_extra(role="admin"))]),
        (Cause.NODE_ROLE,),
    ),
    "a profile that IAM doesn't know": (
        lambda: World([a_filed_csr()], fleet={"roles": {}}),
        (Cause.NODE_ROLE,),
    ),
    "IAM silent": (
        lambda: World([a_filed_csr()], fleet={"roles": {PROFILE: RoleUnknown("no", fault=True)}}),
        (Cause.EVIDENCE_UNAVAILABLE,),
    ),
    "EC2 silent": (
        lambda: World([a_filed_csr()], fleet={"unavailable": (INSTANCE_ID,)}),
        (Cause.EVIDENCE_UNAVAILABLE,),
    ),
    "no IAM session": (lambda: World([a_filed_csr(extra={})]), (Cause.NO_IDENTITY,)),
    "no instance yet": (lambda: World([a_filed_csr(age=YOUNG)], []), (Cause.EC2_MAY_LAG,)),
    "an instance that starts": (
        lambda: World([a_filed_csr(age=YOUNG)], [an_instance(state="pending")]),
        (Cause.EC2_MAY_LAG,),
    ),
    "an instance without names yet": (
        lambda: World(
            [a_filed_csr(age=YOUNG)], [an_instance(private_dns_name="", public_dns_name="")]
        ),
        (Cause.EC2_MAY_LAG,),
    ),
    "an instance that never gets a name": (
        lambda: World([a_filed_csr()], [an_instance(private_dns_name="", public_dns_name="")]),
        (Cause.NO_PRIVATE_NAME,),
    ),
    "an instance without a name, and a node named by its id": (
        lambda: World(
            [a_filed_csr(node=INSTANCE_ID, dns=(NODE,))],
            [an_instance(private_dns_name="", public_dns_name="")],
        ),
        (Cause.NO_PRIVATE_NAME,),
    ),
    "a host name of the machine's own": (
        lambda: World([a_filed_csr(dns=(NODE, "rack7.corp.example"), age=YOUNG)]),
        (Cause.HOST_NAME,),
    ),
    "another instance's name": (
        lambda: World([a_filed_csr(dns=(NODE, OTHER_NODE))]),
        (Cause.NAMES_NOT_ON_INSTANCE,),
    ),
    "an instance without addresses yet": (
        lambda: World([a_filed_csr(age=YOUNG)], [an_instance(interfaces=())]),
        (Cause.EC2_MAY_LAG,),
    ),
    "no instance": (lambda: World([a_filed_csr()], []), (Cause.NO_INSTANCE,)),
    "a stopped instance": (
        lambda: World([a_filed_csr()], [an_instance(state="stopping")]),
        (Cause.INSTANCE_GONE,),
    ),
    "an instance started since": (
        lambda: World([a_filed_csr()], [an_instance(launched=NOW)]),
        (Cause.INSTANCE_GONE,),
    ),
    "not a kubelet's, in the name of a stopped instance": (
        lambda: World([a_filed_csr(usages=("client auth",))], [an_instance(state="stopped")]),
        (Cause.NOT_A_KUBELET_REQUEST, Cause.NO_INSTANCE),
    ),
    "a person in a session named like a stopped instance": (
        lambda: World([a_filed_csr(username="alice")], [an_instance(state="stopped")]),
        (Cause.PERSON,),
    ),
    "Fargate": (
        lambda: World([a_filed_csr(node="fargate-ip-10-0-1-10.ec2.internal")]),
        (Cause.FARGATE,),
    ),
    "Fargate, just approved by EKS": (
        lambda: World(
            [
                a_filed_csr(
                    node="fargate-ip-10-0-1-10.ec2.internal", conditions=(approved("EKS", YOUNG),)
                )
            ]
        ),
        (Cause.JUST_APPROVED,),
    ),
    "Fargate, approved and not issued": (
        lambda: World(
            [a_filed_csr(node="fargate-ip-10-0-1-10.ec2.internal", conditions=(approved("EKS"),))]
        ),
        (Cause.FARGATE,),
    ),
    "Fargate, for hours": (
        lambda: World([a_filed_csr(node="fargate-ip-10-0-1-10.ec2.internal", age=OLD)]),
        (Cause.NO_NEWER_REQUEST,),
    ),
    "a person": (
        lambda: World([a_filed_csr(username="alice", extra=an_extra("alice"))]),
        (Cause.PERSON,),
    ),
    "a person in a session named like an instance": (
        lambda: World([a_filed_csr(username="alice", extra=an_extra(role="admin"))]),
        (Cause.PERSON,),
    ),
    "a requester of the cluster's own": (
        lambda: World([a_filed_csr(username="system:kube-scheduler", extra={})]),
        (Cause.NOT_A_NODE,),
    ),
    "a role that may be a node's, and IAM silent": (
        lambda: World(
            [a_filed_csr(username="alice")],
            fleet={"roles": {PROFILE: RoleUnknown("no", fault=True)}},
        ),
        (Cause.EVIDENCE_UNAVAILABLE,),
    ),
    "a workload": (
        lambda: World([a_filed_csr(username="system:serviceaccount:shop:web", extra={})]),
        (Cause.WORKLOAD,),
    ),
    "a workload that still waits after hours": (
        lambda: World([a_filed_csr(username="system:serviceaccount:shop:web", extra={}, age=OLD)]),
        (Cause.WORKLOAD,),
    ),
    "a node whose role isn't mapped as one": (
        lambda: World([a_filed_csr(username="alice")]),
        (Cause.ROLE_NOT_MAPPED,),
    ),
    "HyperPod": (
        lambda: World([a_filed_csr(node="hyperpod-i-0aaaaaaaaaaaaaaaa")]),
        (Cause.HYPERPOD,),
    ),
    "a hybrid node by Roles Anywhere": (
        lambda: World([a_filed_csr(node="rack7.example", extra=an_extra("rack7.example"))]),
        (Cause.HYBRID,),
    ),
    "a person posing as a node": (
        lambda: World([a_filed_csr(extra=an_extra("alice"))]),
        (Cause.NOT_A_NODE,),
    ),
    "not a kubelet's": (
        lambda: World([a_filed_csr(usages=("client auth",))]),
        (Cause.NOT_A_KUBELET_REQUEST,),
    ),
    "no request at all": (
        lambda: World([replace(a_filed_csr(), request=b"no")]),
        (Cause.NOT_A_KUBELET_REQUEST,),
    ),
    "failed": (
        lambda: World([a_filed_csr(conditions=(approved(), _by("Failed")))]),
        (Cause.SIGNER_FAILED,),
    ),
    "denied for a name": (
        lambda: World([a_filed_csr(ips=("10.9.9.9",), conditions=(_by("Denied", DENIED_REASON),))]),
        (Cause.DENIED, Cause.NAMES_NOT_ON_INSTANCE),
    ),
    "issued without a name": (
        lambda: World([_issued(ips=(ADDRESS, "10.9.9.9"))]),
        (Cause.FEWER_NAMES, Cause.NAMES_NOT_ON_INSTANCE),
    ),
    "issued without a name, and gone": (
        lambda: World([_issued(ips=(ADDRESS, "10.9.9.9"), age=OLD)], []),
        (Cause.INSTANCE_GONE,),
    ),
    "issued with a name too many": (
        lambda: World([_issued(dns=())]),
        (Cause.WRONG_CERTIFICATE,),
    ),
    "a wrong certificate before": (
        lambda: World([_issued(dns=(), age=OLD), a_filed_csr(name="csr-new")]),
        (Cause.WRONG_CERTIFICATE,),
    ),
    "dated tomorrow": (lambda: World([a_filed_csr(age=-OLD)]), (Cause.CREATED_IN_FUTURE,)),
    "abandoned, and running": (lambda: World([a_filed_csr(age=OLD)]), (Cause.NO_NEWER_REQUEST,)),
    "abandoned, approved, a foreign name": (
        lambda: World([a_filed_csr(age=OLD, ips=("10.9.9.9",), conditions=(approved("EKS"),))]),
        (Cause.NO_NEWER_REQUEST, Cause.NAMES_NOT_ON_INSTANCE),
    ),
    "abandoned, without identity": (
        lambda: World([a_filed_csr(age=OLD, extra={})]),
        (Cause.NO_NEWER_REQUEST,),
    ),
    "abandoned, and gone": (lambda: World([a_filed_csr(age=OLD)], []), (Cause.INSTANCE_GONE,)),
    "abandoned, a person's": (
        lambda: World([a_filed_csr(age=OLD, username="alice", extra=an_extra("alice"))]),
        (Cause.ABANDONED,),
    ),
    "abandoned, of a person posing": (
        lambda: World([a_filed_csr(age=OLD, extra=an_extra("alice"))]),
        (Cause.ABANDONED,),
    ),
    "no time to judge": (
        lambda: World([a_filed_csr()], clock=FakeClock(left=0)),
        (Cause.EVIDENCE_UNAVAILABLE,),
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_each_open_request_has_its_causes(what: str) -> None:
    world, expected = CASES[what]

    assert expected == tuple(cause.cause for cause in the_one(world()).causes)


def test_every_cause_has_a_case() -> None:
    """Causes that depend on a list's other requests, or on a bug, have tests of their own."""
    met = {cause for _, causes_ in CASES.values() for cause in causes_}

    assert {Cause.SUPERSEDED, Cause.NOT_JUDGED} == set(Cause) - met


def test_every_check_has_a_cause() -> None:
    """A check without one would be explained by advice that doesn't fit."""
    assert {check.id for check in KUBELET_SERVING_CHECKS} == EXPLAINED


def test_a_refusal_of_an_unknown_check_gives_no_advice() -> None:
    refusal = Refusal.leave("a new reason", "a new detail").by("a-new-check")

    causes = explain_refusals(a_case(), [refusal], (), may_lag=False)

    assert (Explanation(Cause.NOT_JUDGED, "a-new-check: a new reason (a new detail)"),) == causes


@pytest.mark.parametrize(
    "example",
    [example for example in EXAMPLES if example.effect and example.check != "newest"],
    ids=lambda example: example.id,
)
def test_every_refusal_of_every_check_leads_to_a_cause(example: CheckExample) -> None:
    """Each request is shown with what to do."""
    checks = tuple(check for check in KUBELET_SERVING_CHECKS if check.id == example.check)
    refusals = decide(example.case, checks).refusals
    assert refusals

    causes = explain_refusals(example.case, refusals, name_statuses(example.case), may_lag=False)
    assert causes


def test_a_bug_on_one_request_is_reported_and_stops_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bad = a_filed_csr(name="csr-bad", ips=("10.9.9.9",))

    def broken(case: Case) -> Refusal | None:
        if case.csr.name == "csr-bad":
            raise ArithmeticError("of our own making")
        return None

    checks = tuple(
        replace(check, run=broken) if check.id == "lifetime" else check
        for check in KUBELET_SERVING_CHECKS
    )
    changed = replace(SIGNERS[KUBELET_SERVING], checks=checks)
    monkeypatch.setitem(cast("dict[str, Signer]", SIGNERS), KUBELET_SERVING, changed)
    other = a_filed_csr(node=OTHER_NODE, name="csr-good", extra=an_extra("i-0bbbbbbbbbbbbbbbb"))
    made = World([bad, other]).diagnosis()

    by_name = {csr.csr.name: csr for csr in made.csrs}
    assert [Cause.NOT_JUDGED] == [cause.cause for cause in by_name["csr-bad"].causes]
    assert "ArithmeticError" in by_name["csr-bad"].causes[0].detail
    assert Need.ACTION is by_name["csr-good"].need


# --- what is shown of them ----------------------------------------------------------------------


def test_a_request_that_stops_at_a_gate_has_its_names_and_instance() -> None:
    reported = the_one(World([a_filed_csr(age=OLD, ips=("10.9.9.9",))]))

    assert INSTANCE_ID == reported.instance_id
    assert {NODE: "confirmed", "10.9.9.9": "not-on-instance"} == {
        name.value: name.status.value for name in reported.names
    }


def test_a_node_known_by_name_has_its_instance() -> None:
    world = World([a_filed_csr(extra={})], settings=settings(allow_name_identity=True))

    assert (INSTANCE_ID, Cause.NOT_APPROVED) == (
        the_one(world).instance_id,
        the_one(world).causes[0].cause,
    )


@pytest.mark.parametrize(
    ("conditions", "state"),
    [
        ((), State.PENDING),
        ((approved(),), State.APPROVED),
        ((approved(), _by("Failed")), State.FAILED),
        ((_by("Denied"),), State.DENIED),
    ],
    ids=lambda value: value.value if isinstance(value, State) else "with",
)
def test_a_request_has_the_state_of_its_conditions(
    conditions: tuple[Condition, ...], state: State
) -> None:
    assert state is the_one(World([a_filed_csr(conditions=conditions)])).state


# --- which requests count -----------------------------------------------------------------------


def test_a_certificate_issued_as_requested_is_not_shown() -> None:
    assert ((), True) == ((made := World([_issued()]).diagnosis()).csrs, made.ready)


def test_only_the_newest_of_a_requester_counts() -> None:
    old = [a_filed_csr(name=f"csr-{age}", age=timedelta(minutes=age)) for age in (40, 25)]
    made = World([*old, _issued(name="csr-new")]).diagnosis()

    assert ((), True) == (made.csrs, made.ready)
    assert [("csr-40", "csr-new"), ("csr-25", "csr-new")] == [
        (csr.name, newer) for csr, newer in made.superseded
    ]


def test_the_key_of_a_superseded_request_still_counts() -> None:
    """A key that two requesters use is accepted from neither, as in a review."""
    old = a_filed_csr(name="csr-old", age=timedelta(minutes=20), words="a key")
    new = a_filed_csr(name="csr-new")
    other = a_filed_csr(
        node=OTHER_NODE,
        name="csr-other",
        words="a key",
        extra=an_extra("i-0bbbbbbbbbbbbbbbb"),
    )
    made = World([old, new, other]).diagnosis()

    [reported] = [csr for csr in made.csrs if csr.csr.name == "csr-other"]
    assert any("key-not-reused" in cause.detail for cause in reported.causes)


# --- whether all are ready ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "ready"),
    [
        ("young and healthy", True),
        ("abandoned, and gone", True),
        ("EC2 silent", None),
        ("abandoned, and running", None),
        ("healthy and not approved", False),
    ],
)
def test_a_cluster_is_as_ready_as_its_requests(what: str, ready: bool | None) -> None:  # noqa: FBT001
    assert ready is CASES[what][0]().diagnosis().ready


UNREADABLE = UnreadableCsr("csr-unreadable", None, "no spec")


@pytest.mark.parametrize(
    ("world", "gap"),
    [
        (
            World([], api={"truncated": True, "cause": "time: the answer took too long"}),
            "the list was not read to its end: the answer took too long; run this again",
        ),
        (
            World([UNREADABLE]),
            "1 of the listed requests can't be read: `csr-approver review` names them",
        ),
        (World([_issued()], clock=FakeClock(left=5)), "1 requests were not read for lack of time"),
    ],
    ids=["truncated", "unreadable", "not_read"],
)
def test_a_list_with_a_gap_is_never_ready(world: World, gap: str) -> None:
    made = world.diagnosis()

    assert made.ready is None
    assert [True] == [gap in text for text in made.gaps]


def test_a_gap_removes_no_needed_action() -> None:
    assert World([UNREADABLE, a_filed_csr()]).diagnosis().ready is False


def test_the_deadline_stops_reading_old_requests_before_the_evidence() -> None:
    old = [a_filed_csr(name=f"csr-{n:03}", age=timedelta(minutes=20)) for n in range(40)]
    made = World([*old, a_filed_csr(name="csr-new")], clock=DwindlingClock(left=60)).diagnosis()

    assert [Cause.NOT_APPROVED] == [cause.cause for csr in made.csrs for cause in csr.causes]
    assert made.gaps


def test_pod_addresses_of_a_detached_interface_are_not_the_nodes() -> None:
    """An interface that isn't attached proves nothing."""
    detached = an_interface(device_index=1, address="10.0.2.10", attached=False, public=())
    instance = an_instance(interfaces=(an_interface(), detached))

    reported = the_one(_asking("10.0.2.10", instances=[instance]))

    assert [Cause.NAMES_NOT_ACCEPTED] == [cause.cause for cause in reported.causes]


# --- what an attack on the one pipeline found ---------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "cause"),
    [({"ips": (ADDRESS, "10.9.9.9")}, Cause.FEWER_NAMES), ({"ips": ()}, Cause.WRONG_CERTIFICATE)],
    ids=["fewer", "wrong"],
)
@pytest.mark.parametrize(
    "trouble",
    [{"fleet": {"unavailable": (INSTANCE_ID,)}}, {"clock": DwindlingClock(left=24, step=5)}],
    ids=["EC2 silent", "no time for the evidence"],
)
def test_a_wrong_certificate_is_reported_without_evidence(
    asked: dict[str, Any], cause: Cause, trouble: dict[str, Any]
) -> None:
    """What is wrong with it is known from the list alone, so the cluster isn't ready."""
    trouble = {key: deepcopy(value) for key, value in trouble.items()}
    made = World([_issued(**asked)], **trouble).diagnosis()

    assert [cause] == [found_cause.cause for csr in made.csrs for found_cause in csr.causes][:1]
    assert made.ready is False


def test_a_bug_met_on_a_superseded_request_is_not_reported() -> None:
    """A kubelet no longer waits for a superseded request, so a bug with it doesn't matter."""
    old = replace(
        a_filed_csr(name="csr-old", age=timedelta(minutes=20)), groups=cast("Any", _Broken())
    )
    made = World([old, _issued(name="csr-new")]).diagnosis()

    assert ((), True) == (made.csrs, made.ready)
    assert [("csr-old", "csr-new")] == [(csr.name, newer) for csr, newer in made.superseded]


class _Broken:
    """Groups that no code can read: they stand for a bug that one CSR alone lays bare."""

    def __contains__(self, _group: object) -> bool:
        raise RuntimeError("boom")
