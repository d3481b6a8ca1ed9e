"""Problems of single nodes: what they ask for, and what the signer does with it."""

from collections.abc import Iterator
from dataclasses import replace

from tests.simulation.fleet import Fleet
from tests.simulation.script import Story
from tests.simulation.world.eks import Signing
from tests.simulation.world.nodes import FOREIGN
from tests.simulation.world.timeline import MINUTE


def foreign_name(cluster: str) -> Story:
    """A node asks for an address that isn't its own, until that is corrected."""

    def story(fleet: Fleet) -> Iterator[None]:
        node = fleet.join(fleet.cluster(cluster), asks_after=0.0).node
        own, node.ips = node.ips, (*node.ips, FOREIGN)
        yield
        node.ips = own

    return story


def unmapped_role(cluster: str) -> Story:
    """A node joins whose role the cluster doesn't map to nodes."""

    def story(fleet: Fleet) -> Iterator[None]:
        kubelet = fleet.join(fleet.cluster(cluster), asks_after=0.0)
        kubelet.node.mapped = False
        yield
        kubelet.node.mapped = True

    return story


def bad_signing(cluster: str, signing: Signing) -> Story:
    """The signer treats one new node in a wrong way."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        kubelet = fleet.join(where, asks_after=0.0)
        where.eks.signing_of[kubelet.node.name] = signing
        yield
        where.eks.signing_of.clear()

    return story


def lost_tag(cluster: str) -> Story:
    """The instances lose the cluster's tag, and EKS verifies none of the nodes' names."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        with where.eks.overlooking_all():
            nodes = [kubelet.node for kubelet in where.kubelets.values()]
            tags = dict(nodes[0].instance.tags)
            for node in nodes:
                node.instance = replace(node.instance, tags={})
            where.evidence_changed()
            for kubelet in list(where.kubelets.values())[:4]:
                kubelet.renew_after(where.random.uniform(0, 5 * MINUTE))
            yield
            for node in nodes:
                node.instance = replace(node.instance, tags=tags)
            where.evidence_changed()

    return story
