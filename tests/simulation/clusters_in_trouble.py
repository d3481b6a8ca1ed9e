"""Stories of one cluster: trouble with its signer, API server, access or tags, and its life."""

from collections.abc import Iterator

from tests.simulation.fleet import Fleet
from tests.simulation.script import Story
from tests.simulation.world.clusters import ApiFault
from tests.simulation.world.eks import Signing
from tests.simulation.world.timeline import HOUR, MINUTE


def signer_off(cluster: str) -> Story:
    """EKS issues nothing, while nodes join."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        where.eks.signing = Signing.OFF
        fleet.scale_out(where, 5)
        yield
        where.eks.signing = Signing.NORMAL
        where.eks.sign_all()

    return story


def api_in(cluster: str, fault: ApiFault, *, for_kubelets: bool = False) -> Story:
    """The API server has a fault for the approver, or for all of its clients."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        where.suffer(fault)
        where.requests.is_up = not for_kubelets
        yield
        where.requests.is_up = True
        where.suffer(ApiFault.NONE)

    return story


def refused_writes(cluster: str) -> Story:
    """The API server accepts no decision of ours, while nodes join whose requests EKS overlooks."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        with where.eks.overlooking_all():
            fleet.scale_out(where, 3)
            where.suffer(ApiFault.REFUSES_WRITES)
            yield
            where.suffer(ApiFault.NONE)

    return story


def becomes_private(cluster: str) -> Story:
    """The cluster's endpoint is made private, while the reviewer runs outside any VPC."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)

        def become_private() -> None:
            where.suffer(ApiFault.NO_ROUTE)
            where.change(private_only=True)

        fleet.refresh(where, become_private)
        yield
        where.suffer(ApiFault.NONE)
        where.change(private_only=False)

    return story


def tagged(cluster: str, mode: str) -> Story:
    """The cluster gets the tag csr-approver:mode."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        # The dispatcher reports an ended review for an hour after it notices it.
        fleet.account.touch(1.5 * HOUR)
        fleet.refresh(where, lambda: where.change(tags={"csr-approver:mode": mode}))
        yield
        fleet.account.touch()
        where.change(tags={})

    return story


def upgrade(cluster: str) -> Story:
    """EKS upgrades the cluster: its API server answers 5xx for five minutes, then nodes roll."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        where.change(status="UPDATING")
        down = api_in(cluster, ApiFault.SERVER_ERROR, for_kubelets=True)(fleet)
        fleet.timeline.after(10 * MINUTE, lambda: next(down))
        fleet.timeline.after(15 * MINUTE, lambda: next(down, None))
        yield
        where.change(status="ACTIVE")

    return story


def deletion(cluster: str) -> Story:
    """The cluster is deleted while nodes have pending requests."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.cluster(cluster)
        for _ in range(5):
            fleet.join(where).node.mapped = False
        yield

        def delete() -> None:
            where.change(status="DELETING")
            where.suffer(ApiFault.NO_ROUTE)
            fleet.timeline.after(8 * MINUTE, lambda: fleet.account.delete_cluster(where))

        fleet.refresh(where, delete)

    return story


def creation(cluster: str) -> Story:
    """A cluster is created; half an hour later it gets its access entry, and nodes."""

    def story(fleet: Fleet) -> Iterator[None]:
        where = fleet.account.cluster(cluster)
        created = fleet.timeline.now()
        where.change(status="CREATING", created=created)
        where.suffer(ApiFault.NO_ACCESS)
        fleet.timeline.after(10 * MINUTE, lambda: where.change(status="ACTIVE"))
        fleet.timeline.after(10 * MINUTE, fleet.account.touch)
        yield
        where.suffer(ApiFault.NONE)
        fleet.scale_out(where, 10)

    return story
