"""The rules by which CloudWatch decides, as AWS documents them."""

from typing import Any

import pytest

from tests.template import insights, metric_math
from tests.template.cloudwatch import State, state_of

Json = Any

_VALUES = {"X": 1.0, "0": 0.0, "-": None}


def an_alarm(needed: int, treatment: str) -> Json:
    return {
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": needed,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "TreatMissingData": treatment,
    }


@pytest.mark.parametrize(
    ("needed", "oldest_first", "if_breaching", "if_not_breaching"),
    [
        (3, "0-X-X", "OK", "OK"),
        (3, "----0", "OK", "OK"),
        (3, "-----", "ALARM", "OK"),
        (3, "0XX-X", "ALARM", "ALARM"),
        (3, "--X--", "ALARM", "OK"),
        (2, "0-X-X", "ALARM", "ALARM"),
        (2, "00X0X", "ALARM", "ALARM"),
        (2, "0-X--", "ALARM", "OK"),
        (2, "----0", "ALARM", "OK"),
        (2, "---X-", "ALARM", "OK"),
    ],
)
def test_missing_data_is_treated_as_in_aws_s_tables(
    needed: int, oldest_first: str, if_breaching: str, if_not_breaching: str
) -> None:
    """X breaches, 0 doesn't, - is missing; of three periods two or three must breach.

    From: CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data", the tables
    for 3 out of 3 and for 2 out of 3.
    """
    newest_first = [_VALUES[one] for one in reversed(oldest_first)]

    assert State(if_breaching) is state_of(an_alarm(needed, "breaching"), newest_first)
    assert State(if_not_breaching) is state_of(an_alarm(needed, "notBreaching"), newest_first)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("FILL(a, 0)", 2.0),
        ("FILL(none, 0)", 0.0),
        ("a - FILL(none, 0)", 2.0),
        ("a + none", None),
        ("IF(none == 0, 1, 2)", None),
        ("IF(FILL(none, 0) == 0, 1, 2)", 1.0),
        ("IF(a > 1, a, none)", 2.0),
        ("IF(a > 2, a, none)", None),
        ("other", 3.0),
    ],
)
def test_what_is_computed_from_missing_data_is_missing(
    expression: str, value: float | None
) -> None:
    """Only FILL replaces it."""
    compute = metric_math.compiled({"it": expression, "other": "a + 1"}, "it")

    assert value == compute({"a": 2.0, "none": None})


@pytest.mark.parametrize("expression", ["a / 2", "MAX([a, b])", "a if a else b"])
def test_unknown_metric_math_is_refused(expression: str) -> None:
    """A wrong guess would accept a wrong alarm."""
    with pytest.raises(ValueError, match="not used by the template so far"):
        metric_math.compiled({"it": expression}, "it")({"a": 1.0, "b": 1.0})


QUERY = (
    'SELECT MAX("Denied") FROM SCHEMA("CsrApprover", "Cluster", "Region", "Stack")'
    ' WHERE "Stack" = \'it\' GROUP BY "Cluster", "Region" ORDER BY MAX() DESC'
)


def test_a_query_is_read() -> None:
    """Each clause becomes a field."""
    assert insights.parse(QUERY) == insights.Query(
        function="MAX",
        metric="Denied",
        namespace="CsrApprover",
        dimensions=("Cluster", "Region", "Stack"),
        where=("Stack", "it"),
        group_by=("Cluster", "Region"),
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param('"Denied"', "Denied", id="metric without quotes"),
        pytest.param('GROUP BY "Cluster"', "GROUP BY Cluster", id="reserved word"),
        pytest.param('"Stack" =', "Stack =", id="label without quotes"),
        pytest.param("'it'", '"it"', id="value in double quotes"),
        pytest.param("'it'", "'it' OR 1", id="another condition"),
        pytest.param(' GROUP BY "Cluster", "Region"', "", id="no groups"),
        pytest.param(" ORDER BY MAX() DESC", "", id="any 500 series"),
        pytest.param("DESC", "ASC", id="the smallest 500 series"),
        pytest.param("ORDER BY MAX()", "ORDER BY SUM()", id="sorted by something else"),
        pytest.param("DESC", "DESC LIMIT 10", id="limit"),
        pytest.param('MAX("Denied', 'AVG("Denied', id="another function"),
        pytest.param('"Region", "Stack")', '"Region")', id="condition on another label"),
    ],
)
def test_a_query_of_an_unknown_form_is_refused(old: str, new: str) -> None:
    """An unquoted identifier may be a reserved word, and an unknown clause may mean anything."""
    assert 1 == QUERY.count(old)

    with pytest.raises(ValueError, match="SELECT"):
        insights.parse(QUERY.replace(old, new))
