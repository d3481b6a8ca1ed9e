"""The costs in `docs/cost.md` follow from its figures, which are those of code and output."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.ledger_metrics import CLUSTER, DISPATCH, STACK, ZEROS
from core.joining import DELAYS, JOINS_FOR
from core.settings import DispatchSettings
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas
from tests.template.cloudformation import Template

DOC: Final = (Path(__file__).parents[2] / "docs" / "cost.md").read_text()

FIGURES: Final = {
    name: float(value)
    for name, value in re.findall(r"^\| `(\w+)` \| ([\d.]+) \|", DOC, re.MULTILINE)
}
HOURS: Final = {"best": 0.0, "typical": FIGURES["typical_hours"], "worst": 1.0}
ROWS: Final = re.findall(r"^\| ([\d,]+) \| (best|typical|worst) \| .+ \|$", DOC, re.MULTILINE)

#: Dollars per cluster in a typical month with the dashboard, by clusters; and without it.
TARGETS: Final = {1: 7.80, 10: 1.00, 100: 0.35}
TARGET_WITHOUT_DASHBOARD: Final = 4.80

#: KB of Lambda's own lines per invocation, which the output here lacks.
LAMBDA_ADDS: Final = 0.6

Json = Any


def month(clusters: int, hours: float) -> list[float]:
    """Return the columns of a row, by the document's formulas."""
    f = FIGURES
    reviews = clusters * f["minutes"]
    seconds = f["minutes"] * f["dispatch_seconds"] * f["dispatch_gb"]
    seconds += reviews * f["review_seconds"] * f["review_gb"]
    compute = (reviews + f["minutes"]) * f["invocations"] / 1e6 + seconds * f["compute"]
    queue = (reviews * f["requests_per_message"] + f["idle_polls"]) * f["messages"] / 1e6
    queue += f["minutes"] * f["schedule"] / 1e6
    size = reviews * (f["review_kb"] + hours * f["trouble_kb"]) + f["minutes"] * f["dispatch_kb"]
    size += clusters * f["nodes"] * f["csrs_per_node"] * f["csr_kb"]
    stored = f["storage"] * f["compressed"] * f["retention_days"] / 30
    logs = size * (f["logs"] + stored) / 1e6
    of_clusters = clusters * f["cluster_metrics"] * hours
    of_stack = f["stack_zeros"] + f["stack_others"] * (1 - (1 - hours) ** clusters)
    metrics = (of_stack + of_clusters) * f["metrics"]
    alarms = (f["alarm_metrics"] + of_clusters) * f["alarms"]
    total = compute + queue + logs + metrics + alarms
    per_cluster = [total / clusters, (total + f["dashboards"]) / clusters]
    return [compute, queue, logs, metrics, alarms, total, *per_cluster]


def row(clusters: int, case: str) -> str:
    costs = (f"${cost:,.2f}" for cost in month(clusters, HOURS[case]))
    return f"| {clusters:,} | {case} | {' | '.join(costs)} |"


def headline(clusters: int) -> str:
    """Return a row of the first table, which says whether the target is met."""
    without, with_dashboard = (round(cost, 2) for cost in month(clusters, HOURS["typical"])[-2:])
    target = f"${TARGETS[clusters]:.2f}"
    results = [(with_dashboard, TARGETS[clusters])]
    if clusters == 1:
        target += f", without the dashboard ${TARGET_WITHOUT_DASHBOARD:.2f}"
        results.append((without, TARGET_WITHOUT_DASHBOARD))
    over = [f"${cost - most:.2f}" for cost, most in results if cost > most]
    verdict = f"missed by {' and '.join(over)}" if over else "met"
    return f"| {clusters} | ${with_dashboard:.2f} | ${without:.2f} | {target} | {verdict} |"


def one_review() -> float:
    """Return what a review of a quiet cluster costs."""
    f = FIGURES
    compute = f["invocations"] / 1e6 + f["review_seconds"] * f["review_gb"] * f["compute"]
    stored = f["storage"] * f["compressed"] * f["retention_days"] / 30
    logs = f["review_kb"] * (f["logs"] + stored) / 1e6
    return compute + f["requests_per_message"] * f["messages"] / 1e6 + logs


def test_the_cost_of_fast_joins_follows_from_the_figures() -> None:
    """The dispatcher's own rules bound how often a cluster is reviewed."""
    f = FIGURES
    assert f["further_reviews"] == len(DELAYS)
    assert f["join_minutes"] == 1 + DispatchSettings(queue_url="x").fast_join_minutes
    assert f["join_limit"] == JOINS_FOR.total_seconds() / 60
    always = f["minutes"] * f["join_limit"] / (f["join_limit"] + f["join_minutes"])
    minutes = (f["join_minutes"], 20 * 30 * f["join_minutes"], always, f["join_limit"])
    table = DOC.split("## Fast joins")[1].split("##")[0]

    rows = re.findall(r"^\| [^|]+ \| ([\d,]+) \| \$([\d.]+) \|$", table, re.MULTILINE)
    computed = [each * f["further_reviews"] for each in minutes]
    assert [(f"{n:,.0f}", f"{n * one_review():.2f}") for n in computed] == rows


def test_the_table_follows_from_the_figures() -> None:
    """It has the results of the document's formulas for best, typical and worst case."""
    assert [(f"{n:,}", case) for n in (1, 10, 100, 1_000) for case in HOURS] == ROWS
    wrong = [
        computed
        for clusters, case in ROWS
        if (computed := row(int(clusters.replace(",", "")), case)) not in DOC
    ]

    assert [] == wrong


@pytest.mark.parametrize("clusters", TARGETS)
def test_the_first_table_says_whether_a_target_is_met(clusters: int) -> None:
    """A case that misses its target says by how much."""
    assert headline(clusters) in DOC


def test_the_dollars_in_the_text_follow_from_the_figures() -> None:
    """They are the worst case, an idle query's possible price, the free tier, and quiet reviews."""
    f = FIGURES
    worst = f["cluster_metrics"] * (f["metrics"] + f["alarms"])

    assert 2 == DOC.count(f"${worst:.2f} per cluster are ten") + DOC.count(f"up to ${worst:.2f}")
    assert f"would cost ${f['cluster_metrics'] * f['alarms']:.2f} more" in DOC
    assert f"up to ${10 * f['metrics'] + 10 * f['alarms'] + f['dashboards']:.2f} less" in DOC
    compute, queue, logs, *_ = month(1_000, HOURS["typical"])
    assert f"which cost ${(compute + queue + logs) / 1_000:.2f} per cluster" in re.sub(
        r"\s+", " ", DOC
    )


@pytest.mark.usefixtures("enforcing")
def test_the_log_lines_are_as_long_as_the_figures_say(account: Account, lambdas: Lambdas) -> None:
    """The figures differ by less than a fifth from what the functions print."""
    cluster = account.cluster("prod")
    sizes = {"dispatch_kb": printed(lambdas, lambdas.dispatch) + LAMBDA_ADDS}
    quiet = printed(lambdas, lambdas.review)
    cluster.file()
    lambdas.discard_output()
    lambdas.review()
    line = next(text for text in lambdas.printed.splitlines() if '"csr reviewed"' in text)
    cluster.file(2, ips=("10.9.9.9",))
    sizes["trouble_kb"] = printed(lambdas, lambdas.review) - quiet
    sizes |= {"review_kb": quiet + LAMBDA_ADDS, "csr_kb": len(line) / 1e3}

    assert {name: FIGURES[name] for name in sizes} == pytest.approx(sizes, rel=0.2)


def printed(lambdas: Lambdas, invoke: Callable[[], object]) -> float:
    """Return how many KB an invocation prints."""
    lambdas.discard_output()
    invoke()
    return len(lambdas.printed) / 1e3


def test_the_metrics_are_as_many_as_the_figures_say() -> None:
    """The dispatcher sends zeros; the others are sent only when they are not 0."""
    zeros = {*ZEROS, *DISPATCH}

    assert len(CLUSTER) == FIGURES["cluster_metrics"]
    assert len(zeros) == FIGURES["stack_zeros"]
    assert len({*STACK} - zeros) == FIGURES["stack_others"]
    assert {"WouldApprove", "MovedAddress"} <= {*STACK} - zeros


def alarm_metrics(alarm: Json) -> int:
    """Return how many metrics a plain alarm lists; 0 for a Metrics Insights query."""
    queries = alarm.get("Metrics", ())
    if any(one.get("Expression", "").startswith("SELECT") for one in queries):
        return 0
    return sum("MetricStat" in one for one in queries) or 1


def test_the_alarms_read_as_many_metrics_as_the_figures_say(template: Template) -> None:
    """CloudWatch charges an alarm on an expression for each metric in it."""
    alarms = template.stack().of_type("AWS::CloudWatch::Alarm").values()
    listed = [alarm_metrics(one) for one in alarms]

    assert sum(listed) == FIGURES["alarm_metrics"]
    assert listed.count(0) == FIGURES["cluster_metrics"]


def test_logs_are_stored_for_at_least_the_template_s_days(template: Template) -> None:
    """A shorter retention costs less than the table says."""
    assert template.parameters["LogRetentionDays"]["Default"] <= FIGURES["retention_days"]


def test_the_dashboard_is_a_parameter(template: Template) -> None:
    """Without it the stack has none, so nothing is paid for it."""
    dashboards = "AWS::CloudWatch::Dashboard"

    assert {} == template.stack(CreateDashboard="false").of_type(dashboards)
    assert 1 == len(template.stack().of_type(dashboards))
