"""A fleet of clusters whose nodes come and go, and the stack that serves it."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from core.settings import DispatchSettings, ReviewSettings
from tests.simulation.deployment import Deployment
from tests.simulation.world import nodes
from tests.simulation.world.account import SimulatedAccount
from tests.simulation.world.clusters import SimulatedCluster
from tests.simulation.world.kubelets import Kubelet
from tests.simulation.world.timeline import DAY, HOUR, MINUTE, Timeline

CLUSTERS: Final = 50
_NODES: Final = range(6, 24)


class Fleet:
    """The clusters `c01` to `c50`, and the stack. Each cluster has 6 to 23 nodes."""

    def __init__(
        self,
        seed: str,
        *,
        clusters: int = CLUSTERS,
        sample: float = 0.0,
        dispatch_settings: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        """`settings`: the reviewer's that aren't defaults. `dispatch_settings`: the dispatcher's.

        `sample`: the fraction of quiet runs that are compared with the real functions.
        """
        self.timeline = Timeline()
        self.account = SimulatedAccount(self.timeline, seed)
        for number in range(1, clusters + 1):
            cluster = self.account.cluster(f"c{number:02}")
            for _ in range(cluster.random.choice(_NODES)):
                cluster.add_settled(cluster.next_node(self.account.number()))
        self.deployment = Deployment(
            self.account,
            ReviewSettings.model_validate({"mode": "enforce", **settings}),
            DispatchSettings.model_validate(
                {"queue_url": "the queue's", **(dispatch_settings or {})}
            ),
            sample,
        )

    def cluster(self, name: str) -> SimulatedCluster:
        """Return a cluster of the home Region by its name."""
        return next(one for (known, _), one in self.account.clusters.items() if known == name)

    def join(self, cluster: SimulatedCluster, *, asks_after: float = 60.0) -> Kubelet:
        """Let one healthy node join."""
        self.account.launched(cluster)
        return cluster.add(cluster.next_node(self.account.number()), asks_after=asks_after)

    def join_public(self, cluster: SimulatedCluster) -> Kubelet:
        """Let a node join in a public subnet."""
        number, region = self.account.number(), cluster.region
        self.account.launched(cluster)
        return cluster.add(nodes.in_public_subnet(cluster.next_node(number), number, region))

    def scale_out(self, cluster: SimulatedCluster, count: int, *, within: float = 120.0) -> None:
        """Let many nodes join within some seconds."""
        for _ in range(count):
            self.join(cluster, asks_after=cluster.random.uniform(30.0, 30.0 + within))

    def scale_in(self, cluster: SimulatedCluster, count: int) -> None:
        """Terminate the nodes that joined last."""
        for name in list(cluster.kubelets)[-count:]:
            cluster.remove(name)

    def churn(self, cluster: SimulatedCluster, *, every: float) -> None:
        """Replace random nodes from now on, like Spot instances. `every`: mean seconds between."""

        def replace_one() -> None:
            if cluster.kubelets:
                cluster.remove(cluster.random.choice(list(cluster.kubelets)))
            self.join(cluster)
            self.timeline.after(cluster.random.expovariate(1 / every), replace_one)

        self.timeline.after(cluster.random.expovariate(1 / every), replace_one)

    def scale_daily(self, clusters: Iterable[SimulatedCluster], count: int) -> None:
        """Let this many nodes join each cluster every morning, and leave in the evening."""

        def morning(cluster: SimulatedCluster) -> None:
            self.scale_out(cluster, count)
            self.timeline.after(10 * HOUR, lambda: self.scale_in(cluster, count))
            self.timeline.after(DAY, lambda: morning(cluster))

        for cluster in clusters:
            at = 8 * HOUR + cluster.random.uniform(0, HOUR)
            self.timeline.at(at, partial(morning, cluster))

    def refresh(self, cluster: SimulatedCluster, then: Callable[[], None]) -> None:
        """Let both functions describe the cluster before `then`, so that they notice it late."""
        self.account.touch()
        cluster.touch()
        self.timeline.after(1.5 * MINUTE, then)

    def run(self, minutes: int) -> None:
        """Simulate this many minutes."""
        for minute in range(minutes):
            self.deployment.run(minute)
