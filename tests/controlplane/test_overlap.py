"""Concurrent reviews of one cluster, and EKS's own approver: each CSR is decided once."""

import io
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, Final

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from core.model import APPROVED_REASON, DENIED_REASON
from sandbox.aws import FakeAws
from tests.controlplane.nodes import CSRS, REGION, Node, join, message, reviewer, stored
from tests.real.controlplane import ControlPlane

#: Enough CSRs of each kind that concurrent reviews overlap while they write.
APPROVABLE: Final = 24
DENIABLE: Final = 12

#: CSRs of each kind that the other approver decides between the reviews' list and their writes.
AHEAD: Final = 3

OTHERS_REASON: Final = "AutoApproved"
SECONDS: Final = 50

Json = dict[str, Any]

#: The condition that a review wrote if its line has this action.
OURS: Final[Mapping[str, Json]] = {
    "approved": {"type": "Approved", "status": "True", "reason": APPROVED_REASON},
    "denied": {"type": "Denied", "status": "True", "reason": DENIED_REASON},
}

_services = itertools.count()


class Filed:
    """The CSRs of a test, by name, with the nodes that filed them."""

    def __init__(self, plane: ControlPlane, aws: FakeAws, profile: str) -> None:
        nodes = [join(plane, aws, profile) for _ in range(APPROVABLE + DENIABLE)]
        victim = nodes[0].name
        self.good = {node.file()[0]: node for node in nodes[:APPROVABLE]}
        self.bad = {node.file(dns=[victim])[0]: node for node in nodes[APPROVABLE:]}

    @property
    def all_nodes(self) -> Mapping[str, Node]:
        return self.good | self.bad


class OtherApprover:
    """An approver with our decisions and its own messages; `wrote`: the conditions it stored."""

    def __init__(self, plane: ControlPlane, filed: Filed) -> None:
        self._plane = plane
        self._filed = filed
        self._listed = {name: stored(plane, name) for name in filed.all_nodes}
        self.wrote: dict[str, Json] = {}

    def decide(self, names: Iterable[str]) -> None:
        for name in names:
            kind = "Approved" if name in self._filed.good else "Denied"
            condition = {
                "type": kind,
                "status": "True",
                "reason": OTHERS_REASON,
                "message": f"{name} by the other",
            }
            body = self._listed[name] | {"status": {"conditions": [condition]}}
            status, _ = self._plane.admin.request("PUT", f"{CSRS}/{name}/approval", body)
            assert status in {200, 409}
            if status == 200:
                self.wrote[name] = condition

    def go_ahead(self) -> None:
        """Decide some of each kind."""
        self.decide([*list(self._filed.good)[:AHEAD], *list(self._filed.bad)[:AHEAD]])

    def race(self) -> None:
        """Decide all others that are still pending, in another order than the reviews."""
        self.decide(reversed([name for name in self._filed.all_nodes if name not in self.wrote]))


class Review:
    """One review with its own reviewer, connections and log, as in a separate environment."""

    def __init__(self, plane: ControlPlane, listed: Barrier) -> None:
        self._plane = plane
        self._log = io.StringIO()
        logger = Logger(service=f"overlap-{next(_services)}", stream=self._log, location=None)
        self._reviewer = reviewer(logger)
        first = iter([listed.wait])

        def meet(**_: Any) -> None:
            for wait in first:
                wait(SECONDS)

        # EC2 is called after the CSRs are listed, and before anything is written.
        ec2 = self._reviewer._aws.client("ec2", REGION)
        ec2.meta.events.register("before-call.ec2.DescribeInstances", meet)

    def run(self) -> None:
        self._reviewer.handle(message(self._plane), WallClock(SECONDS))

    def actions(self, filed: Filed) -> Mapping[str, str]:
        """Return the action that the review logged for each CSR."""
        lines = map(json.loads, self._log.getvalue().splitlines())
        reported = [line for line in lines if line["message"] == "csr reviewed"]
        return {line["csr"]: line["action"] for line in reported if line["csr"] in filed.all_nodes}

    def wrote(self, filed: Filed) -> Mapping[str, Json]:
        """Return the conditions that the review logged as written, without their messages."""
        actions = self.actions(filed)
        return {name: OURS[action] for name, action in actions.items() if action in OURS}


@pytest.mark.parametrize("reviews", [2, 8])
def test_concurrent_reviews_decide_each_csr_once(
    plane: ControlPlane,
    aws: FakeAws,
    profile: str,
    capsys: pytest.CaptureFixture[str],
    reviews: int,
) -> None:
    """All reviews list it as pending; one of them writes, and the others are overtaken."""
    filed = Filed(plane, aws, profile)
    other_approver = OtherApprover(plane, filed)
    listed = Barrier(reviews + 1, action=other_approver.go_ahead)
    all_reviews = [Review(plane, listed) for _ in range(reviews)]

    def beside() -> None:
        listed.wait(SECONDS)
        other_approver.race()

    with ThreadPoolExecutor(reviews + 1) as pool:
        running = [pool.submit(run) for run in (beside, *(review.run for review in all_reviews))]
    for process in running:
        process.result()

    writers = [other_approver.wrote, *(review.wrote(filed) for review in all_reviews)]
    for name, node in filed.all_nodes.items():
        (believed,) = [wrote[name] for wrote in writers if name in wrote]
        (condition,) = stored(plane, name)["status"]["conditions"]
        assert believed.items() <= condition.items()
        assert believed["type"] == ("Approved" if name in filed.good else "Denied")
        assert name in other_approver.wrote or _is_ours(condition["message"], node, filed)
    for review in all_reviews:
        assert review.actions(filed).keys() == filed.all_nodes.keys()
        assert set(review.actions(filed).values()) <= {*OURS, "overtaken"}

    printed = capsys.readouterr().out
    totals = _metrics(printed)
    theirs = Counter(condition["type"] for condition in other_approver.wrote.values())
    assert APPROVABLE == totals["Approved"] + theirs["Approved"]
    assert (
        reviews * DENIABLE == totals["Denied"]
    )  # due denials count in each review, written or overtaken
    assert reviews == totals["Completed"]
    assert 0 == totals["Failed"] == totals["EvidenceUnavailable"] == totals["ListTruncated"]
    assert "ReviewErrors" not in printed


def _is_ours(message: str, node: Node, filed: Filed) -> bool:
    """Return whether a review would write this message about this node."""
    if node in filed.good.values():
        return message.startswith(f"EC2 instance {node.machine.id} is this node and has ")
    return message.startswith("dns-names: DNS name is not the instance's")


def _metrics(printed: str) -> Counter[str]:
    """Return the stack's totals. Threads print concurrently, so a line may have two objects."""
    totals: Counter[str] = Counter()
    for line in _objects(printed):
        (metrics,) = line["_aws"]["CloudWatchMetrics"]
        if metrics["Dimensions"] == [["Stack"]]:
            totals.update(
                {metric["Name"]: int(sum(line[metric["Name"]])) for metric in metrics["Metrics"]}
            )
    return totals


def _objects(text: str) -> Iterator[Json]:
    decoder = json.JSONDecoder()
    while text := text.lstrip():
        read, end = decoder.raw_decode(text)
        yield read
        text = text[end:]
