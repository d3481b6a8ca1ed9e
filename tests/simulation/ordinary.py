"""Stories of a healthy fleet, which must cause no notification."""

from collections.abc import Iterator
from functools import partial

from tests.simulation.fleet import Fleet
from tests.simulation.script import Story
from tests.simulation.world.clusters import SimulatedCluster
from tests.simulation.world.nodes import Node, public_address, with_public
from tests.simulation.world.timeline import MINUTE


def rotation_storm(cluster: str) -> Story:
    """All kubelets of a cluster ask for new certificates within a minute."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        where.each_kubelet(lambda kubelet: kubelet.renew_after(where.random.uniform(0, MINUTE)))
        yield

    return story


def scale_out(cluster: str, count: int) -> Story:
    """Many nodes join, and leave hours later."""

    def story(fleet: Fleet) -> Iterator[None]:
        fleet.scale_out(fleet.cluster(cluster), count)
        yield
        fleet.scale_in(fleet.cluster(cluster), count)

    return story


def replacement(cluster: str) -> Story:
    """Every node is replaced, one after another."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)

        def replace_one(name: str) -> None:
            where.remove(name)
            fleet.join(where)

        for number, name in enumerate(list(where.kubelets)):
            fleet.timeline.after(number * 3 * MINUTE, partial(replace_one, name))
        yield

    return story


def restarts(cluster: str) -> Story:
    """Kubelets restart while their first request is pending, and file another."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        with where.eks.overlooking_all():
            joined = [fleet.join(where) for _ in range(5)]
            for kubelet in joined:
                fleet.timeline.after(1.5 * MINUTE, kubelet.restart)
            yield

    return story


def terminated_while_pending(cluster: str) -> Story:
    """A node is terminated while its request is pending."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        kubelet = fleet.join(where, asks_after=0.0)
        with where.eks.overlooking_all():
            fleet.timeline.after(MINUTE, lambda: where.remove(kubelet.node.name))
            yield

    return story


def moved_address(cluster: str) -> Story:
    """A node's public address changes while its second request is pending."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        with where.eks.overlooking_all():
            kubelet = fleet.join_public(where)
            fleet.timeline.after(3.5 * MINUTE, lambda: _move_address(fleet, where, kubelet.node))
            yield

    return story


def _move_address(fleet: Fleet, cluster: SimulatedCluster, node: Node) -> None:
    """Give the node another public address, which its kubelet requests the next time."""
    address = public_address(fleet.account.number())
    node.instance = with_public(node.instance, address, cluster.region)
    cluster.evidence_changed()
    node.public = ((node.instance.public_dns_name,), (address,))
    node.dns, node.ips = (node.dns[0], *node.public[0]), (node.ips[0], *node.public[1])


def public_subnet(cluster: str, count: int) -> Story:
    """Nodes join in a public subnet, which takes two rounds."""

    def story(fleet: Fleet) -> Iterator[None]:
        for _ in range(count):
            fleet.join_public(fleet.cluster(cluster))
        yield

    return story
