"""CSRs filled to the limits fit into the function's memory, and what is left out is reported.

A real API server accepts bodies of up to 3 MiB, and etcd stores 1.5 MiB by default; labels have at
most 63 letters, in any number. From: k8s.io/apiserver pkg/server/config.go
(MaxRequestBodyBytes); etcd's --max-request-bytes; k8s.io/apimachinery pkg/util/validation.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.ledger_metrics import NAMESPACE
from sandbox.fake_apiserver.api import Answer, Call
from tests.handlers.account import Account, Cluster
from tests.handlers.lambdas import Lambdas
from tests.hiding import NESTED
from tests.load.processes import EVENT, reviewer
from tests.template.alarms import emitted

MIB = 1024 * 1024
TEMPLATE = Path(__file__).parents[2] / "template.yaml"

MEASURED = "tests.load.measured.handler"
STACK = frozenset({("Stack", "csr-approver")})


@pytest.fixture
def cluster(account: Account) -> Cluster:
    return account.cluster()


@pytest.fixture
def memory() -> int:
    """Return the reviewer's default memory, in bytes."""
    found = re.search(
        r"ReviewerMemoryMegabytes:\n +Type: Number\n +Default: (\d+)\n", TEMPLATE.read_text()
    )
    assert found
    return int(found[1]) * MIB


def change(cluster: Cluster, name: str, **parts: Mapping[str, Any]) -> None:
    """Change fields of a stored object, without the copies that the sandbox makes."""
    item = cluster.get(name)
    changed = {part: item[part] | fields for part, fields in parts.items()}
    cluster._store._objects[name] = item | changed


def takes_all(call: Call, answer: Callable[[Call], Answer]) -> Answer:
    """Accept each decision without storing it, which is fast with large objects."""
    if call.method != "PUT":
        return answer(call)
    return 200, json.loads(call.body)


def run(account: Account) -> tuple[int, list[dict[str, Any]]]:
    """Review once in a separate process; return its peak memory in bytes and its log lines."""
    with reviewer(account.aws, MEASURED) as function:
        outcome = function.invoke(EVENT)
        printed = function.output()
    assert (outcome.error_type, outcome.error_message) == ("", "")
    return outcome.result, [json.loads(line) for line in printed.splitlines()]


def totals(lines: list[dict[str, Any]]) -> dict[str, Any]:
    [line] = [line for line in lines if line.get("message") == "cluster reviewed"]
    return line


def test_a_hundred_requests_of_megabytes_delay_no_other_node(
    account: Account, cluster: Cluster, memory: int
) -> None:
    """One node's hundred requests are first by name; the others are approved in the same run."""
    large = [f"a-{number:03}" for number in range(100)]
    cluster.repeat(cluster.file(999, name="a-newest"), large)
    for number, name in enumerate(large):
        size = 2_900_000 if number % 5 == 0 else 1_000_000
        change(cluster, name, spec={"request": "QUJD" * (size // 4)})
    good = [cluster.file(node, name=f"b-{node:02}") for node in range(20)]

    peak, lines = run(account)

    assert peak < memory
    assert {cluster.decision(name) for name in good} == {"Approved"}
    assert totals(lines)["truncated"] is False
    assert totals(lines)["listed"] == totals(lines)["gated"]["superseded"] + 1 + len(good)


def test_thousands_that_cannot_be_read(account: Account, cluster: Cluster, memory: int) -> None:
    """Only their names are kept: 160 MB of them take the memory of one page at a time."""
    model = cluster.get(cluster.file(999, name="model"))
    cluster.remove("model")
    for number in range(2_000):
        named = {"name": f"a-{number:04}", "uid": f"uid-{number:04}", **NESTED}
        cluster.seed_object(model | {"metadata": model["metadata"] | named})
    good = [cluster.file(node, name=f"b-{node:02}") for node in range(20)]

    peak, lines = run(account)

    assert peak < memory
    assert {cluster.decision(name) for name in good} == {"Approved"}
    assert (2_000, False) == (totals(lines)["unreadable"], totals(lines)["truncated"])


def test_the_most_that_may_be_kept_and_written_at_once(
    account: Account, cluster: Cluster, lambdas: Lambdas, memory: int
) -> None:
    """The largest requesters are dropped for later small ones, reported, and served later."""
    short = dict.fromkeys((f"{number:03}" for number in range(900)), "")
    larger = [cluster.file(node, name=f"a-{node}") for node in range(100, 108)]
    for name in larger:
        change(cluster, name, metadata={"labels": short, "annotations": {"x": "y" * 1_540_000}})
    large = [cluster.file(node, name=f"b-{node}") for node in range(200, 250)]
    for name in large:
        change(cluster, name, metadata={"labels": short, "annotations": {"x": "y" * 1_100_000}})
    many = [f"c-{number:03}" for number in range(900)]
    cluster.repeat(cluster.file(999, name="c-newest"), many, earlier=timedelta(seconds=1))
    good = [cluster.file(node, name=f"d-{node:02}") for node in range(20)]
    cluster.fault = takes_all

    peak, lines = run(account)

    assert peak < memory
    why = "share: more than 67108864 bytes of all requesters' CSRs"
    assert totals(lines)["truncation_cause"] == why
    samples = emitted(line for line in lines if "_aws" in line)
    assert samples[NAMESPACE, "ListTruncated", STACK] == [1.0]
    decided = {line["csr"] for line in lines if line.get("action") == "approved"}
    crowded_out = {*larger, *large} - decided
    assert decided == {*larger, *large, "c-newest", *good} - crowded_out
    assert 0 < len(crowded_out) < 5

    cluster.fault = None
    for name in ({*larger, *large} | {*many}) - crowded_out:
        cluster.remove(name)
    lambdas.review()
    assert {cluster.decision(name) for name in crowded_out} == {"Approved"}
