"""Clusters: their nodes, their requests, how EKS describes them, and their faults."""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto
from random import Random
from typing import Any, Final

from adapters.eks import DescribedCluster
from core.model import Cluster, Csr, Instance
from tests.simulation.world import nodes
from tests.simulation.world.eks import ControlPlane
from tests.simulation.world.kubelets import Kubelet
from tests.simulation.world.nodes import Node
from tests.simulation.world.requests import Requests
from tests.simulation.world.timeline import DAY, HOUR, MINUTE, Timeline

#: For how many seconds after a change the approver may still notice it: it keeps descriptions for
#: 15 minutes, and doesn't contact an unreachable endpoint again for as long.
RESTLESS: Final = 20 * MINUTE

#: How long EC2 shows a terminated instance. From: EC2 User Guide, "Terminate Amazon EC2 instances".
_SHOWN_FOR: Final = HOUR


class ApiFault(Enum):
    """A fault of the API server, which the approver meets and kubelets don't."""

    NONE = auto()
    #: Every call is answered by a 500.
    SERVER_ERROR = auto()
    #: A call to list is accepted and never answered.
    HANGS = auto()
    #: The list is cut short.
    TRUNCATED = auto()
    #: A webhook refuses every decision.
    REFUSES_WRITES = auto()
    #: Its endpoint accepts no connection from the approver.
    NO_ROUTE = auto()
    #: The approver's access entry is gone.
    NO_ACCESS = auto()


class SimulatedCluster:
    """One EKS cluster. After a change that the approver sees it is restless: reviews are real."""

    def __init__(self, name: str, region: str, timeline: Timeline, seed: str) -> None:
        self.name = name
        self.region = region
        self.timeline = timeline
        self.random = Random(f"{seed}/{region}/{name}")  # noqa: S311  a simulation
        self.requests = Requests(timeline, self.random.uniform(0, HOUR))
        self.eks = ControlPlane(timeline, self.requests, self.random, self._is_honest)
        self.kubelets: dict[str, Kubelet] = {}
        self.fault = ApiFault.NONE
        self.described = DescribedCluster(
            cluster=Cluster(name, region, f"vpc-of-{name}"),
            status="ACTIVE",
            endpoint=f"https://{name}.{region}.eks.amazonaws.com",
            ca_pem="",
            token_for=name,
            auth_mode="API",
            private_only=False,
        )
        self._terminated: dict[str, Instance] = {}
        self.restless_until = 0.0
        #: The second within each minute at which its review happens.
        self.review_offset = float(self.random.randint(2, 20))

    def change(self, **changes: Any) -> None:
        """Change fields of its description, or the `tags` of its `Cluster`."""
        self.touch()
        if "tags" in changes:
            changes["cluster"] = replace(self.described.cluster, tags=changes.pop("tags"))
        self.described = replace(self.described, **changes)

    def suffer(self, fault: ApiFault) -> None:
        """Give its API server this fault."""
        self.touch()
        self.fault = fault

    def touch(self, seconds: float = RESTLESS) -> None:
        """Run real reviews of it for so long: something changes that the approver may see."""
        self.restless_until = max(self.restless_until, self.timeline.seconds + seconds)

    def evidence_changed(self) -> None:
        """Run a real review next, if it asks EC2, whose answer has changed."""
        if any(csr.is_pending for csr in self.requests.list()):
            self.touch(MINUTE)

    def add(self, node: Node, *, asks_after: float = 60.0) -> Kubelet:
        """Let a node join; its kubelet files its first request after some seconds."""
        kubelet = Kubelet(node, self.requests, self.timeline, self.random)
        self.kubelets[node.name] = kubelet
        kubelet.renew_after(asks_after)
        return kubelet

    def add_settled(self, node: Node) -> None:
        """Add a node that has its certificate, and will renew it within a month."""
        self.add(node, asks_after=self.random.uniform(60.0, 35 * DAY))

    def remove(self, name: str) -> None:
        """Terminate a node."""
        kubelet = self.kubelets.pop(name)
        kubelet.stop()
        ended = replace(kubelet.node.instance, state="terminated")
        self._terminated[ended.id] = ended
        self.evidence_changed()
        self.timeline.after(_SHOWN_FOR, lambda: self._forget(ended.id))

    def _forget(self, instance_id: str) -> None:
        del self._terminated[instance_id]
        self.evidence_changed()

    def instances(self) -> list[Instance]:
        """Return what EC2 shows of its nodes."""
        running = [kubelet.node.instance for kubelet in self.kubelets.values()]
        return [*running, *self._terminated.values()]

    def each_kubelet(self, do: Callable[[Kubelet], None]) -> None:
        """Do something to all kubelets."""
        for kubelet in list(self.kubelets.values()):
            do(kubelet)

    def next_node(self, number: int) -> Node:
        """Return a node of this cluster that hasn't joined yet."""
        vpc_id = self.described.cluster.vpc_id
        return nodes.a_node(number, self.name, self.region, vpc_id, self.timeline.now())

    def _is_honest(self, csr: Csr) -> bool:
        kubelet = self.kubelets.get(csr.node or "")
        return kubelet is not None and kubelet.node.is_honest
