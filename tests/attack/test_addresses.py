"""Addresses that resemble the node's, contain it, or that a node assigned to itself."""

from dataclasses import replace

import pytest

from core.model import KUBELET_SERVING, Case, Decision, Effect, NetworkInterface
from core.review import review
from core.signers import SIGNERS
from tests.attack.refusals import decided, refusals
from tests.builders import (
    ADDRESS,
    PUBLIC_ADDRESS,
    a_case,
    a_cluster,
    a_filed_csr,
    a_policy,
    a_request,
    an_instance,
    an_interface,
    names,
    settings,
)
from tests.core.fakes import FakeFleet, FakeWorld

DENY, LEAVE, APPROVE = Decision.DENY, Decision.LEAVE, Decision.APPROVE


def asking(*values: str, **rest: object) -> Case:
    return a_case(request=a_request(sans=names(*values)), **rest)  # type: ignore[arg-type]


# --- addresses within addresses ------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:10.0.1.10",  # IPv4-mapped
        "::10.0.1.10",  # IPv4-compatible
        "2002:a00:10a::",  # 6to4
        "64:ff9b::a00:10a",  # NAT64
        "64:ff9b:1::a00:10a",  # NAT64, local
        "2001:0:a00:10a::",  # Teredo
        "::ffff:0:10.0.1.10",  # IPv4-translated
        "::a00:10a:0:0",  # its bytes elsewhere
        "fec0::a00:10a",  # site-local
    ],
)
def test_the_nodes_ipv4_address_within_an_ipv6_one_is_denied(address: str) -> None:
    """The IPv6 address is another one, which EC2 doesn't show on the instance."""
    assert refusals(asking(ADDRESS, address)).get("ip-addresses") == "deny"


@pytest.mark.parametrize(
    "address",
    [
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:10.100.0.1",
        "::127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "fd00:ec2::254",
        "255.255.255.255",
        "240.0.0.1",
        "100.64.0.1",
        "0.0.0.1",
        "::2",
    ],
)
def test_an_address_of_the_machine_or_the_metadata_service_in_any_form_is_denied(
    address: str,
) -> None:
    """EC2 doesn't show such an address on any instance."""
    assert refusals(asking(ADDRESS, address)).get("ip-addresses") == "deny"


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.100.0.1", "224.0.0.1"])
def test_a_reserved_address_is_denied_even_if_ec2_shows_it(address: str) -> None:
    """If EC2 shows the address, only `reserved-names` refuses it."""
    instance = an_instance(interfaces=(an_interface(address=address),))

    assert {"reserved-names": "deny"} == refusals(asking(address, instance=instance))


@pytest.mark.parametrize("prefix", ["0.0.0.0/0", "::/0", "10.0.0.0/8", "::a00:0/104", "::/96"])
def test_an_address_of_a_delegated_prefix_is_never_the_nodes(prefix: str) -> None:
    """An address in a delegated prefix is a pod's: same family is left, the other is denied."""
    instance = an_instance(interfaces=(an_interface(prefixes=(prefix,)),))
    found = {decided(asking(other, instance=instance)) for other in ("10.0.1.20", "::a00:114")}

    assert found <= {DENY, LEAVE}
    assert DENY in found


@pytest.mark.parametrize("ranges", [("::/0",), ("fd00::/8", "::a00:0/104"), ()])
def test_service_ranges_of_the_other_family_reserve_nothing(ranges: tuple[str, ...]) -> None:
    """An IPv4 node of a cluster with IPv6 Services is approved."""
    assert decided(asking(ADDRESS, cluster=a_cluster(service_ranges=ranges))) is APPROVE


def test_the_public_address_on_a_secondary_private_one_is_left() -> None:
    """A public address mapped to a secondary private one leads to a pod."""
    [interface] = an_instance().interfaces
    primary, secondary = interface.ipv4
    moved = (replace(primary, public=frozenset()), replace(secondary, public=primary.public))
    instance = an_instance(interfaces=(replace(interface, ipv4=moved),))

    assert decided(asking(PUBLIC_ADDRESS, instance=instance)) is LEAVE


# --- what a node with the VPC CNI's rights can take for itself -----------------------------------
# From: AmazonEKS_CNI_Policy v6 and the IPv6 policy of amazon-vpc-cni-k8s docs/iam-policy.md, which
# allow AssignPrivateIpAddresses, AssignIpv6Addresses, and to create, attach and detach interfaces.

EVERYTHING = a_policy(allow_secondary_enis=True)
TAKEN, TAKEN_IPV6 = "10.0.9.9", "2001:db8::9"


def test_a_secondary_address_that_a_node_assigned_itself_is_left() -> None:
    """A secondary address never counts: AssignPrivateIpAddresses can move another instance's."""
    instance = an_instance(interfaces=(an_interface(secondary=(TAKEN,)),))

    assert {"ip-addresses": "leave"} == refusals(
        asking(TAKEN, instance=instance, policy=EVERYTHING)
    )


@pytest.mark.parametrize("is_allowed", [False, True], ids=["not-allowed", "allowed"])
def test_an_interface_that_a_node_attached_counts_only_where_allowed(*, is_allowed: bool) -> None:
    """Only ALLOW_SECONDARY_ENIS makes its primary address the node's: a known remaining risk."""
    attached = an_interface(device_index=1, address=TAKEN, public=(), secondary=())
    instance = an_instance(interfaces=(an_interface(), attached))
    policy = a_policy(allow_secondary_enis=is_allowed)

    expected = {} if is_allowed else {"ip-addresses": "leave"}
    assert expected == refusals(asking(TAKEN, instance=instance, policy=policy))


def test_an_ipv6_address_that_a_node_assigned_itself_is_approved() -> None:
    """EC2 shows it on the primary interface, as one that AWS chose: a known remaining risk."""
    instance = an_instance(interfaces=(an_interface(ipv6=(TAKEN_IPV6,)),))

    assert {} == refusals(asking(TAKEN_IPV6, instance=instance))


@pytest.mark.parametrize(
    ("address", "others"),
    [
        pytest.param(TAKEN, an_interface(address=TAKEN), id="primary"),
        pytest.param(TAKEN, an_interface(secondary=(TAKEN,)), id="secondary"),
        pytest.param(TAKEN, an_interface(device_index=1, address=TAKEN), id="attached"),
        pytest.param(TAKEN, an_interface(public=(TAKEN,)), id="public"),
        pytest.param(TAKEN, an_interface(prefixes=("10.0.9.0/28",)), id="prefix"),
        pytest.param(TAKEN_IPV6, an_interface(ipv6=(TAKEN_IPV6,)), id="IPv6"),
        pytest.param(TAKEN_IPV6, an_interface(prefixes=("2001:db8::/80",)), id="IPv6-prefix"),
    ],
)
def test_what_another_instance_holds_is_denied_whatever_is_allowed(
    address: str, others: NetworkInterface
) -> None:
    """Only addresses that EC2 shows on the requester's own instance count."""
    other = an_instance(id="i-0bbbbbbbbbbbbbbbb", private_dns_name="b", interfaces=(others,))
    world = FakeWorld(a_filed_csr(ips=(address,)), fleet=FakeFleet((an_instance(), other)))
    allowed = settings(allow_secondary_enis=True, allow_other_vpcs=True, require_cluster_tag=False)

    review(a_cluster(), SIGNERS[KUBELET_SERVING], allowed, world.ports)

    [record] = world.ledger.records
    assert record.evaluation.verdict is not None
    assert [("ip-addresses", Effect.DENY)] == [
        (refusal.check, refusal.effect) for refusal in record.evaluation.verdict.refusals
    ]
