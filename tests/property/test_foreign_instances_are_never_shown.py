"""Whatever another cluster's instance is, a requester that names it in its session learns nothing.

The session's name is chosen by anyone who may assume a role that the cluster maps to nodes, or who
may impersonate. What is written to the cluster must not depend on the instance it names.
"""

from dataclasses import replace
from ipaddress import IPv4Address
from typing import Any

from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from core.model import (
    KUBELET_SERVING,
    Csr,
    Instance,
    NetworkInterface,
    PrivateAddress,
    Role,
    RoleUnknown,
)
from core.review import review
from core.signers import SIGNERS
from tests.builders import (
    INSTANCE_ID,
    PROFILE,
    a_cluster,
    a_filed_csr,
    an_extra,
    an_instance,
    an_interface,
    settings,
)
from tests.core.fakes import FakeFleet, FakeWorld

NAMES = ("ip-10-0-1-10.eu-west-1.compute.internal", "ip-10-9-9-9.ec2.internal", "web.example")
ADDRESSES = ("10.0.1.10", "10.9.9.9", "198.51.100.10")

requests = st.builds(
    lambda node, dns, ips: a_filed_csr(node=node, dns=sorted(dns), ips=sorted(ips)),
    st.sampled_from((*NAMES, INSTANCE_ID)),
    st.sets(st.sampled_from((*NAMES, "kubernetes.default.svc"))),
    st.sets(st.sampled_from(ADDRESSES)),
)

#: What makes an instance another cluster's, or leaves it open whose it is.
FOREIGN: tuple[tuple[dict[str, Any], Role | RoleUnknown], ...] = (
    ({"vpc_id": "vpc-other"}, Role("aws", "111122223333", "eks-node")),
    ({"tags": {}}, Role("aws", "111122223333", "eks-node")),
    ({"tags": {"kubernetes.io/cluster/dev": "owned"}}, Role("aws", "111122223333", "eks-node")),
    ({}, Role("aws", "111122223333", "other-node")),
    ({}, RoleUnknown("throttled", fault=True)),
    ({}, RoleUnknown("the instance has no instance profile")),
    ({"launched": None}, Role("aws", "111122223333", "eks-node")),
)


def _interface(private: str, public: str) -> NetworkInterface:
    made = an_interface(address=private, public=(), secondary=())
    primary = PrivateAddress(IPv4Address(private), primary=True, public=frozenset({_v4(public)}))
    return replace(made, ipv4=(primary,))


def _v4(text: str) -> IPv4Address:
    return IPv4Address(text)


instances = st.builds(
    lambda name, public_name, private, public: an_instance(
        private_dns_name=name,
        public_dns_name=public_name,
        interfaces=(_interface(private, public),),
    ),
    st.sampled_from(("", *NAMES)),
    st.sampled_from(("", *NAMES)),
    st.sampled_from(ADDRESSES),
    st.sampled_from(ADDRESSES),
)


def written(csr: Csr, shown: tuple[Instance, ...], role: Role | RoleUnknown) -> list[object]:
    """Return what a review in `enforce` writes to the cluster."""
    world = FakeWorld(csr, fleet=FakeFleet(shown, {PROFILE: role}))
    review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(mode="enforce"), world.ports)
    return list(world.api.written)


@given(csr=requests, instance=instances, foreign=st.sampled_from(FOREIGN))
@tried(max_examples=200, deadline=None)
def test_what_is_written_is_the_same_as_without_the_instance(
    csr: Csr, instance: Instance, foreign: tuple[dict[str, Any], Role | RoleUnknown]
) -> None:
    """Neither the decision nor its message depends on the instance's names, addresses or role."""
    changes, role = foreign
    csr = replace(csr, extra=an_extra())

    assert written(csr, (), role) == written(csr, (replace(instance, **changes),), role)


@given(csr=requests, instance=instances)
@tried(max_examples=60, deadline=None)
def test_a_message_has_refusals_that_deny_only(csr: Csr, instance: Instance) -> None:
    """What only leaves a request is for the log: it may be about another cluster's instance."""
    leaving = ("node role not verified", "instance in another VPC", "has no cluster tag")
    for changes, role in FOREIGN:
        messages = [
            str(decision) for decision in written(csr, (replace(instance, **changes),), role)
        ]

        assert not [text for text in messages if any(reason in text for reason in leaving)]
