"""A pod on a node, and its log through the API server."""

from tests.controlplane.nodes import Node
from tests.real.controlplane import ControlPlane

_NAMESPACE = "/api/v1/namespaces/default"


def run_pod(plane: ControlPlane, node: Node, pod: str) -> None:
    """Register the node as its kubelet does, and schedule a pod on it."""
    address = {"type": "InternalIP", "address": node.ip}
    _create(
        plane,
        "/api/v1/nodes",
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": node.name},
            "status": {
                "addresses": [address],
                "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
            },
        },
    )
    schedule(plane, node, pod)


def schedule(plane: ControlPlane, node: Node, pod: str) -> None:
    """Schedule a pod of the container `app` on the node, without a ServiceAccount's token."""
    _create(
        plane,
        f"{_NAMESPACE}/serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
    )
    _create(
        plane,
        f"{_NAMESPACE}/pods",
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": pod},
            "spec": {
                "nodeName": node.name,
                "automountServiceAccountToken": False,
                "containers": [{"name": "app", "image": "app"}],
            },
        },
    )


def logs(plane: ControlPlane, pod: str) -> tuple[int, str]:
    """Return status and text of the API server's answer, as `kubectl logs` requests it."""
    status, body = plane.admin.send("GET", f"{_NAMESPACE}/pods/{pod}/log")
    return status, body.decode()


def _create(plane: ControlPlane, path: str, body: dict[str, object]) -> None:
    status, answer = plane.admin.request("POST", path, body)
    assert status in {201, 409}, answer  # the ServiceAccount is there for the second pod
