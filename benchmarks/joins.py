"""How long an approval that is due waits to be written, while nodes join.

    PYTHONPATH=src:. .venv/bin/python -m benchmarks.joins

The dispatcher's and the reviewer's function run under Lambda's runtime client. The kubelets' own
certificate managers file requests to a real API server, and the signer of kube-controller-manager
issues. The dispatcher runs each 60 s, and its messages begin a review when their delay is over, one
after the other. So Scheduler's precision, SQS's polling and cold starts are left out. The API
server writes times in whole seconds.
"""

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from heapq import heappop, heappush
from pathlib import Path
from queue import Empty
from statistics import median, quantiles
from typing import Any, Final, assert_never

import boto3

from benchmarks.aws_server import AwsServer
from benchmarks.cluster import BenchCluster
from benchmarks.function import TIMEOUT, settings_of
from benchmarks.kubelets import start_kubelet
from benchmarks.nodes import ROLE, Node, a_node
from package.runtime_api import LambdaFunction
from tests.real.controlplane import Kubelets

_ROOT: Final = Path(__file__).parents[1]
_SUFFIX: Final = "corp.example"
_MINUTE: Final = 60.0
#: Assumed: seconds from an instance's launch to its kubelet's first request.
_BOOT_SECONDS: Final = 45
#: A minute after the last approval is due.
_AFTERWARDS: Final = 75.0


@dataclass(frozen=True, slots=True)
class _Launch:
    """EC2 launches a node's instance."""

    number: int


@dataclass(frozen=True, slots=True)
class _Join:
    """A node's kubelet starts."""

    number: int


@dataclass(frozen=True, slots=True)
class _Dispatch:
    """Scheduler invokes the dispatcher."""


@dataclass(frozen=True, slots=True)
class _Review:
    """SQS delivers a message to the reviewer."""

    body: str


_Event = _Launch | _Join | _Dispatch | _Review


def main() -> None:
    """Let nodes join, once without and once with fast joins, and print how long each waited."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.joins", description=__doc__)
    parser.add_argument("--nodes", type=int, default=60, help="nodes that join (60)")
    parser.add_argument("--minutes", type=float, default=4, help="in which they join (4)")
    parser.add_argument("--wait", type=int, default=90, help="APPROVE_AFTER_SECONDS (90)")
    options = parser.parse_args()
    print(f"{os.cpu_count()} CPUs, load average {os.getloadavg()[0]:.1f}")
    print("Seconds from when an approval is due until it is written")
    print(f"  {'FAST_JOIN_MINUTES, names':40}{'nodes':>6}{'median':>8}{'p95':>6}{'max':>6}")
    for minutes in (0, 6):
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            cluster = stack.enter_context(BenchCluster(Path(folder), lambda _: None))
            run = _Run(cluster, minutes, options)
            for kind, waits in run.measure().items():
                p95 = quantiles(waits, n=20)[-1]
                print(
                    f"  {f'{minutes}, {kind}':40}{len(waits):6}"
                    f"{median(waits):8.1f}{p95:6.1f}{max(waits):6.1f}",
                    flush=True,
                )


class _Run:
    """One cluster, both functions, and the nodes that join."""

    def __init__(
        self, cluster: BenchCluster, fast_join_minutes: int, options: argparse.Namespace
    ) -> None:
        self._cluster = cluster
        self._wait = options.wait
        self._random = random.Random(f"joins of {options.nodes}")  # noqa: S311  a simulation
        self._joining = _MINUTE * options.minutes
        self._nodes = [a_node(number) for number in range(options.nodes)]
        self._aws = AwsServer(
            {}, cluster.plane.server, cluster.plane.ca_pem, shape="eks", seconds=0.1
        )
        libraries = Path(boto3.__file__).parents[1]
        self._environment = {
            **cluster.credentials,
            **self._aws.environment,
            **settings_of(512),
            "PYTHONPATH": f"{_ROOT / 'src'}:{libraries}",
            "APPROVE_AFTER_SECONDS": str(options.wait),
            "EXTRA_DNS_SUFFIXES": _SUFFIX,
            "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/111122223333/reviews",
            "FAST_JOIN_MINUTES": str(fast_join_minutes),
        }
        self._events: list[tuple[float, int, _Event]] = []
        self._count = 0

    def measure(self) -> Mapping[str, list[float]]:
        """Let the nodes join, and return how long each approval was late, by kind of name."""
        self._cluster.issue(issues=True)
        plane = self._cluster.plane
        plane.map_role(str(ROLE), "system:node:{{EC2PrivateDNSName}}", ["system:nodes"])
        with ExitStack() as stack:
            stack.enter_context(self._aws)
            dispatcher = stack.enter_context(self._function("dispatch"))
            reviewer = stack.enter_context(self._function("review"))
            kubelets = stack.enter_context(plane.kubelets())
            self._play(dispatcher, reviewer, kubelets)
        return self._late()

    def _function(self, name: str) -> LambdaFunction:
        handler = f"handlers.{name}.handler"
        return LambdaFunction(_ROOT / "src", handler, self._environment, timeout_seconds=TIMEOUT)

    def _play(
        self, dispatcher: LambdaFunction, reviewer: LambdaFunction, kubelets: Kubelets
    ) -> None:
        """Run all events at their times: what joins, is dispatched and is reviewed."""
        for number in range(len(self._nodes)):
            launched = self._random.uniform(0, self._joining)
            self._at(launched, _Launch(number))
            self._at(launched + _BOOT_SECONDS, _Join(number))
        end = self._joining + _BOOT_SECONDS + self._wait + _AFTERWARDS
        for minute in range(int(end / _MINUTE) + 1):
            self._at(minute * _MINUTE, _Dispatch())
        start = time.monotonic()
        while self._events and self._events[0][0] <= end:
            at, _, event = heappop(self._events)
            time.sleep(max(0.0, start + at - time.monotonic()))
            match event:
                case _Launch(number):
                    self._launch(self._nodes[number])
                case _Join(number):
                    self._join(kubelets, number)
                case _Dispatch():
                    _invoke(dispatcher, {})
                    for delay, body in self._sent():
                        self._at(time.monotonic() - start + delay, _Review(body))
                case _Review(body):
                    _invoke(reviewer, {"Records": [{"messageId": "1", "body": body}]})
                case _:
                    assert_never(event)

    def _at(self, seconds: float, event: _Event) -> None:
        """Plan an event; the count keeps the order of those at the same time."""
        self._count += 1
        heappush(self._events, (seconds, self._count, event))

    def _sent(self) -> Iterator[tuple[float, str]]:
        while True:
            try:
                entry = self._aws.sent.get_nowait()
            except Empty:
                return
            yield float(entry.get("DelaySeconds", 0)), entry["MessageBody"]

    def _launch(self, node: Node) -> None:
        self._aws.launch(Node(replace(node.instance, launched=datetime.now(UTC)), node.pem))

    def _join(self, kubelets: Kubelets, number: int) -> None:
        """Start the kubelet; every other one asks for a name under our own domain too."""
        node = self._nodes[number]
        label = node.instance.private_dns_name.partition(".")[0]
        names = [f"{label}.{_SUFFIX}"] if number % 2 else []
        start_kubelet(self._cluster, kubelets, node, names)

    def _late(self) -> Mapping[str, list[float]]:
        found: dict[str, list[float]] = {"EKS's own": [], "a setting's, due at once": []}
        by_user = {node.username: number for number, node in enumerate(self._nodes)}
        for item in self._cluster.items():
            by_setting = by_user[item["spec"]["username"]] % 2
            kind = [*found][by_setting]
            found[kind].append(_age_at_approval(item) - (0 if by_setting else self._wait))
        missing = len(self._nodes) - sum(map(len, found.values()))
        if missing:
            raise RuntimeError(f"{missing} nodes filed no request")
        return found


def _invoke(function: LambdaFunction, event: Mapping[str, Any]) -> None:
    outcome = function.invoke(event)
    if outcome.error_type:
        raise RuntimeError(f"{outcome.error_type}: {outcome.error_message}")


def _age_at_approval(item: Mapping[str, Any]) -> float:
    conditions = item.get("status", {}).get("conditions", [])
    approved = next((one for one in conditions if one["type"] == "Approved"), None)
    if approved is None:
        raise RuntimeError(f"{item['metadata']['name']} isn't approved")
    created = datetime.fromisoformat(item["metadata"]["creationTimestamp"])
    return (datetime.fromisoformat(approved["lastUpdateTime"]) - created).total_seconds()


if __name__ == "__main__":
    main()
