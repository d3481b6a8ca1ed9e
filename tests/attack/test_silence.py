"""An approver that has stopped, for one node or for all, is heard of."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.csr_pages import Limits
from core.model import KUBELET_SERVING
from tests.adapters.scripted_api import Reply, Seen, StillClock, a_page, an_item, answering
from tests.template.cloudformation import Stack
from tests.template.sam import transformed


@pytest.fixture(scope="module")
def stack() -> Stack:
    return transformed().stack()


def watched(stack: Stack) -> Iterator[tuple[str, str]]:
    """Each metric that an alarm watches, with the alarm's name."""
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        queries = [one["MetricStat"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
        for metric in [query["Metric"] for query in queries] or [alarm]:
            yield name, metric["MetricName"]


@pytest.mark.xfail(reason="names sort the list, and large CSRs of one node may come first")
def test_one_nodes_large_csrs_leave_the_others_on_the_list() -> None:
    """However the requester names them, another node's CSR is among those read in time."""
    clock = StillClock()
    large = [
        an_item(f"a-{n:03}", spec_username="system:node:greedy", annotations={"x": "y" * 20_000})
        for n in range(300)
    ]
    items: list[Any] = [*large, an_item("csr-own")]

    def served(seen: Seen) -> Reply:
        start, limit = int(seen.query.get("continue", 0)), int(seen.query["limit"])
        page = items[start : start + limit]
        answer = a_page(*page, token=str(start + limit) if items[start + limit :] else "")
        clock.seconds -= len(answer.body) / 100_000
        return answer

    limits = Limits(page=200_000, share=100_000)
    with answering(answer=served, clock=clock, limits=limits) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert "csr-own" in [csr.name for csr in listing.csrs]


@pytest.mark.xfail(reason="no alarm watches ListTruncated")
def test_a_list_that_is_never_read_to_its_end_rings(stack: Stack) -> None:
    """Who isn't on the list is neither pending nor old to any other metric."""
    assert "ListTruncated" in [metric for _, metric in watched(stack)]


@pytest.mark.xfail(reason="NotOnboarded is subtracted from the reviews missing, and watched nowhere")
def test_a_fleet_that_doesnt_know_us_any_more_rings(stack: Stack) -> None:
    """A role made anew, or STS out of order, turns every cluster into one not onboarded."""
    alarms = [name for name, metric in watched(stack) if metric == "NotOnboarded"]

    assert {"ReviewsMissingAlarm"} < set(alarms)


@pytest.mark.xfail(reason="completions are counted, whoever sent the message")
def test_messages_that_the_dispatcher_didnt_send_ring(stack: Stack) -> None:
    """Each completes a review, and so hides one that is missing."""
    assert "NumberOfMessagesSent" in [metric for _, metric in watched(stack)]
