"""How long it takes until all of many real kubelets serve with a certificate.

The kubelets' own certificate managers file the requests and wait for them, and the signer of
kube-controller-manager issues. The seconds begin with the review, when all requests are filed.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import NamedTuple

from adapters.eks_token import cluster_token
from benchmarks.cluster import BenchCluster
from benchmarks.function import ReviewFunction
from benchmarks.nodes import ACCOUNT, CLUSTER, ROLE, Node, a_node
from sandbox.identity import AwsIdentity
from tests.real.controlplane import Kubelets


class Serving(NamedTuple):
    """How many kubelets serve, and the seconds until the review's end and until the last one."""

    kubelets: int
    reviewed: float
    last: float


def until_all_serve(cluster: BenchCluster, count: int) -> Serving:
    """Start `count` kubelets, review once when all have filed, and wait for all certificates.

    Raises:
        RuntimeError: the review left a CSR.
        NotReadyError: a kubelet filed no request, or got no certificate.
    """
    nodes = [a_node(number) for number in range(count)]
    cluster.issue(issues=True)
    cluster.plane.map_role(str(ROLE), "system:node:{{EC2PrivateDNSName}}", ["system:nodes"])
    with (
        cluster.plane.kubelets() as kubelets,
        ReviewFunction(cluster, range(count), shape="eks") as function,
    ):
        function.review()
        for node in nodes:
            start_kubelet(cluster, kubelets, node)
        names = [node.instance.private_dns_name for node in nodes]
        for name in names:
            kubelets.wait_until_watching(name)
        start = perf_counter()
        review = function.review()
        reviewed = perf_counter() - start
        for name in names:
            kubelets.certificate(name)
        last = perf_counter() - start
    cluster.clear()
    cluster.issue(issues=False)
    if review.approved != count:
        raise RuntimeError(f"expected {count} approved, got {review.actions}")
    return Serving(count, reviewed, last)


def start_kubelet(
    cluster: BenchCluster, kubelets: Kubelets, node: Node, other_names: Sequence[str] = ()
) -> None:
    """Start a node's kubelet, with the token of the node's role. It asks for these names too."""
    identity = AwsIdentity.session(ROLE.name, node.instance.id, account=ACCOUNT)
    cluster.plane.add_identity(identity)
    name, address = node.instance.private_dns_name, node.instance.interfaces[0].ipv4[0].address
    cluster.plane.name_instance(node.instance.id, name)
    token = cluster_token(identity, cluster=CLUSTER.name, region=CLUSTER.region)
    kubelets.start(
        name,
        token,
        [("InternalIP", str(address)), *[("InternalDNS", one) for one in (name, *other_names)]],
    )
