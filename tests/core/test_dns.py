"""DNS names: which are valid, and how they are compared."""

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
    """A name has at most 253 characters, 63 per label, and may have one trailing dot."""
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
def test_any_other_text_is_no_dns_name(name: str) -> None:
    """EC2's filters interpret `*`, `?` and backslashes, so such a name must never reach one."""
    assert not is_dns_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "10.0.1.10",
        "10.0.1.10.",
        ".1",
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
def test_a_name_that_a_resolver_may_read_as_an_address_looks_like_one(name: str) -> None:
    """Some resolvers read every name that ends in a number as an IPv4 address."""
    assert looks_like_an_address(name)


@pytest.mark.parametrize(
    "name", ["", "node", "1.node", "node.1a", "10-0-1-10", "0xg", "node.x1", "a:b", "10.."]
)
def test_a_name_that_does_not_end_in_a_number_looks_like_no_address(name: str) -> None:
    """A digit elsewhere in the name doesn't matter, nor does a colon or a second trailing dot."""
    assert not looks_like_an_address(name)


@pytest.mark.parametrize("name", ["Node.EC2.internal", "node.ec2.internal.", "NODE.EC2.INTERNAL."])
def test_names_are_equal_whatever_their_letter_case_and_trailing_dot(name: str) -> None:
    """DNS ignores both."""
    assert folded(name) == "node.ec2.internal"


@pytest.mark.parametrize(("name", "form"), [("NÖDE", "nÖde"), ("\u212aUBE", "\u212aube")])
def test_only_ascii_letters_are_folded(name: str, form: str) -> None:
    """Unicode's lower case of a Kelvin sign is a k: another machine's name."""
    assert form == folded(name)


def test_only_one_trailing_dot_is_removed() -> None:
    """A name with two trailing dots is another name, and invalid."""
    assert folded("node..") == "node."


@pytest.mark.parametrize(("name", "rest"), [("a.b.c", "b.c"), ("a", ""), ("", "")])
def test_the_suffix_is_everything_after_the_first_label(name: str, rest: str) -> None:
    """The suffix of a name of one label is empty."""
    assert rest == suffix(name)
