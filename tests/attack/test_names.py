"""Names and addresses that look like the node's own, or hide one that isn't."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from core.checks import KUBELET_SERVING_CHECKS
from core.decision import decide
from core.dns import folded
from core.errors import BadSettings
from core.model import Case, Decision, DnsName, IpName
from core.settings import Policy
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    PUBLIC_ADDRESS,
    a_case,
    a_cluster,
    a_csr,
    a_policy,
    a_request,
    an_extra,
    an_instance,
    an_interface,
    names,
)

KELVIN = "\u212a"
LONG_S = "\u017f"
DOTLESS_I = "\u0131"
DOTTED_I = "\u0130"

DENY, LEAVE, APPROVE = Decision.DENY, Decision.LEAVE, Decision.APPROVE


def decided(case: Case) -> Decision:
    return decide(case, KUBELET_SERVING_CHECKS).decision


def asking(*values: str, **rest: object) -> Case:
    return a_case(request=a_request(sans=names(*values)), **rest)  # type: ignore[arg-type]


# --- letters that are others' --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "other"),
    [
        (f"{KELVIN}node", "knode"),
        (f"{LONG_S}node", "snode"),
        (f"{DOTTED_I}node", "inode"),
        (f"{DOTLESS_I}node", "inode"),
        ("stra\u00dfe", "strasse"),
        ("\ufb01node", "finode"),
    ],
)
def test_no_letter_of_unicode_folds_to_one_of_a_dns_name(name: str, other: str) -> None:
    """DNS folds 26 letters and no more."""
    assert folded(name) != other
    assert folded(name.upper()) != other or name.upper().isascii()


def test_a_username_that_only_unicode_takes_for_the_nodes_is_denied() -> None:
    """Its name is none of the instance's, whatever it folds to elsewhere."""
    own = "ip-k.eu-west-1.compute.internal"
    case = a_case(
        csr=a_csr(node=own.replace("k", KELVIN)),
        request=a_request(sans=names(own)),
        instance=an_instance(private_dns_name=own),
    )

    refusals = decide(case, KUBELET_SERVING_CHECKS).refusals

    assert "node-name" in [refusal.check for refusal in refusals]


@pytest.mark.parametrize(
    "name",
    [
        NODE.replace("i", DOTLESS_I),
        NODE.replace("o", "\u043e"),
        NODE + "\u3002",
        NODE.replace(".", "\uff0e"),
        NODE + "\0",
        f"{NODE}\0.evil.example",
        f" {NODE}",
        f"{NODE}%00",
        f"{NODE}:10250",
        f"//{NODE}",
        f"{NODE},DNS:kubernetes.default.svc",
        f"xn--{NODE}",
        f"{NODE}..",
        f".{NODE}",
        "ip-10-0-1-010.eu-west-1.compute.internal",
    ],
)
def test_a_name_that_only_looks_like_the_nodes_is_denied(name: str) -> None:
    """Beside the node's true name, too."""
    case = a_case(request=a_request(sans=(DnsName(NODE), DnsName(name))))

    assert decided(case) is DENY


# --- addresses in other clothes ------------------------------------------------------------------


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
    """It is another address, and EC2 shows none such."""
    assert decided(asking(ADDRESS, address)) is DENY


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
    """As long as EC2 doesn't show it on the instance."""
    assert decided(asking(ADDRESS, address)) is DENY


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.100.0.1", "224.0.0.1"])
def test_a_reserved_address_is_denied_even_if_ec2_shows_it(address: str) -> None:
    """Whatever the evidence."""
    instance = an_instance(interfaces=(an_interface(address=address),))

    assert decided(asking(address, instance=instance)) is DENY


@pytest.mark.parametrize("prefix", ["0.0.0.0/0", "::/0", "10.0.0.0/8", "::a00:0/104", "::/96"])
def test_no_delegated_prefix_makes_an_address_the_nodes(prefix: str) -> None:
    """What lies in one is a pod's: of its own family left, of the other denied."""
    instance = an_instance(interfaces=(an_interface(prefixes=(prefix,)),))
    found = {decided(asking(other, instance=instance)) for other in ("10.0.1.20", "::a00:114")}

    assert found <= {DENY, LEAVE}
    assert DENY in found


@pytest.mark.parametrize("ranges", [("::/0",), ("fd00::/8", "::a00:0/104"), ()])
def test_service_ranges_of_the_other_family_reserve_nothing(ranges: tuple[str, ...]) -> None:
    """An IPv4 node of a cluster with IPv6 Services is approved."""
    assert decided(asking(ADDRESS, cluster=a_cluster(service_ranges=ranges))) is APPROVE


def test_the_public_address_on_a_secondary_private_one_is_left() -> None:
    """It leads to a pod."""
    [interface] = an_instance().interfaces
    primary, secondary = interface.ipv4
    moved = (replace(primary, public=frozenset()), replace(secondary, public=primary.public))
    instance = an_instance(interfaces=(replace(interface, ipv4=moved),))

    assert decided(asking(PUBLIC_ADDRESS, instance=instance)) is LEAVE


# --- suffixes of one's own -----------------------------------------------------------------------


@pytest.mark.parametrize("text", ["svc.corp.example", "a.svc.corp.example", "SVC.corp.example."])
def test_a_suffix_under_which_every_node_would_be_denied_is_refused(text: str) -> None:
    """`reserved-names` denies `*.svc.*`, so such a setting would deny what it was to allow."""
    with pytest.raises(BadSettings, match="EXTRA_DNS_SUFFIXES"):
        Policy.from_env({"EXTRA_DNS_SUFFIXES": text})


@pytest.mark.parametrize(
    "name",
    [
        "corp.example",
        f"{NODE}.corp.example",
        "10.corp.example",
        "ip-10-0-1-20.corp.example",
        "ip-10-0-1-10.sub.corp.example",
        "ip-10-0-1-10.evilcorp.example",
        "ip-10-0-1-10.corp.example.evil.example",
        "*.corp.example",
        "kubernetes.corp.example",
    ],
)
def test_under_ones_own_suffix_only_the_nodes_first_labels_count(name: str) -> None:
    """Nobody else's label, no deeper name, and not the domain itself."""
    assert decided(asking(name, policy=a_policy(extra_dns_suffixes="corp.example"))) is DENY


def test_an_empty_name_of_the_instance_gives_no_label() -> None:
    """EC2 gives no public name where there is none; `.corp.example` is nobody's."""
    case = a_case(
        request=a_request(sans=(DnsName(".corp.example"), IpName(ip_address(ADDRESS)))),
        instance=an_instance(public_dns_name=""),
        policy=a_policy(extra_dns_suffixes="corp.example"),
    )

    assert decided(case) is DENY


# --- tags and roles ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "tags",
    [
        {"kubernetes.io/cluster/PROD": "owned"},
        {"kubernetes.io/cluster/prod2": "owned"},
        {"kubernetes.io/cluster/prod ": "owned"},
        {"Kubernetes.io/cluster/prod": "owned"},
        {"eks:cluster-name": "prod2"},
        {"eks:cluster-name": "Prod"},
        {"eks:cluster-name": ""},
        {"aws:eks:cluster-name": "prod,dev"},
        {"karpenter.sh/discovery": "prod"},
        {"Name": "prod"},
    ],
)
def test_a_tag_that_is_nearly_the_clusters_is_not_its_own(tags: dict[str, str]) -> None:
    """Tags are compared whole and by letter case."""
    assert decided(a_case(instance=an_instance(tags=tags))) is LEAVE


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:role/eks-node\n",
        "arn:aws:iam::111122223333:role/eks-node/",
        "arn:aws:iam::111122223333:role/eks-node/other",
        "arn:aws:iam::111122223333:user/eks-node",
        "arn:aws:sts::111122223333:assumed-role/eks-node/i-0aaaaaaaaaaaaaaaa",
        f"arn:aws:iam::111122223333:role/e{KELVIN}s-node",
        "arn:aws:iam::\u0661\u0661\u0661\u0661222233\u0663\u0663:role/eks-node",
        "arn:AWS:iam::111122223333:role/eks-node",
        " arn:aws:iam::111122223333:role/eks-node",
    ],
)
def test_an_arn_that_is_nearly_the_roles_proves_nothing(arn: str) -> None:
    """The request is left."""
    extra = an_extra() | {"canonicalArn": (arn,)}

    assert decided(a_case(csr=a_csr(extra=extra))) is LEAVE


@pytest.mark.parametrize(
    "session",
    [
        INSTANCE_ID.upper(),
        f" {INSTANCE_ID}",
        f"{INSTANCE_ID}\0",
        f"{INSTANCE_ID},i-0bbbbbbbbbbbbbbbb",
        INSTANCE_ID.replace("a", "\u0430"),
        "i-0aaaaaaaaaaaaaaa",
        "i-\u0660aaaaaaaaaaaaaaaa",
        "i-*",
        "i-0aaaaaaaaaaaaaaa?",
    ],
)
def test_a_session_that_is_nearly_an_instances_is_left(session: str) -> None:
    """It is whoever assumed the role."""
    assert decided(a_case(csr=a_csr(extra=an_extra(session)))) is LEAVE


@pytest.mark.parametrize(
    "extra",
    [
        {"sessionname": (INSTANCE_ID,)},
        {"SessionName": (INSTANCE_ID,), "canonicalArn": an_extra()["canonicalArn"]},
        {f"{LONG_S}essionName": (INSTANCE_ID,)},
        an_extra() | {"sessionname": (INSTANCE_ID,)},
        an_extra() | {"SESSIONNAME": ("i-0bbbbbbbbbbbbbbbb",)},
    ],
)
def test_a_session_under_an_odd_key_is_left(extra: dict[str, tuple[str, ...]]) -> None:
    """An impersonator's headers arrive in lower case; the authenticator writes one form only."""
    case = a_case(csr=a_csr(extra=extra), identity=None, instances=())

    assert decided(case) is LEAVE
