"""DNS names as data."""

import pytest

from core.dns import folded, is_dns_name, looks_like_an_address, suffix


@pytest.mark.parametrize(
    "name",
    [
        "node",
        "ip-10-0-1-10.ec2.internal",
        "IP-10-0-1-10.EC2.INTERNAL",
        "node.ec2.internal.",
        "1a.2b",
        "a" * 63,
        ".".join(["a" * 63, "a" * 63, "a" * 63, "a" * 61]),
        ".".join(["a" * 63, "a" * 63, "a" * 63, "a" * 61]) + ".",
    ],
)
def test_letters_digits_and_hyphens_in_legal_lengths_are_a_dns_name(name: str) -> None:
    """253 characters at most, 63 a label, and one trailing dot besides."""
    assert is_dns_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "node..",
        ".node",
        "a..b",
        "-node",
        "node-",
        "no_de",
        "no de",
        "node\n",
        "node\0",
        "*",
        "*.ec2.internal",
        "n?de",
        "n\\de",
        "knoten-ä",
        "\u0663",
        "a" * 64,
        ".".join(["a" * 63, "a" * 63, "a" * 63, "a" * 62]),
    ],
)
def test_all_else_is_no_dns_name(name: str) -> None:
    """In EC2's filters `*`, `?` and a backslash are live, so such a name never gets there."""
    assert not is_dns_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "10.0.1.10",
        "10.0.1.10.",
        "::1",
        "fe80::1%eth0",
        "::ffff:10.0.1.10",
        "167772426",
        "0x0a00010a",
        "0X0A.1",
        "0x",
        "10.1",
        "node.1",
        "node.0x1.",
        "node\n.1",
    ],
)
def test_what_a_resolver_may_take_for_an_address_looks_like_one(name: str) -> None:
    """Whatever ends in a number is read as an IPv4 address somewhere."""
    assert looks_like_an_address(name)


@pytest.mark.parametrize("name", ["", "node", "1.node", "node.1a", "10-0-1-10", "0xg", "node.x1"])
def test_names_that_end_in_no_number_look_like_names(name: str) -> None:
    """A digit somewhere makes no address."""
    assert not looks_like_an_address(name)


@pytest.mark.parametrize("name", ["Node.EC2.internal", "node.ec2.internal.", "NODE.EC2.INTERNAL."])
def test_names_are_compared_without_letter_case_and_trailing_dot(name: str) -> None:
    """DNS knows neither."""
    assert folded(name) == "node.ec2.internal"


def test_one_trailing_dot_is_taken_away_and_no_more() -> None:
    """A name with two is another name, and an illegal one."""
    assert folded("node..") == "node."


@pytest.mark.parametrize(("name", "rest"), [("a.b.c", "b.c"), ("a", ""), ("", "")])
def test_the_suffix_is_all_but_the_first_label(name: str, rest: str) -> None:
    """It is empty for a name of one label."""
    assert rest == suffix(name)
