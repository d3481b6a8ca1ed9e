"""Names that resemble the node's, or hide another name."""

from ipaddress import ip_address

import pytest

from core.dns import folded
from core.errors import BadSettings
from core.model import Case, Decision, DnsName, IpName
from core.settings import Policy
from tests.attack.refusals import decided, refusals
from tests.builders import (
    ADDRESS,
    NODE,
    O_AND_CN,
    a_case,
    a_csr,
    a_policy,
    a_request,
    a_subject,
    an_instance,
    names,
)

KELVIN = "\u212a"
LONG_S = "\u017f"
DOTLESS_I = "\u0131"
DOTTED_I = "\u0130"

DENY = Decision.DENY


def asking(*values: str, **rest: object) -> Case:
    return a_case(request=a_request(sans=names(*values)), **rest)  # type: ignore[arg-type]


# --- letters that DNS doesn't fold ---------------------------------------------------------------


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
    """DNS ignores the case of 26 letters and of no others."""
    assert folded(name) != other
    assert folded(name.upper()) != other or name.upper().isascii()


@pytest.mark.parametrize(("letter", "ascii_letter"), [(KELVIN, "k"), (LONG_S, "s")])
def test_a_name_that_unicode_folds_to_the_nodes_is_denied(letter: str, ascii_letter: str) -> None:
    """A host name can't contain such a letter, and it isn't folded to the instance's name."""
    own = f"{ascii_letter}node.eu-west-1.compute.internal"
    case = a_case(
        csr=a_csr(node=own),
        request=a_request(
            subject=a_subject(O_AND_CN[0], ("2.5.4.3", f"system:node:{own}")),
            sans=(DnsName(own.replace(ascii_letter, letter, 1)),),
        ),
        instance=an_instance(private_dns_name=own),
    )

    assert {"san-kinds": "deny", "dns-names": "deny"} == refusals(case)


def test_a_username_that_unicode_folds_to_the_nodes_is_denied() -> None:
    """Unicode case folding doesn't make another name the instance's."""
    own = "ip-k.eu-west-1.compute.internal"
    case = a_case(
        csr=a_csr(node=own.replace("k", KELVIN)),
        request=a_request(sans=names(own)),
        instance=an_instance(private_dns_name=own),
    )

    assert refusals(case).get("node-name") == "deny"


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
    """A lookalike name is denied even beside the node's true name."""
    case = a_case(request=a_request(sans=(DnsName(NODE), DnsName(name))))

    assert decided(case) is DENY


# --- suffixes of EXTRA_DNS_SUFFIXES --------------------------------------------------------------


@pytest.mark.parametrize("text", ["svc.corp.example", "a.svc.corp.example", "SVC.corp.example."])
def test_a_suffix_under_which_every_node_would_be_denied_is_refused(text: str) -> None:
    """`reserved-names` denies `*.svc.*`, so the setting would deny what it should allow."""
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
def test_under_an_extra_suffix_only_the_nodes_first_labels_are_allowed(name: str) -> None:
    """Another label, a deeper name and the domain itself are denied by `dns-names`."""
    case = asking(name, policy=a_policy(extra_dns_suffixes="corp.example"))

    assert refusals(case).get("dns-names") == "deny"


def test_an_empty_public_name_allows_no_name_under_a_suffix() -> None:
    """An instance without a public name doesn't own `.corp.example`."""
    case = a_case(
        request=a_request(sans=(DnsName(".corp.example"), IpName(ip_address(ADDRESS)))),
        instance=an_instance(public_dns_name=""),
        policy=a_policy(extra_dns_suffixes="corp.example"),
    )

    assert decided(case) is DENY
