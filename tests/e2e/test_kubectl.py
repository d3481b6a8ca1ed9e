"""`kubectl logs` and `kubectl exec`, before and after this approver's review."""

import socket
from typing import Any, Final

from sandbox.aws import Eni, FakeAws
from tests.controlplane.nodes import CSRS, RBAC, VPC, Node, join, review
from tests.controlplane.pods import schedule
from tests.real.controlplane import ControlPlane, eventually
from tests.real.node import NodeProgram

_ELSEWHERE: Final = ("192.0.2.1", 9)


def own_address() -> str:
    """Return an address of this machine; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(_ELSEWHERE)
        return str(asking.getsockname()[0])


def free_port(address: str) -> int:
    with socket.socket() as bound:
        bound.bind((address, 0))
        return int(bound.getsockname()[1])


def let_the_api_server_read_kubelets(plane: ControlPlane) -> None:
    """Bind the role that the API server's user has in every EKS cluster."""
    group = "rbac.authorization.k8s.io"
    body = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "kubelet-api"},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "system:kubelet-api-admin"},
        "subjects": [{"apiGroup": group, "kind": "User", "name": "kube-apiserver-kubelet-client"}],
    }
    assert 201 == plane.admin.request("POST", f"{RBAC}/clusterrolebindings", body)[0]


def has_filed(plane: ControlPlane, node: Node) -> bool | None:
    items: Any = plane.admin.request("GET", CSRS)[1]["items"]
    return any(csr["spec"]["username"] == f"system:node:{node.name}" for csr in items) or None


def ready_containers(plane: ControlPlane, pod: str) -> bool | None:
    status: Any = plane.admin.request("GET", f"/api/v1/namespaces/default/pods/{pod}")[1]["status"]
    return any(container["ready"] for container in status.get("containerStatuses", [])) or None


def test_kubectl_logs_and_exec_work_after_one_review(
    plane: ControlPlane, aws: FakeAws, profile: str, programs: NodeProgram
) -> None:
    """Both commands fail with the kubelet's `tls: internal error` until its request is approved."""
    let_the_api_server_read_kubelets(plane)
    ip = own_address()
    node = join(plane, aws, profile, enis=(Eni(ip),))
    programs.start_cloud(aws, vpc=VPC)
    programs.start_kubelet(
        node.name,
        node.token,
        ip=ip,
        port=free_port(ip),
        provider=f"aws:///us-east-1a/{node.machine.id}",
    )
    eventually(lambda: has_filed(plane, node), "the kubelet's request", 60)
    schedule(plane, node, "hello")
    eventually(lambda: ready_containers(plane, "hello"), "the container", 60)
    for command in (["logs", "hello"], ["exec", "hello", "--", "date"]):
        refused = programs.kubectl(*command)
        assert (1, True) == (refused.returncode, "tls: internal error" in refused.stderr)

    review(plane)

    def logs() -> str | None:
        return programs.kubectl("logs", "hello").stdout or None

    assert "hello from the container\n" == eventually(logs, "kubectl logs")
    assert "ran date -u\n" == programs.kubectl("exec", "hello", "--", "date", "-u").stdout
