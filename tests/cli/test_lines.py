"""What commands print for people fits a terminal, and nothing that must be copied is broken."""

import pytest
from rich.text import Text

from cli.columns import Column, aligned
from cli.lines import age_of, command, got_and_expected, prose, without_quotes

CSR = Column("CSR")
NODE = Column("NODE", gives=1, least=8)
AGE = Column("AGE", right=True)


def shown(columns: list[Column], *rows: tuple[str, ...], width: int) -> list[str]:
    return [one.plain for one in aligned(columns, [list(map(Text, row)) for row in rows], width)]


def test_columns_are_aligned_and_lines_end_without_blanks() -> None:
    assert [
        "  CSR    NODE       AGE",
        "  csr-1  node-1     7 s",
        "  csr-2  n       10 min",
    ] == shown([CSR, NODE, AGE], ("csr-1", "node-1", "7 s"), ("csr-2", "n", "10 min"), width=80)
    assert ["  CSR     NODE", "  csr-1   n", "  csr-22"] == shown(
        [CSR, NODE], ("csr-1", "n"), ("csr-22", ""), width=80
    )


def test_only_a_column_that_gives_is_cut_and_its_cut_is_visible() -> None:
    assert ["  CSR    NODE", "  csr-1  ip-10-0-1~"] == shown(
        [CSR, NODE], ("csr-1", "ip-10-0-1-10.ec2.internal"), width=19
    )
    assert ["  CSR    NODE", "  csr-1  ip-10-0~"] == shown(
        [CSR, NODE], ("csr-1", "ip-10-0-1-10.ec2.internal"), width=1
    )


def test_a_second_column_gives_only_when_the_first_has_given_all() -> None:
    why = Column("WHY", gives=2, least=4)

    assert ["  NODE      WHY", "  node-01~  subject"] == shown(
        [NODE, why], ("node-01.example", "subject"), width=19
    )
    assert ["  NODE      WHY", "  node-01~  subj~"] == shown(
        [NODE, why], ("node-01.example", "subject"), width=17
    )


def test_a_third_column_gives_last() -> None:
    csr, node, why = (Column(name, gives=n, least=6) for n, name in enumerate("ABC", start=1))
    row = ("csr-1" + "x" * 300, "node-01.example", "subject")

    assert ["  A       B       C", "  csr-1~  node-~  subject"] == shown(
        [csr, node, why], row, width=25
    )
    assert ["  A       B       C", "  csr-1~  node-~  subje~"] == shown(
        [csr, node, why], row, width=24
    )


def test_an_empty_column_is_left_out() -> None:
    assert ["  CSR", "  csr-1"] == shown([CSR, NODE], ("csr-1", ""), width=80)
    assert [] == shown([Column()], width=80)


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_a_command_on_several_lines_is_the_same_command(width: int) -> None:
    text = "aws ec2 create-tags --resources i-0aaaaaaaaaaaaaaaa --tags 'Key=a b,Value=owned'"

    lines = command(text, width, indent="    ")

    assert text == " ".join(line.strip().removesuffix(" \\") for line in lines)
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert all(len(line) <= max(width, 42) for line in lines)


def test_prose_breaks_no_word_however_long() -> None:
    arn = "arn:aws:iam::123456789012:role/csr-approver-reviewer-us-east-1"

    assert ["-> map", f"   {arn}", "   first"] == prose(f"map {arn} first", 20, first="-> ")
    assert ["a"] == prose("a", 80)
    assert [""] == prose("", 80)
    assert max(map(len, prose("word " * 100, 300))) <= 100


def test_values_are_shown_without_the_quotes_of_python() -> None:
    assert "got 10.9.9.9, a.example, expected one of 10.1.0.3" == without_quotes(
        "got '10.9.9.9', 'a.example', expected one of '10.1.0.3'"
    )
    assert "got client auth, any, expected none" == without_quotes(
        "got 'client auth', 'any', expected none"
    )
    assert "none of the cluster's or AWS's; got c" == without_quotes(
        "none of the cluster's or AWS's; got 'c'"
    )
    assert "the node's and the instance's" == without_quotes("the node's and the instance's")


@pytest.mark.parametrize(
    "value", ["a, expected b", "a; expected b", "a, b", "a. Approve this by hand"]
)
def test_a_value_that_looks_like_a_list_or_a_sentence_keeps_its_quotes(value: str) -> None:
    """A requester chooses names, and could make one look like several, or like our own words."""
    detail = f"got '{value}', 'c', expected none"

    assert detail == without_quotes(detail)
    assert [f"got '{value}', 'c'", "expected none"] == got_and_expected(detail)


@pytest.mark.parametrize(
    ("seconds", "age"), [(0.0, "0 s"), (119.0, "119 s"), (120.0, "2 min"), (7_200.0, "2 h")]
)
def test_an_age_is_shown_in_one_unit(seconds: float, age: str) -> None:
    assert age == age_of(seconds)
