"""When the approver stops working, for one node or for all, this is reported."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from adapters.csr_pages import Limits
from core.model import KUBELET_SERVING, Decision
from core.review import review
from core.signers import SIGNERS
from tests.adapters.scripted_api import (
    ReceivedRequest,
    Reply,
    StillClock,
    a_page,
    an_item,
    answering,
)
from tests.builders import a_cluster, a_filed_csr, settings
from tests.core.fakes import FakeWorld
from tests.template.alarms import watched
from tests.template.templates import source_stack

MINUTE = timedelta(minutes=1)


def watching(metric: str) -> set[str]:
    """Return the alarms that watch a metric."""
    return {
        name
        for name, alarm in source_stack().of_type("AWS::CloudWatch::Alarm").items()
        if metric in [name for _, _, name in watched(alarm)]
    }


def test_a_list_that_one_nodes_large_csrs_fill_is_reported_as_truncated() -> None:
    """The list is reported as truncated; deploy/admission.yaml is the fix."""
    clock = StillClock()
    large = [
        an_item(f"a-{n:03}", spec_username="system:node:greedy", annotations={"x": "y" * 20_000})
        for n in range(300)
    ]
    items: list[Any] = [*large, an_item("csr-own")]

    def served(seen: ReceivedRequest) -> Reply:
        start, limit = int(seen.query.get("continue", 0)), int(seen.query["limit"])
        page = items[start : start + limit]
        answer = a_page(*page, token=str(start + limit) if items[start + limit :] else "")
        clock.seconds -= min(len(answer.body), 200_000) / 100_000  # `Limits.page` cuts it off
        return answer

    limits = Limits(page=200_000, share=100_000)
    with answering(answer=served, clock=clock, limits=limits) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert (True, "time: the answer took too long") == (listing.truncated, listing.cause)


def token_of(start: str) -> str:
    """Return a continue token as the API server makes it."""
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": 7, "start": start})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_a_name_too_long_to_continue_from_is_skipped() -> None:
    """A node may choose a name of 0.5 MB, whose continue token no server accepts."""
    long = token_of("a" * 20_000 + "\0")

    def served(seen: ReceivedRequest) -> Reply:
        if len(seen.target) > 10_000:
            return Reply(431)
        if "continue" in seen.query:
            return a_page(an_item("b"))
        return a_page(an_item("a"), token=long)

    with answering(answer=served) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a", "b"] == [csr.name for csr in listing.csrs]
    assert listing.cause == "name: too long to list on from, 431"
    assert token_of("a" * 253 + "b") == server.seen[-1].query["continue"]


@pytest.mark.parametrize(
    "token",
    ["", "x", "e30", token_of("short\0"), token_of("a" * 252 + "b"), "W10", "!" * 9_000],
)
def test_a_token_that_is_refused_for_another_reason_ends_the_listing(token: str) -> None:
    """The refused token isn't sent again."""
    replies = (a_page(an_item("a"), token=token or "t"), Reply(431))
    with answering(*replies) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert listing.cause == "status: 431"
    assert 2 == len(server.seen)


def test_a_node_that_files_again_every_minute_is_reported() -> None:
    """The newest request is always too young to be denied, so the first one's age counts."""
    asked = [
        a_filed_csr(name=f"csr-{n}", age=(7 - n) * MINUTE, ips=("10.0.1.20",), words=f"{n}")
        for n in range(7)
    ]
    world = FakeWorld(*asked)

    review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(mode="enforce"), world.ports)

    [record] = world.ledger.records
    assert ("csr-6", Decision.DENY) == (record.evaluation.case.csr.name, record.due)
    assert {} == world.api.conditions


def test_a_list_that_is_never_read_to_its_end_fires_an_alarm() -> None:
    """No other metric counts CSRs that the list doesn't reach."""
    assert {"ListTruncatedAlarm"} == watching("ListTruncated")


def test_clusters_that_all_reject_our_credentials_fire_an_alarm() -> None:
    """After a new role, or while STS fails, every cluster counts as not onboarded."""
    assert {"StackShutOutAlarm", "ShutOutAlarm"} == watching("NotOnboarded")
