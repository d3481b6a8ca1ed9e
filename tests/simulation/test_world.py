"""The simulated kubelets, signer and API server do what the real ones were measured to do."""

from datetime import timedelta
from itertools import pairwise

import pytest

from core.model import Csr
from tests.simulation.world import nodes
from tests.simulation.world.account import SimulatedAccount
from tests.simulation.world.clusters import SimulatedCluster
from tests.simulation.world.eks import Signing
from tests.simulation.world.kubelets import Kubelet
from tests.simulation.world.timeline import HOUR, MINUTE, Timeline


def a_cluster(*, approves: float = 0.0) -> SimulatedCluster:
    """Return a cluster of which EKS approves this fraction of honest requests."""
    cluster = SimulatedAccount(Timeline(), "a test").cluster("prod")
    cluster.eks.approves = approves
    return cluster


def joined(cluster: SimulatedCluster) -> Kubelet:
    return cluster.add(cluster.next_node(1), asks_after=0.0)


def filed(cluster: SimulatedCluster) -> list[float]:
    """Return the seconds at which the listed requests were filed, in whole seconds."""
    start = Timeline().now()
    return [(csr.created - start).total_seconds() for csr in cluster.requests.list()]


def gaps(cluster: SimulatedCluster) -> list[float]:
    return [after - before for before, after in pairwise(filed(cluster))]


def run(cluster: SimulatedCluster, seconds: float) -> list[Csr]:
    cluster.timeline.run_until(cluster.timeline.seconds + seconds)
    return list(cluster.requests.list())


def test_a_kubelet_whose_request_stays_pending_files_again_after_902_to_908_seconds() -> None:
    """So it files four requests an hour, as measured."""
    cluster = a_cluster()
    joined(cluster)

    run(cluster, HOUR)

    assert len(filed(cluster)) == 4
    assert all(901 <= gap <= 909 for gap in gaps(cluster))


def test_a_kubelet_that_is_always_denied_files_again_after_2_4_8_17_and_up_to_32_seconds() -> None:
    """From the fifth on, it files at the next multiple of 32 s, as measured."""
    cluster = a_cluster()

    def deny(csr: Csr) -> None:
        cluster.timeline.after(
            0.01, lambda: cluster.requests.decide(csr.name, "Denied", "ByTheTest")
        )

    cluster.requests.on_change.append(deny)
    joined(cluster)

    run(cluster, 5 * MINUTE)

    assert [2, 4, 8, 17] == [pytest.approx(gap, abs=1.1) for gap in gaps(cluster)[:4]]
    assert all(1 <= gap <= 33 for gap in gaps(cluster)[4:])


def test_a_kubelet_whose_request_is_deleted_files_again_after_two_seconds() -> None:
    """An operator can make it file at once by `kubectl delete csr`."""
    cluster = a_cluster()
    joined(cluster)
    [first] = run(cluster, 60.0)

    cluster.requests.delete(first.name)
    [second] = run(cluster, 3.0)

    assert second.created - first.created == timedelta(seconds=62)


def test_a_kubelet_does_not_file_again_when_an_older_request_is_deleted() -> None:
    """It waits only for its newest."""
    cluster = a_cluster()
    joined(cluster)
    first, _ = run(cluster, 920.0)

    cluster.requests.delete(first.name)

    assert len(run(cluster, MINUTE)) == 1


def test_a_kubelet_with_its_certificate_files_nothing_for_weeks() -> None:
    """It renews at 70 to 90 % of 45 days."""
    cluster = a_cluster(approves=1.0)
    joined(cluster)

    [csr] = run(cluster, 80.0)
    assert csr.certificate

    assert run(cluster, 24 * HOUR) == []


def test_eks_approves_an_honest_request_within_75_seconds_and_signs_it_within_three() -> None:
    """AWS says "up to 60 seconds"; 44 to 74 s were observed."""
    cluster = a_cluster(approves=1.0)
    joined(cluster)

    [csr] = run(cluster, 78.0)

    assert [one.reason for one in csr.conditions] == ["AutoApproved"]
    assert csr.certificate


def test_eks_leaves_a_request_with_a_name_that_is_not_the_instances() -> None:
    """It verifies names with EC2, as we do."""
    cluster = a_cluster(approves=1.0)
    kubelet = joined(cluster)
    kubelet.node.ips = (*kubelet.node.ips, nodes.FOREIGN)

    [csr] = run(cluster, 10 * MINUTE)

    assert csr.is_pending


def test_a_node_in_a_public_subnet_asks_in_two_rounds() -> None:
    """First for its private names, then for all of them."""
    cluster = a_cluster(approves=1.0)
    cluster.add(nodes.in_public_subnet(cluster.next_node(1), 1, "eu-west-1"), asks_after=0.0)

    first, second = run(cluster, 5 * MINUTE)

    assert len(second.request) > len(first.request)  # type: ignore[arg-type]
    assert first.certificate
    assert second.certificate


@pytest.mark.parametrize(
    ("signing", "condition", "is_issued"),
    [
        (Signing.NORMAL, "Approved", True),
        (Signing.OFF, "Approved", False),
        (Signing.FAILING, "Failed", False),
        (Signing.FEWER_NAMES, "Approved", True),
        (Signing.MISMATCH, "Approved", True),
    ],
)
def test_a_signer_issues_fails_or_does_nothing_as_it_is_set(
    signing: Signing, condition: str, *, is_issued: bool
) -> None:
    """EKS's signer also signs what the approver approves."""
    cluster = a_cluster(approves=1.0)
    cluster.eks.signing = signing
    joined(cluster)

    csr, *_ = run(cluster, 79.0)

    assert csr.conditions[-1].type == condition
    assert bool(csr.certificate) == is_issued


def test_decided_requests_are_deleted_after_an_hour_or_two_and_pending_ones_after_a_day() -> None:
    """The cleaner runs once an hour."""
    issued, pending = a_cluster(approves=1.0), a_cluster()
    joined(issued)
    kubelet = joined(pending)
    run(pending, 10.0)
    kubelet.stop()

    assert len(run(issued, HOUR)) == 1
    assert run(issued, 1.1 * HOUR) == []
    assert len(run(pending, 23.9 * HOUR)) == 1
    assert run(pending, 1.2 * HOUR) == []


def test_while_the_api_server_is_down_nothing_is_filed_approved_or_signed() -> None:
    """When it is back, all of that happens."""
    cluster = a_cluster(approves=1.0)
    cluster.requests.is_up = False
    joined(cluster)

    assert run(cluster, 10 * MINUTE) == []
    cluster.requests.is_up = True

    [csr] = run(cluster, 3 * MINUTE)
    assert csr.certificate
