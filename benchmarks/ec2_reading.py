"""Measure what reading EC2's answers costs, in botocore and in our parser, without a network."""

from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, Final

import boto3
from botocore.awsrequest import AWSResponse

from adapters.aws_clients import client_config
from adapters.ec2 import Ec2Fleet
from adapters.iam import InstanceProfiles
from benchmarks.ec2_answer import described, instances_of
from benchmarks.nodes import CLUSTER, Node

_BATCH: Final = 200


class Ec2Reading:
    """An `Ec2Fleet` whose every call returns the next 200 instances at once."""

    def __init__(self, nodes: Sequence[Node], shape: str) -> None:
        """Prepare the answers in `shape`, one of `ec2_answer.SHAPES`."""
        instances = instances_of(nodes, shape)
        self._ids = sorted(instances)
        batches = range(0, len(self._ids), _BATCH)
        self._answers = [described(instances, self._ids[at : at + _BATCH]) for at in batches]
        self._next = 0
        client = boto3.client(
            "ec2",
            region_name=CLUSTER.region,
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="example",  # noqa: S106  nothing is sent
            config=client_config(),
        )
        client.meta.events.register("before-send.ec2", self._response)
        self._fleet = Ec2Fleet(client, InstanceProfiles(None, _Clock().now), _Clock())

    def read(self) -> list[object]:
        """Return what the fleet reads of each instance; each must be found exactly once."""
        self._next = 0
        known = self._fleet.by_id(self._ids)
        assert all(isinstance(known[one], tuple) for one in self._ids)  # noqa: S101  an error costs less
        return list(known.values())

    def _response(self, **_: Any) -> AWSResponse:
        body = self._answers[self._next]
        self._next += 1
        return AWSResponse("https://ec2.example", 200, {}, _Raw(body))


class _Raw(BytesIO):
    def stream(self, **_: Any) -> "_Raw":
        return self


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def remaining(self) -> float:
        return 50.0
