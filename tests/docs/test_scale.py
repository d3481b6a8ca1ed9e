"""The tables of `docs/deploy.md` on concurrency and on calls to AWS are right."""

import re
from math import ceil
from pathlib import Path
from typing import Final

from benchmarks.scale import Fleet, calls_by_minute, usual

DOC: Final = (Path(__file__).parents[2] / "docs" / "deploy.md").read_text()
SECTION: Final = DOC.split("\n## How many reviews at once\n")[1].split("\n## ")[0]
_BEGIN_WITHIN_SECONDS: Final = 30
_AT_LEAST: Final = 10


def table(first_cell: str) -> list[list[str]]:
    """Return the cells of the table whose first cell this is, with its heading."""
    start = SECTION.index(f"| {first_cell} |")
    lines = SECTION[start:].split("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def number(text: str) -> int:
    return int(text.replace(",", ""))


def test_the_concurrency_follows_from_the_formula() -> None:
    """Each row has clusters, and each column the seconds of a review."""
    (_, *heads), *rows = table("clusters")
    seconds = [float(head.removesuffix(" s")) for head in heads]

    assert len(rows) == 4
    for clusters, *shown in rows:
        needed = [number(clusters) * each / _BEGIN_WITHIN_SECONDS for each in seconds]
        assert [max(_AT_LEAST, ceil(reviews)) for reviews in needed] == [
            int(cell) for cell in shown
        ]


def test_the_calls_are_those_of_the_simulation() -> None:
    """The head of a column names a fleet, and each row a call."""
    (_, *heads, _), *rows = table("call")
    for column, head in enumerate(heads, start=1):
        clusters, environments = map(number, re.findall(r"\d[\d,]*(?= )", head))

        assert usual(Fleet(clusters, environments)) == {
            row[0]: number(row[column]) for row in sorted(rows)
        }


def test_the_dispatcher_s_calls_are_spread_after_a_cold_start() -> None:
    """Otherwise it would ask EKS for all clusters in the same minute, each 15 minutes."""
    call = "EKS DescribeCluster, dispatcher"
    first, *later = (minute[call] for minute in calls_by_minute(Fleet(300, 1)))

    assert 300 == first
    assert max(later) < 2 * 300 / 15
