"""The reviewer's function, as in Lambda: under its runtime client, with its real ledger.

It lists and writes over TLS to a real API server, calls EC2, EKS and IAM over HTTP through boto3,
and prints its log lines and metrics into a file. Its CPU time is its process's, so other programs
count only as far as they slow it down.
"""

import json
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Final, Self

import boto3

from benchmarks.aws_server import AwsServer
from benchmarks.cluster import BenchCluster
from benchmarks.nodes import CLUSTER, a_node
from package.runtime_api import LambdaFunction

_ROOT: Final = Path(__file__).parents[1]
_LIBRARIES: Final = Path(boto3.__file__).parents[1]

#: The function's time-out in seconds, as the template sets it.
TIMEOUT: Final = 55

_ASSIGNMENT: Final = json.dumps({"cluster": CLUSTER.name, "region": CLUSTER.region})
_EVENT: Final = {"Records": [{"messageId": "1", "body": _ASSIGNMENT}]}


@dataclass(frozen=True)
class Reviewed:
    """What one review did. `totals`: its line `cluster reviewed`."""

    seconds: float
    cpu_seconds: float
    totals: dict[str, Any]

    @property
    def approved(self) -> int:
        """Return how many CSRs it approved."""
        return int(self.totals["actions"]["approved"])

    @property
    def actions(self) -> dict[str, int]:
        """Return what it did with the CSRs, without what didn't occur."""
        return {name: count for name, count in self.totals["actions"].items() if count}


class ReviewFunction:
    """One warm environment of the reviewer."""

    def __init__(
        self,
        cluster: BenchCluster,
        nodes: Iterable[int],
        *,
        shape: str,
        ec2_seconds: float = 0.0,
        memory: int = 512,
    ) -> None:
        """`nodes`: the numbers of those whose instances EC2 knows. `memory`: in megabytes."""
        self._aws = AwsServer(
            {node.instance.id: node for node in map(a_node, nodes)},
            cluster.plane.server,
            cluster.plane.ca_pem,
            shape=shape,
            seconds=ec2_seconds,
        )
        environment = {**cluster.credentials, **self._aws.environment, **settings_of(memory)}
        self._function = LambdaFunction(
            _ROOT / "src", "handlers.review.handler", environment, timeout_seconds=TIMEOUT
        )
        self._open = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._aws)
            stack.enter_context(self._function)
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    @property
    def pid(self) -> int:
        """Return the id of the function's process."""
        return self._function.pid

    @property
    def peak_megabytes(self) -> int:
        """Return the peak of resident memory so far."""
        return self._function.peak_megabytes

    def review(self) -> Reviewed:
        """Review the cluster once.

        Raises:
            RuntimeError: the function failed.
        """
        start, cpu = perf_counter(), self._function.cpu_seconds
        outcome = self._function.invoke(_EVENT)
        seconds, cpu = perf_counter() - start, self._function.cpu_seconds - cpu
        if outcome.error_type:
            raise RuntimeError(f"{outcome.error_type}: {outcome.error_message}")
        return Reviewed(seconds, cpu, _totals(self._function.output()))


def settings_of(memory: int) -> dict[str, str]:
    """Return a function's environment variables but for credentials and AWS's endpoints."""
    return {
        "PYTHONPATH": f"{_ROOT / 'src'}:{_LIBRARIES}",
        "STACK_NAME": "csr-approver",
        "POWERTOOLS_SERVICE_NAME": "csr-approver",
        "APPROVE_AFTER_SECONDS": "0",
        "MODE": "approve-only",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
    }


def _totals(printed: str) -> dict[str, Any]:
    lines = map(json.loads, reversed(printed.splitlines()))
    found: dict[str, Any] = next(one for one in lines if one.get("message") == "cluster reviewed")
    return found
