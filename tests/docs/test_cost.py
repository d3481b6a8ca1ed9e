"""The costs in `docs/cost.md` follow from its figures, and its sizes are those of real output."""

import re
from pathlib import Path
from typing import Final

import pytest

from adapters.ledger_metrics import CLUSTER, DISPATCH, STACK
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas
from tests.template.sam import transformed

DOC: Final = (Path(__file__).parents[2] / "docs" / "cost.md").read_text()

FIGURES: Final = {
    name: float(value)
    for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", DOC, re.MULTILINE)
}
_ROW: Final = re.compile(r"^\| ([\d,]+) \| ([\d,]+) \| (.+) \|$", re.MULTILINE)


def month(clusters: int, nodes: int) -> list[float]:
    """Return the columns of a row, by the document's formulas."""
    f = FIGURES
    reviews = clusters * f["minutes"]
    seconds = f["minutes"] * f["dispatch_seconds"] * f["dispatch_gb"]
    seconds += reviews * f["review_seconds"] * f["review_gb"]
    compute = (reviews + f["minutes"]) * f["invocations"] / 1e6 + seconds * f["compute"]
    queue = (reviews * f["requests_per_message"] + f["idle_polls"]) * f["messages"] / 1e6
    lines = clusters * nodes * f["csrs_per_node"] * f["lines_per_csr"] * f["csr_kb"]
    logs = (reviews * f["review_kb"] + lines) * f["logs"] / 1e6
    metrics = (clusters * f["cluster_metrics"] + f["account_metrics"]) * f["metrics"]
    fixed = f["alarm_metrics"] * f["alarms"] + f["dashboards"]
    fixed += f["minutes"] * f["schedule"] / 1e6
    whole = compute + queue + logs + metrics + fixed
    return [compute, queue, logs, metrics, fixed, whole, whole / clusters]


def row(clusters: int, nodes: int) -> str:
    cells = [f"{clusters:,}", f"{nodes:,}", *(f"${cost:,.2f}" for cost in month(clusters, nodes))]
    return f"| {' | '.join(cells)} |"


def test_the_table_follows_from_the_figures() -> None:
    """The table has the results of the document's formulas for the document's figures."""
    rows = [
        (match[0], row(*(int(match[n].replace(",", "")) for n in (1, 2))))
        for match in _ROW.finditer(DOC)
    ]

    assert len(rows) >= 4
    assert [computed for _, computed in rows] == [shown for shown, _ in rows]


@pytest.mark.usefixtures("enforcing")
def test_the_log_lines_are_as_long_as_the_figures_say(account: Account, lambdas: Lambdas) -> None:
    """The figures differ by less than a tenth from what the functions print."""
    cluster = account.cluster("prod")
    lambdas.review()
    idle = len(lambdas.printed)
    cluster.file()
    lambdas.discard_output()
    lambdas.review()
    [line] = lambdas.lines_with("csr reviewed")
    lambda_adds = 0.6  # KB; Lambda itself prints them, so they aren't in this output

    assert idle / 1e3 + lambda_adds == pytest.approx(FIGURES["review_kb"], rel=0.1)
    raw = next(text for text in lambdas.printed.splitlines() if '"csr reviewed"' in text)
    assert len(raw) / 1e3 == pytest.approx(FIGURES["csr_kb"], rel=0.1)
    assert line["action"] == "approved"


def test_the_metrics_are_as_many_as_the_figures_say() -> None:
    """The stack's metrics are those of a review and of the dispatcher, which sends zeros."""
    assert len(CLUSTER) == FIGURES["cluster_metrics"]
    assert len({*STACK, *DISPATCH}) == FIGURES["account_metrics"]


def test_the_alarms_watch_as_many_metrics_as_the_figures_say() -> None:
    """CloudWatch charges an alarm on an expression for each metric in it."""
    alarms = transformed().stack().of_type("AWS::CloudWatch::Alarm").values()
    watched = sum(
        len([metric for metric in alarm.get("Metrics", ()) if "MetricStat" in metric]) or 1
        for alarm in alarms
    )

    assert watched == FIGURES["alarm_metrics"]
