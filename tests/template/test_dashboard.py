"""The dashboard and the saved queries show metrics and fields that the functions report."""

import re
from itertools import combinations
from typing import Any, Final

import pytest

from adapters.ledger_metrics import CLUSTER, DISPATCH, NAMESPACE, STACK, ZEROS
from tests.template.cloudformation import Stack, Template
from tests.template.dashboard import Widget, expressions, metrics, widgets
from tests.template.reported import Reported
from tests.template.test_alarms import OF_AWS, alarms

COLUMNS: Final = 24  # From: CloudWatch API Reference, "Dashboard body structure and syntax"

# Logs Insights' own words and fields. From: CloudWatch Logs User Guide, "Query syntax".
_WORDS: Final = re.compile(
    "filter|fields|sort|dedup|limit|stats|by|as|and|or|desc|asc|toMillis|now|latest|count_distinct"
)
_COMMENT: Final = re.compile(r"^#.*$", re.MULTILINE)
_TEXT: Final = re.compile(r"'[^']*'")
_NAME: Final = re.compile(r"(?<![\w.@])@?[A-Za-z_][\w.-]*")
_MADE_HERE: Final = re.compile(r"\bas (\w+)")


def titles(row: list[Widget]) -> list[str]:
    return [widget["properties"]["title"] for widget in row]


def rows(source_stack: Stack) -> list[list[Widget]]:
    """Return the widgets by row, from left to right."""
    found: dict[int, list[Widget]] = {}
    for widget in sorted(widgets(source_stack), key=lambda one: (one["y"], one["x"])):
        found.setdefault(widget["y"], []).append(widget)
    return list(found.values())


def overlap(one: Widget, other: Widget) -> bool:
    return all(
        one[start] < other[start] + other[size] and other[start] < one[start] + one[size]
        for start, size in (("x", "width"), ("y", "height"))
    )


def test_no_widget_lies_on_another(source_stack: Stack) -> None:
    """CloudWatch would move one of them to another place."""
    assert [] == [
        titles([one, other])
        for one, other in combinations(widgets(source_stack), 2)
        if overlap(one, other)
    ]


def test_rows_are_full(source_stack: Stack) -> None:
    """Each row takes the whole width, and the next begins where it ends."""
    top = 0
    for row in rows(source_stack):
        assert COLUMNS == sum(widget["width"] for widget in row), titles(row)
        assert {(top, row[0]["height"])} == {(widget["y"], widget["height"]) for widget in row}
        top += row[0]["height"]


def test_the_first_row_is_the_outcome(source_stack: Stack) -> None:
    """Approvals, denials, longest wait and missing certificates; the second row shows faults."""
    first, second, *_, last_but_one, _ = rows(source_stack)

    assert ["Approved", "Denied", "OldestPendingSeconds", "ApprovedNotIssued"] == [
        next(metrics(widget))[2] for widget in first
    ]
    assert {"ReviewErrors", "EvidenceUnavailable", "Duration", "Ended"} <= {
        name for widget in second for _, _, name in metrics(widget)
    }
    assert ["Last denials"] == titles(last_but_one)


def test_every_widget_s_metric_is_reported(source_stack: Stack, reported: Reported) -> None:
    """The dimensions are exactly the widget's."""
    for widget in widgets(source_stack):
        for namespace, dimensions, name in metrics(widget):
            if namespace == NAMESPACE:
                names = tuple(dimension for dimension, _ in dimensions)
                assert (namespace, names, name) in reported.metrics
                assert {value for _, value in dimensions} <= {"csr-approver", ""}
            else:
                assert name in OF_AWS[namespace, dimensions]


def test_what_is_sent_without_zeros_is_filled_and_other_gaps_are_shown(source_stack: Stack) -> None:
    """A gap in a metric of which the dispatcher sends zeros means that nothing ran.

    A single number needs no filling.
    """
    for widget in widgets(source_stack):
        entries = widget["properties"].get("metrics", ())
        filled = set(
            re.findall(r"^FILL\((\w+), 0\)$", "\n".join(expressions(widget)), re.MULTILINE)
        )
        counts = {
            entry[-1].get("id")
            for entry in entries
            if isinstance(entry[0], str) and entry[1] not in {"Duration", *ZEROS, *DISPATCH}
            if widget["properties"]["view"] == "timeSeries"
        }

        assert filled == counts


def test_every_metric_of_ours_is_shown(source_stack: Stack) -> None:
    """The two others say how many clusters are reviewed; one has an alarm."""
    shown = {name for widget in widgets(source_stack) for _, _, name in metrics(widget)}

    assert {"NothingSelected", "Off"} == {*STACK, *CLUSTER, *DISPATCH} - shown


def test_lines_have_names_and_marks_are_the_alarms_own(source_stack: Stack) -> None:
    """Every visible metric has a label; the mark is at the alarm's threshold."""
    for widget in widgets(source_stack):
        for entry in widget["properties"].get("metrics", ()):
            assert entry[-1].get("visible") is False or "label" in entry[-1]
    [oldest] = [row for row in rows(source_stack)[0] if "annotations" in row["properties"]]
    [mark] = oldest["properties"]["annotations"]["horizontal"]

    assert source_stack.properties("OldestPendingAlarm")["Threshold"] == mark["value"]


def test_the_marked_limit_is_the_function_s_time_out(stack: Stack, source_stack: Stack) -> None:
    """The run time's mark is the reviewer's time-out."""
    [run_time] = [
        widget for widget in widgets(source_stack) if "Run time" in widget["properties"]["title"]
    ]
    [mark] = run_time["properties"]["annotations"]["horizontal"]

    assert stack.properties("ReviewerFunction")["Timeout"] * 1_000 == mark["value"]


def test_every_alarm_is_shown(source_stack: Stack) -> None:
    """The widget lists them in the order of the template."""
    [widget] = [candidate for candidate in widgets(source_stack) if candidate["type"] == "alarm"]

    assert [f"<{name}.Arn>" for name in alarms(source_stack)] == widget["properties"]["alarms"]


@pytest.mark.parametrize("region", ["us-east-1", "us-gov-west-1"])
def test_widgets_are_of_the_stack_s_region(region: str, template: Template) -> None:
    """A dashboard is global, so its name and its widgets name the Region."""
    stack = template.stack(region=region)
    [dashboard] = stack.of_type("AWS::CloudWatch::Dashboard").values()
    named = {widget["properties"].get("region", region) for widget in widgets(stack)}

    assert f"csr-approver-{region}" == dashboard["DashboardName"]
    assert {region} == named


# --- queries --------------------------------------------------------------------------------------


def queries(source_stack: Stack) -> dict[str, str]:
    """Return the text of each query by its name: the saved ones and the dashboard's."""
    saved: list[dict[str, Any]] = list(source_stack.of_type("AWS::Logs::QueryDefinition").values())
    shown = {
        widget["properties"]["title"]: widget["properties"]["query"].partition(" | ")[2]
        for widget in widgets(source_stack)
        if widget["type"] == "log"
    }
    return {query["Name"]: query["QueryString"] for query in saved} | shown


def fields(query: str) -> set[str]:
    """Return the fields of log lines that a query names."""
    text = _TEXT.sub("", _COMMENT.sub("", query))
    made_here = set(_MADE_HERE.findall(text))
    names = {name for name in _NAME.findall(text) if name[0] != "@" and not _WORDS.fullmatch(name)}
    return names - made_here


def test_the_saved_queries_read_the_reviewers_log(source_stack: Stack) -> None:
    """The saved queries are in a folder with the stack's name."""
    saved = source_stack.of_type("AWS::Logs::QueryDefinition").values()

    assert [
        "csr-approver/denials of the last day",
        "csr-approver/approvals",
        "csr-approver/approval of a certificate",
        "csr-approver/history of one CSR",
        "csr-approver/history of one node",
        "csr-approver/why CSRs are left",
        "csr-approver/requests for a person",
    ] == [query["Name"] for query in saved]
    assert {("<ReviewerLogs>",)} == {tuple(query["LogGroupNames"]) for query in saved}


def test_every_field_of_a_query_is_in_real_lines(source_stack: Stack, reported: Reported) -> None:
    """The handlers printed these lines in runs that approved, denied and left CSRs."""
    assert {"approved", "denied", "left"} <= {line.get("action") for line in reported.lines}
    known = reported.fields()
    for name, query in queries(source_stack).items():
        assert 2 < len(fields(query)), name
        assert set() == fields(query) - known, name


def test_every_value_of_a_query_is_in_real_lines(source_stack: Stack, reported: Reported) -> None:
    """A query compares with values that the functions log; a person replaces NAME and KEY."""
    for name, query in queries(source_stack).items():
        compared = set(re.findall(r"(\w+) = '(\w+)'", query))

        assert compared, name
        assert [] == [
            (field, value)
            for field, value in compared
            if value not in {"NAME", "KEY"}
            and all(line.get(field) != value for line in reported.lines)
        ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter a = 'b c' | fields @timestamp, d.0.e", {"a", "d.0.e"}),
        ("# not f\nstats latest(g.h) as i by j | sort i desc", {"g.h", "j"}),
        ("filter toMillis(@timestamp) >= (now() * 1000 - 86400000) and k = 1", {"k"}),
    ],
)
def test_the_fields_of_a_query_are_found(query: str, expected: set[str]) -> None:
    """Strings, comments, keywords and names that the query defines are not fields."""
    assert expected == fields(query)
