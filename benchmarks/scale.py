"""How many calls a fleet costs each minute: `python -m benchmarks.scale`.

It simulates minutes of the dispatcher and of the reviewer's environments, with the real caches and
the real code that sends messages. A message may reach any environment: how Lambda chooses one isn't
documented. The results are in `docs/deploy.md`, and a test compares them.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from adapters import eks, queue
from adapters.cluster_cache import ClusterCache
from adapters.eks import DescribedCluster
from adapters.iam import InstanceProfiles
from adapters.queue import Assignment
from core.model import Cluster

REGION: Final = "eu-west-1"
_ACCOUNT: Final = "arn:aws:iam::123456789012"
_PAGE: Final = 100

#: Minutes until each cache has renewed its first answers, and minutes that are counted.
_WARM_UP: Final = 60
_COUNTED: Final = 15

#: The part of the clusters with a request that EKS hasn't decided after 90 s, in each minute, and
#: the instance profiles of a cluster's nodes. Assumed.
_BUSY: Final = 0.02
_PROFILES: Final = 2


@dataclass(frozen=True, slots=True)
class Fleet:
    """One account. `environments`: the reviewer's warm ones, at most ReviewerConcurrency."""

    clusters: int
    environments: int
    spread: bool = True


class CountedAws:
    """Answers as EKS, IAM and SQS do, and counts the calls."""

    def __init__(self, names: Sequence[str]) -> None:
        """`names`: those of the clusters."""
        self.names = names
        self.calls = Counter[str]()
        self.time = datetime(2026, 11, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the simulated time."""
        return self.time

    def get_paginator(self, _operation: str) -> "CountedAws":
        """Return itself as the paginator of `list_clusters`, the only one that is asked for."""
        return self

    def paginate(self, **_: Any) -> Iterator[Mapping[str, Sequence[str]]]:
        """Yield pages of a hundred names, as many as EKS returns at most."""
        for start in range(0, len(self.names), _PAGE):
            self.calls["EKS ListClusters"] += 1
            yield {"clusters": self.names[start : start + _PAGE]}

    def describe(self, caller: str, name: str, region: str) -> DescribedCluster:
        """Count a DescribeCluster of the dispatcher or the reviewer."""
        self.calls[f"EKS DescribeCluster, {caller}"] += 1
        cluster = Cluster(name, region, "")
        return DescribedCluster(cluster, "ACTIVE", "https://x", "PEM", name, "API", False)

    def get_instance_profile(self, **given: str) -> Any:
        """Return an instance profile whose role has the same name."""
        self.calls["IAM GetInstanceProfile"] += 1
        name = given["InstanceProfileName"]
        roles = [{"Arn": f"{_ACCOUNT}:role/{name}"}]
        return {"InstanceProfile": {"Arn": f"{_ACCOUNT}:instance-profile/{name}", "Roles": roles}}

    def send_message_batch(self, **given: Any) -> Any:
        """Accept all messages."""
        self.calls["SQS SendMessageBatch"] += 1
        return {"Successful": [{"Id": entry["Id"]} for entry in given["Entries"]]}


class _Environment:
    """One environment of the reviewer, with what it keeps."""

    def __init__(self, aws: CountedAws) -> None:
        self._aws = aws
        self._clusters = ClusterCache(partial(aws.describe, "reviewer"), aws.now)
        self._profiles = InstanceProfiles(aws, aws.now)

    def review(self, name: str, *, is_busy: bool) -> None:
        self._aws.calls["SQS ReceiveMessage, DeleteMessage"] += 2
        self._clusters.get(name, REGION)
        if not is_busy:
            return
        self._aws.calls["EC2 DescribeInstances"] += 1
        for number in range(_PROFILES):
            self._profiles.role(f"{_ACCOUNT}:instance-profile/{name}-{number}")


def calls_by_minute(fleet: Fleet) -> list[Mapping[str, int]]:
    """Return the calls of each minute from a cold start on."""
    aws = CountedAws([f"cluster-{number}" for number in range(fleet.clusters)])
    dispatcher = ClusterCache(partial(aws.describe, "dispatcher"), aws.now, spread=fleet.spread)
    environments = [_Environment(aws) for _ in range(fleet.environments)]
    chance = random.Random(1)  # noqa: S311  the same minutes each time
    minutes: list[Mapping[str, int]] = []
    for _ in range(_WARM_UP + _COUNTED):
        aws.calls = Counter()
        names = eks.list_clusters(aws)
        for name in names:
            dispatcher.get(name, REGION)
        queue.send(aws, "queue", [Assignment(cluster=name, region=REGION) for name in names])
        for name in names:
            chance.choice(environments).review(name, is_busy=chance.random() < _BUSY)
        minutes.append(aws.calls)
        aws.time += timedelta(minutes=1)
    return minutes


def usual(fleet: Fleet) -> Mapping[str, int]:
    """Return the calls of an average minute once the caches are warm."""
    counted = calls_by_minute(fleet)[_WARM_UP:]
    total: Counter[str] = sum(map(Counter, counted), Counter())
    return {call: round(count / len(counted)) for call, count in sorted(total.items())}


def main() -> None:
    """Print the calls of some fleets."""
    for fleet in (Fleet(100, 10), Fleet(1_000, 10), Fleet(1_000, 14), Fleet(1_000, 50)):
        print(f"{fleet.clusters} clusters, {fleet.environments} environments, each minute:")
        for call, count in usual(fleet).items():
            print(f"  {call}: {count}")
    for spread in (False, True):
        minutes = calls_by_minute(Fleet(1_000, 14, spread=spread))
        most = max(one["EKS DescribeCluster, dispatcher"] for one in minutes[1:])
        print(f"the dispatcher's highest minute after a cold start, spread={spread}: {most}")


if __name__ == "__main__":
    main()
