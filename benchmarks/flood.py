"""Measure how many waiting nodes the function approves, run after run.

    python -m benchmarks.flood --pending 10000 --ec2-seconds 0.5

The function runs as in Lambda: under its runtime client, with the vCPU share of its memory size.
It uses a real kube-apiserver, whose signer is switched off, and AWS's APIs over HTTP.
"""

import argparse
import json
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import boto3

from benchmarks.aws_server import AwsServer
from benchmarks.cpu_quota import limited
from benchmarks.ec2_answer import SHAPES
from benchmarks.nodes import CLUSTER
from benchmarks.reviews import Bench
from package.runtime_api import LambdaFunction

_ROOT: Final = Path(__file__).parents[1]
_LIBRARIES: Final = Path(boto3.__file__).parents[1]
_TIMEOUT: Final = 55


def main() -> None:
    """Measure and print."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder, Bench(Path(folder)) as bench:
        nodes = {node.instance.id: node for node in bench.file("flood", options.pending)}
        with AwsServer(
            nodes, *bench.server, shape=options.shape, seconds=options.ec2_seconds
        ) as aws:
            _runs(bench, aws, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flood")
    parser.add_argument("--pending", type=int, default=10_000, help="CSRs, one per node")
    parser.add_argument("--ec2-seconds", type=float, default=0.5, help="duration of an EC2 call")
    parser.add_argument("--shape", choices=SHAPES, default="eks", help="shape of EC2's answers")
    parser.add_argument("--memory", type=int, default=512, help="megabytes; sets the vCPU share")
    parser.add_argument("--runs", type=int, default=8, help="maximum number of runs")
    return parser.parse_args()


def _runs(bench: Bench, aws: AwsServer, options: argparse.Namespace) -> None:
    environment = {**bench.credentials, **aws.environment, **_settings(options.memory)}
    with LambdaFunction(
        _ROOT / "src", "handlers.review.handler", environment, timeout_seconds=_TIMEOUT
    ) as function:
        event = {"Records": [{"messageId": "1", "body": json.dumps(_ASSIGNMENT)}]}
        with limited(function.pid, options.memory) as share:
            print(f"{options.pending} pending, {options.shape}, {options.ec2_seconds} s per call, ")
            print(f"{options.memory} MB, {share:.3f} vCPU")
            for number in range(1, options.runs + 1):
                start, cpu = perf_counter(), function.cpu_seconds
                outcome = function.invoke(event)
                seconds, cpu = perf_counter() - start, function.cpu_seconds - cpu
                if outcome.error_type:
                    raise RuntimeError(f"{outcome.error_type}: {outcome.error_message}")
                line = _totals(function.output())
                done = {name: count for name, count in line["actions"].items() if count}
                print(
                    f"run {number}: {seconds:.1f} s, its CPU {cpu:.1f} s, {done}, "
                    f"not read {line['not_read']}, peak {function.peak_megabytes} MB"
                )
                if not line["actions"]["deferred"]:
                    break


_ASSIGNMENT: Final = {"cluster": CLUSTER.name, "region": CLUSTER.region}


def _settings(memory: int) -> dict[str, str]:
    return {
        "PYTHONPATH": f"{_ROOT / 'src'}:{_LIBRARIES}",
        "STACK_NAME": "csr-approver",
        "POWERTOOLS_SERVICE_NAME": "csr-approver",
        "APPROVE_AFTER_SECONDS": "0",
        "MODE": "approve-only",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
    }


def _totals(printed: str) -> dict[str, Any]:
    lines = [json.loads(line) for line in printed.splitlines()]
    totals: dict[str, Any] = [one for one in lines if one.get("message") == "cluster reviewed"][-1]
    return totals


if __name__ == "__main__":
    main()
