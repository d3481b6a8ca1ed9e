"""A node that files hundreds of CSRs with a real API server delays no other."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from sandbox.kubelet import kubelet_request
from tests.controlplane.nodes import CSRS, Node, conditions, join, message, reviewer
from tests.real.controlplane import ControlPlane

# More than a page of the list holds.
FLOOD: Final = 600
GOOD: Final = 50
AT_ONCE: Final = 8

LABEL: Final = {"flood": "yes"}
FLOODED: Final = f"{CSRS}?labelSelector=flood%3Dyes"


@pytest.fixture
def greedy(plane: ControlPlane, aws: FakeAws, profile: str) -> Iterator[Node]:
    """Yield a node, and delete its labelled CSRs afterwards, because other tests list them too."""
    yield join(plane, aws, profile)
    assert plane.admin.request("DELETE", FLOODED)[0] == 200


def flood(plane: ControlPlane, node: Node) -> str:
    """File FLOOD CSRs of one node; return the name of the newest, which is also last by name."""
    pem, _ = kubelet_request(node.name, dns=[node.name], ips=[node.machine.enis[0].ip])

    def send(part: int) -> None:
        own = replace(node, api=plane.client(node.token))
        for number in range(part, FLOOD - 1, AT_ONCE):
            own.send(pem, metadata={"name": f"a-flood-{number:04}", "labels": LABEL})

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(send, range(AT_ONCE)))
    return node.send(pem, metadata={"name": "a-flood-newest", "labels": LABEL})


def test_hundreds_of_csrs_of_one_node_delay_no_other(
    plane: ControlPlane, aws: FakeAws, profile: str, greedy: Node
) -> None:
    """One run approves all other nodes' CSRs, and the flooding node's newest one."""
    newest = flood(plane, greedy)
    good = [join(plane, aws, profile).file()[0] for _ in range(GOOD)]

    reviewer(Logger(service="flood")).handle(message(plane), WallClock(50))

    approved = {"Approved": "ApprovedByCsrApprover"}
    assert [approved] * GOOD == [conditions(plane, name) for name in good]
    assert approved == conditions(plane, newest)
    items = plane.admin.request("GET", FLOODED)[1]["items"]
    decided = [item for item in items if item["status"].get("conditions")]
    assert (FLOOD, [newest]) == (len(items), [item["metadata"]["name"] for item in decided])
