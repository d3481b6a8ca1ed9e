"""A cluster of a real kube-apiserver, in which nodes file requests as kubelets do."""

import base64
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from adapters.eks_token import cluster_token
from benchmarks.nodes import CLUSTER, Node, a_node
from core.model import KUBELET_SERVING
from sandbox.identity import AwsIdentity
from tests.real.controlplane import ControlPlane, build, eventually

CSRS: Final = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_AT_ONCE: Final = 8
# No token is verified again while something is measured.
_TOKENS_KEPT_SECONDS: Final = 3_600

T = TypeVar("T")


class BenchCluster:
    """A control plane that gives our credentials all rights."""

    def __init__(self, folder: Path, report: Callable[[str], None]) -> None:
        """Build the control plane, if it isn't built yet, and start it in `folder`."""
        self.binary = build(report)
        self.plane = ControlPlane(CLUSTER.name, token_cache_seconds=_TOKENS_KEPT_SECONDS)
        self.plane.start(folder)
        self.ca = folder / "benchmark-ca.pem"
        self.ca.write_text(self.plane.ca_pem)
        self._approver = AwsIdentity.session("approver", "bench")
        self.plane.add_identity(self._approver)
        arn = f"arn:aws:iam::{self._approver.account}:role/approver"
        self.plane.map_role(arn, "bench", ["system:masters"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.plane.close()

    @property
    def credentials(self) -> dict[str, str]:
        """Return the approver's credentials as a function's environment has them."""
        keys = self._approver.get_frozen_credentials()
        return {
            "AWS_REGION": self.plane.region,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token or "",
        }

    def token(self) -> str:
        """Return a new token of the approver."""
        return cluster_token(self._approver, cluster=CLUSTER.name, region=self.plane.region)

    def issue(self, *, issues: bool) -> None:
        """Start or stop the signer. While it is off, only the approver writes."""
        if issues:
            self.plane.start_process("signer")
        else:
            self.plane.stop("signer")

    def file(self, count: int) -> list[Node]:
        """File a CSR for each of `count` nodes, with a generated name, as kubelets do."""
        nodes = [a_node(number) for number in range(count)]
        statuses = set(each(self._create, nodes))
        if statuses != {201}:
            raise RuntimeError(f"filing CSRs: expected only 201, got {statuses}")
        return nodes

    def wait_until_issued(self, count: int) -> None:
        """Wait until so many CSRs have a certificate."""

        def issued() -> bool | None:
            found = sum("certificate" in item["status"] for item in self.items())
            return found >= count or None

        eventually(issued, f"{count} certificates", seconds=120)

    def items(self) -> list[dict[str, Any]]:
        """Return all CSRs."""
        items: list[dict[str, Any]] = self.plane.admin.request("GET", CSRS)[1]["items"]
        return items

    def clear(self) -> None:
        """Delete all CSRs."""
        self.plane.admin.request("DELETE", CSRS)

    def _create(self, node: Node) -> int:
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"generateName": "csr-"},
            "spec": {
                "request": base64.b64encode(node.pem).decode(),
                "signerName": KUBELET_SERVING,
                "usages": ["digital signature", "server auth"],
            },
        }
        return self.plane.admin.request("POST", CSRS, body, _impersonating(node))[0]


def each(work: Callable[[T], int], items: Iterable[T]) -> Sequence[int]:
    """Return the result for each item; eight are under way at once."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return list(pool.map(work, items))


def _impersonating(node: Node) -> dict[str, str]:
    """Return headers by which an administrator impersonates the node; capitals are escaped."""
    headers = {"Impersonate-User": node.username, "Impersonate-Group": "system:nodes"}
    for key, values in node.extra.items():
        escaped = "".join(c if c.islower() or c.isdigit() else f"%{ord(c):02x}" for c in key)
        headers[f"Impersonate-Extra-{escaped}"] = values[0]
    return headers
