"""Nodes whose role the cluster maps to another user: a review finds them by EC2 and IAM."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from core.model import KUBELET_SERVING, Csr, RoleUnknown, Run
from core.review import review
from core.signers import SIGNERS
from tests.builders import NOW, PROFILE, a_cluster, a_filed_csr, an_extra, settings
from tests.core.fakes import FakeClock, FakeFleet, FakeWorld

MINUTE = timedelta(minutes=1)


def misconfigured(**rest: Any) -> Csr:
    """Return the request of a node of this cluster whose role is mapped to the user `ops`."""
    return a_filed_csr(
        **{"name": "csr-m", "username": "ops", "groups": ("system:authenticated",), **rest}
    )


def run(world: FakeWorld) -> Run:
    cluster, signer = a_cluster(), SIGNERS[KUBELET_SERVING]
    return review(cluster, signer, settings(mode="enforce"), world.ports)


def test_a_misconfigured_node_is_logged_by_name_and_counts_as_pending() -> None:
    """It isn't counted as a stranger, its request isn't denied, and the line has the fix."""
    world = FakeWorld(misconfigured())

    done = run(world)

    assert ([("csr-m", "left")], []) == (world.ledger.actions, world.api.written)
    assert (1, 420.0, 0) == (
        done.totals.pending,
        done.totals.oldest_pending_seconds,
        sum(done.gated.values()),
    )
    verdict = world.ledger.records[0].evaluation.verdict
    assert verdict is not None
    assert [("node-kind", "role not mapped as a node's", True)] == [
        (refusal.check, refusal.reason, refusal.warns) for refusal in verdict.refusals
    ]


def test_a_stranger_in_a_session_named_like_an_instance_is_only_counted() -> None:
    """Anyone who may assume a role chooses its session's name; there is no line, and no advice."""
    world = FakeWorld(misconfigured(extra=an_extra(role="build-runner")))

    done = run(world)

    assert ([], {"not a node": 1}) == (world.ledger.actions, dict(done.gated))
    assert 0 == done.totals.pending


def test_a_stranger_without_such_a_session_is_not_asked_for() -> None:
    """EC2 is asked only for instances."""
    world = FakeWorld(misconfigured(extra=an_extra("alice")))

    run(world)

    assert [] == world.fleet.asked


def test_only_its_newest_request_is_logged() -> None:
    """A node files again every 15 minutes, and the older requests stay in the list for a day."""
    world = FakeWorld(
        misconfigured(name="csr-abandoned", age=16 * MINUTE),
        misconfigured(name="csr-older", age=14 * MINUTE),
        misconfigured(name="csr-new", age=timedelta(seconds=30)),
    )

    done = run(world)

    assert ([("csr-new", "left")], {"not a node": 2}) == (world.ledger.actions, dict(done.gated))


def test_while_nothing_can_be_due_it_is_only_counted() -> None:
    """As for nodes, EC2 isn't asked."""
    world = FakeWorld(misconfigured(age=timedelta(seconds=30)))

    done = run(world)

    assert ([], {"not a node": 1}) == (world.fleet.asked, dict(done.gated))


def test_without_an_answer_of_ec2_it_is_undecided() -> None:
    """Missing evidence doesn't show that the requester is a stranger."""
    world = FakeWorld(misconfigured(), fleet=FakeFleet(unavailable=("i-0aaaaaaaaaaaaaaaa",)))

    done = run(world)

    assert [("csr-m", "undecided")] == world.ledger.actions
    assert (1, 1) == (done.totals.pending, done.totals.without_evidence)


def test_without_an_answer_of_iam_it_is_left_and_counted_as_without_evidence() -> None:
    """Its role may be the requester's."""
    roles = {PROFILE: RoleUnknown("throttled", fault=True)}
    world = FakeWorld(misconfigured(), fleet=FakeFleet(roles=roles))

    done = run(world)

    assert [("csr-m", "left")] == world.ledger.actions
    assert (1, 1) == (done.totals.pending, done.totals.without_evidence)


def test_strangers_never_delay_a_node() -> None:
    """They are asked for after all others, and at most a slice of them."""
    strangers = [
        misconfigured(name=f"csr-{n:04}", extra=an_extra(f"i-{n:017x}"), age=14 * MINUTE)
        for n in range(1, 301)
    ]
    world = FakeWorld(*strangers, a_filed_csr(name="csr-node", age=3 * MINUTE))

    done = run(world)

    assert {"csr-node": "Approved"} == world.api.conditions
    asked = [call for call in world.fleet.asked if call[0] == "by_id"]
    assert [1, 200] == [len(call) - 1 for call in asked]
    assert ("by_id", "i-0aaaaaaaaaaaaaaaa") == asked[0]
    assert {"not a node": 300} == dict(done.gated)


def test_a_node_among_many_strangers_is_found_in_time() -> None:
    """Each run asks for the next of them."""
    strangers = [
        misconfigured(name=f"csr-{n:04}", extra=an_extra(f"i-{n:017x}"), age=14 * MINUTE)
        for n in range(1, 1_001)
    ]
    seen = []
    for minute in range(10):
        clock = FakeClock((NOW + timedelta(minutes=minute),))
        filed = replace(misconfigured(), created=clock.times[0] - 3 * MINUTE)
        others = [replace(one, created=filed.created - MINUTE) for one in strangers]
        world = FakeWorld(*others, filed, clock=clock)
        run(world)
        seen += world.ledger.actions

    assert ("csr-m", "left") in seen


def test_without_time_they_stay_counted() -> None:
    """A later run asks for them."""
    world = FakeWorld(misconfigured(), clock=FakeClock(left=1))

    done = run(world)

    assert ([], {"not a node": 1}) == (world.ledger.actions, dict(done.gated))
