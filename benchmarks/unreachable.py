"""How much of the reviewer's time unreachable clusters take: `python -m benchmarks.unreachable`.

It measures one attempt at an endpoint that drops packets, as a firewall does, with and without what
`adapters.reach` knows. From that it simulates a minute's queue: 50 clusters in random order, 24 of
them unreachable, half of which EKS describes as private, and ten environments.
"""

import heapq
import random
from collections.abc import Sequence
from time import perf_counter
from typing import Final

from adapters.clock import WallClock
from adapters.csr_api import KubernetesCsrApi
from adapters.retry import Retries
from core.errors import ClusterUnavailable
from core.model import KUBELET_SERVING
from tests.adapters.scripted_api import CA_PEM, dropping

_ENVIRONMENTS: Final = 10
_HEALTHY: Final = 26
_UNREACHABLE: Final = 24
_PRIVATE: Final = 12

#: Of an idle cluster, as docs/cost.md assumes.
_REVIEW_SECONDS: Final = 0.4

#: EKS's endpoints have two addresses, and each is tried; on loopback there is one.
_ADDRESSES: Final = 2

_ROUNDS: Final = 1_000
_RUN_SECONDS: Final = 50.0


def main() -> None:
    """Measure and print."""
    usual, brief = (_seconds(is_doubtful=one) for one in (False, True))
    print(f"one attempt, one address: {usual:.1f} s with retries, {brief:.1f} s if doubtful")
    minutes = {
        "without adapters.reach": [usual * _ADDRESSES] * _UNREACHABLE,
        "first two minutes": [0.0] * _PRIVATE + [brief * _ADDRESSES] * (_UNREACHABLE - _PRIVATE),
        "later": [0.0] * _UNREACHABLE,
        "all reachable": [_REVIEW_SECONDS] * _UNREACHABLE,
    }
    for name, unreachable in minutes.items():
        print(f"{name}: the last healthy cluster's review begins {_last_begin(unreachable)}")


def _seconds(*, is_doubtful: bool) -> float:
    clock = WallClock(_RUN_SECONDS)
    retries = Retries(clock, is_doubtful=is_doubtful)
    with dropping() as url:
        start = perf_counter()
        try:
            with KubernetesCsrApi(url, CA_PEM, lambda: "token", clock, retries=retries) as api:
                api.list_csrs(KUBELET_SERVING)
        except ClusterUnavailable:
            return perf_counter() - start
    raise AssertionError("the endpoint answered")


def _last_begin(unreachable: Sequence[float]) -> str:
    """Return after how many seconds it begins, over many orders of the messages."""
    order = random.Random(1)  # noqa: S311  the same orders each time
    begins = sorted(_simulated(unreachable, order) for _ in range(_ROUNDS))
    return f"after {begins[_ROUNDS // 2]:.1f} s (median; {begins[0]:.1f} to {begins[-1]:.1f})"


def _simulated(unreachable: Sequence[float], order: random.Random) -> float:
    messages = [(True, _REVIEW_SECONDS)] * _HEALTHY + [(False, one) for one in unreachable]
    order.shuffle(messages)
    free = [0.0] * _ENVIRONMENTS
    last = 0.0
    for is_healthy, seconds in messages:
        begin = heapq.heappop(free)
        last = max(last, begin) if is_healthy else last
        heapq.heappush(free, begin + seconds)
    return last


if __name__ == "__main__":
    main()
