"""Anyone who can write to the queue or invoke the reviewer can only cause another review."""

import json
import traceback
from itertools import count
from typing import Any

import pytest
from aws_lambda_powertools import Logger

from adapters.ledger import PowertoolsLedger
from adapters.queue import Assignment
from core.errors import ClusterUnavailable

GOOD = {"cluster": "prod", "region": "eu-west-1"}
EMF = '{"_aws":{"CloudWatchMetrics":[]}}'

_services = count()


def refusal(body: str) -> str:
    with pytest.raises(ValueError, match=r"^not an assignment: ") as raised:
        Assignment.from_body(body)
    return str(raised.value)


@pytest.mark.parametrize(
    "message",
    [
        GOOD | {f"x\n{EMF}\n": 1},
        GOOD | {"\u2028x\x1b[31m": 1},
        {"cluster": f"prod\n{EMF}", "region": "eu-west-1"},
        {"cluster": "prod", "region": f"eu-west-1\n{EMF}"},
        {"cluster": {"x\n": EMF}, "region": "eu-west-1"},
        [f"\n{EMF}"],
    ],
)
def test_a_message_writes_no_line_of_its_own_into_the_log(message: Any) -> None:
    """Values and field names are logged escaped and shortened."""
    words = refusal(json.dumps(message))

    assert words.isascii()
    assert words.isprintable()
    assert len(words) < 400


@pytest.mark.parametrize("size", [1_000, 250_000])
def test_a_long_name_of_a_field_is_cut(size: int) -> None:
    """A message may have 256 KiB; the log line stays short."""
    assert len(refusal(json.dumps(GOOD | {"x" * size: 1}))) < 400


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"cluster":"prod","region":"eu-west-1","region":"eu-west-1\\n"}',
        '{"cluster":"prod\\n","region":"eu-west-1"}',
        '{"cluster":"prod","region":"eu-west-1"}\n{}',
        '{"cluster":"pro\\u0064\\u0000","region":"eu-west-1"}',
        '{"cluster":"\\ud800","region":"eu-west-1"}',
        '{"cluster":"../prod","region":"eu-west-1"}',
        '{"cluster":"prod","region":"eu-west-1.evil.example"}',
        '{"cluster":"prod","region":"eu-west-1@evil"}',
        '{"cluster":"\u212anode","region":"eu-west-1"}',
        '{"cluster":"prod","region":"eu-west-1","endpoint":"https://evil.example"}',
        "",
        "null",
    ],
)
def test_a_body_that_resembles_an_assignment_is_refused(body: str) -> None:
    """Name and Region become a URL's host, an HTTP header and a metric dimension."""
    assert "\n" not in refusal(body)


def test_the_refusal_ends_in_one_line_of_the_traceback() -> None:
    """Lambda prints the exception's message, which must not forge a log line."""
    try:
        Assignment.from_body(json.dumps(GOOD | {f"x\n{EMF}": 1}))
    except ValueError as error:
        last = traceback.format_exception_only(error)

    assert 1 == len(last)
    assert 1 == last[0].count("\n")


def test_a_cluster_that_eks_didnt_describe_becomes_no_dimension(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Invented names, while EKS throttles, must not create any number of metrics."""
    ledger = PowertoolsLedger(Logger(service=f"attack-{next(_services)}"), "csr-approver")
    error = ClusterUnavailable("describe", "EKS DescribeCluster: ThrottlingException")
    ledger.cluster_unavailable("invented-1", "eu-west-1", error)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    metrics = [line for line in lines if "_aws" in line]

    assert "invented-1" not in json.dumps(metrics)
    assert [1] == [metric["EvidenceUnavailable"][0] for metric in metrics]
