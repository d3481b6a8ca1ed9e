"""A principal that can assume another role, and choose its session name, blocks no node.

EKS makes a node's username from the session name alone, not from the role. So a principal that can
assume any role that the cluster maps to nodes can file requests under every node's name.
"""

from dataclasses import replace
from datetime import timedelta

from adapters.csr_pages import Limits
from core.model import KUBELET_SERVING
from core.review import review
from core.signers import SIGNERS
from sandbox.csr_builder import request as csr_builder
from tests.adapters.scripted_api import a_page, an_item, answering
from tests.builders import (
    INSTANCE_ID,
    a_certificate,
    a_cluster,
    a_csr,
    a_filed_csr,
    an_extra,
    an_instance,
    approved,
    settings,
)
from tests.core.fakes import FakeFleet, FakeWorld

MINUTE = timedelta(minutes=1)
ANOTHER_ROLE = an_extra(role="gpu-node")


def run(world: FakeWorld) -> None:
    review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(mode="enforce"), world.ports)


def test_another_roles_session_of_the_same_name_supersedes_no_other() -> None:
    """The node's own request is approved although a newer one has its username and session."""
    forged = a_filed_csr(name="csr-forged", age=MINUTE, extra=ANOTHER_ROLE)
    world = FakeWorld(a_filed_csr(name="csr-own"), forged)

    run(world)

    assert {"csr-own": "Approved"} == world.api.conditions


def test_another_roles_session_of_the_same_name_is_left() -> None:
    """Another role's session is judged separately; its role isn't the instance profile's."""
    world = FakeWorld(a_filed_csr(name="csr-forged", extra=ANOTHER_ROLE))

    run(world)

    assert [("csr-forged", "left")] == world.ledger.actions


def test_a_thousand_sessions_of_another_role_supersede_no_request() -> None:
    """For any number of them, at any time, the node's own request is approved."""
    forged = [
        a_filed_csr(name=f"csr-{n:04}", age=timedelta(seconds=n % 600), extra=ANOTHER_ROLE)
        for n in range(1_000)
    ]
    world = FakeWorld(a_filed_csr(name="csr-own", age=10 * MINUTE), *forged)

    run(world)

    assert {"csr-own": "Approved"} == world.api.conditions


def test_another_roles_session_uses_up_a_share_of_its_own() -> None:
    """Requests under a node's username don't push its own one off the list."""
    role = {key: list(values) for key, values in ANOTHER_ROLE.items()}
    forged = [an_item(f"a-{n}", spec_extra=role) for n in range(99)]
    with answering(a_page(*forged, an_item("csr-own")), limits=Limits(share=5_000)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert "csr-own" in [csr.name for csr in listing.csrs]


def test_a_wrong_certificate_of_another_roles_session_blocks_no_node() -> None:
    """The node's own request is approved although its username was issued a wrong certificate."""
    forged = a_filed_csr(name="csr-forged", extra=ANOTHER_ROLE, conditions=(approved(),))
    certificate = a_certificate(forged, sans=(csr_builder.dns("other.example"),))
    world = FakeWorld(a_filed_csr(name="csr-own"), replace(forged, certificate=certificate))

    run(world)

    assert {"csr-own": "Approved"} == world.api.conditions


def test_two_nodes_with_one_key_are_both_denied() -> None:
    """With one key, each node could impersonate the other."""
    other_id, other_node = "i-0bbbbbbbbbbbbbbbb", "ip-10-0-1-20.eu-west-1.compute.internal"
    other = a_filed_csr(
        name="csr-other",
        node=other_node,
        dns=(other_node,),
        ips=(),
        words="one key",
        extra=an_extra(other_id),
    )
    instances = (an_instance(), an_instance(id=other_id, private_dns_name=other_node))
    world = FakeWorld(
        a_filed_csr(name="csr-own", words="one key"), other, fleet=FakeFleet(instances)
    )

    run(world)

    assert {"csr-own": "Denied", "csr-other": "Denied"} == world.api.conditions


def test_a_session_of_the_nodes_own_role_is_the_node() -> None:
    """EC2's session and one that a person assumed look the same: a known remaining risk."""
    other = a_csr(extra=an_extra())

    assert other.extra["sessionName"] == (INSTANCE_ID,)
    assert a_csr().requester == other.requester
