"""Whole reviews, and a bare loop of the same PUTs, on a real kube-apiserver."""

import base64
import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import urllib3

from adapters.clock import WallClock
from adapters.csr_api import KubernetesCsrApi
from adapters.eks_token import cluster_token
from benchmarks.nodes import CLUSTER, SETTINGS, Node, SavedFleet, a_node
from core.model import KUBELET_SERVING, Action, Record, Run
from core.ports import Ports
from core.review import review
from core.signers import SIGNERS
from sandbox.identity import AwsIdentity
from tests.real.controlplane import ControlPlane, build

_CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
_TIMEOUT = 300


@dataclass(frozen=True)
class Measured:
    """What one review did, and how long it took."""

    approvals: int
    pages: int
    seconds: float


class NoLedger:
    """A ledger that discards everything."""

    def record(self, record: Record) -> None:
        """Discard it."""

    def finish(self, run: Run) -> None:
        """Discard it."""


class Bench:
    """A control plane whose signer is off, so that only the approver writes."""

    def __init__(self, folder: Path) -> None:
        """Prepare a control plane whose data are in `folder`."""
        build(print)
        self._plane = ControlPlane(CLUSTER.name).start(folder)
        self._plane.stop("signer")
        self._approver = AwsIdentity.session("approver", "bench")
        self._plane.add_identity(self._approver)
        arn = f"arn:aws:iam::{self._approver.account}:role/approver"
        self._plane.map_role(arn, "bench", ["system:masters"])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._plane.close()

    def review(self, prefix: str, count: int, connections: int) -> Measured:
        """File `count` CSRs, one per node, and approve them all in one review."""
        nodes = self.file(prefix, count)
        clock = WallClock(_TIMEOUT)
        start = perf_counter()
        with KubernetesCsrApi(
            self._plane.server, self._plane.ca_pem, self._token, clock, connections=connections
        ) as api:
            run = review(
                CLUSTER,
                SIGNERS[KUBELET_SERVING],
                SETTINGS,
                Ports(api, SavedFleet(nodes), clock, NoLedger()),
            )
        seconds = perf_counter() - start
        self._remove_all()
        return Measured(run.count(Action.APPROVED), run.pages, seconds)

    def bare_loop(self, prefix: str, count: int, connections: int) -> float:
        """File `count` CSRs, PUT what a review would, and return the seconds that the PUTs took."""
        self.file(prefix, count)
        pool = urllib3.PoolManager(
            ca_cert_data=self._plane.ca_pem, maxsize=connections, retries=False
        )
        headers = {
            "Authorization": f"Bearer {self._token()}",
            "Content-Type": "application/json",
        }
        bodies = [_approved(item) for item in self._list()]

        def put(body: dict[str, Any]) -> int:
            name = quote(body["metadata"]["name"], safe="")
            url = f"{self._plane.server}{_CSRS}/{name}/approval"
            return pool.request("PUT", url, body=json.dumps(body), headers=headers).status

        start = perf_counter()
        statuses = set(_each(put, bodies, connections))
        seconds = perf_counter() - start
        self._remove_all()
        if statuses != {200}:
            raise RuntimeError(f"approving in a bare loop: expected only 200, got {statuses}")
        return seconds

    @property
    def server(self) -> tuple[str, str]:
        """Return the API server's URL and its CA in PEM."""
        return self._plane.server, self._plane.ca_pem

    @property
    def credentials(self) -> dict[str, str]:
        """Return the approver's credentials as a function's environment has them."""
        keys = self._approver.get_frozen_credentials()
        return {
            "AWS_REGION": self._plane.region,
            "AWS_ACCESS_KEY_ID": keys.access_key,
            "AWS_SECRET_ACCESS_KEY": keys.secret_key,
            "AWS_SESSION_TOKEN": keys.token or "",
        }

    def _token(self) -> str:
        return cluster_token(self._approver, cluster=CLUSTER.name, region=self._plane.region)

    def file(self, prefix: str, count: int) -> list[Node]:
        """File a CSR for each of `count` nodes, with a generated name, as kubelets do."""
        nodes = [a_node(number) for number in range(count)]
        statuses = set(_each(lambda node: self._create(f"{prefix}-", node), nodes, 8))
        if statuses != {201}:
            raise RuntimeError(f"filing CSRs: expected only 201, got {statuses}")
        return nodes

    def _create(self, prefix: str, node: Node) -> int:
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"generateName": prefix},
            "spec": {
                "request": base64.b64encode(node.pem).decode(),
                "signerName": KUBELET_SERVING,
                "usages": ["digital signature", "server auth"],
            },
        }
        return self._plane.admin.request("POST", _CSRS, body, _impersonating(node))[0]

    def _list(self) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._plane.admin.request("GET", _CSRS)[1]["items"]
        return items

    def _remove_all(self) -> None:
        self._plane.admin.request("DELETE", _CSRS)


def _impersonating(node: Node) -> dict[str, str]:
    """Return headers by which an administrator impersonates the node; capitals are escaped."""
    headers = {"Impersonate-User": node.username, "Impersonate-Group": "system:nodes"}
    for key, values in node.extra.items():
        escaped = "".join(c if c.islower() or c.isdigit() else f"%{ord(c):02x}" for c in key)
        headers[f"Impersonate-Extra-{escaped}"] = values[0]
    return headers


def _approved(item: dict[str, Any]) -> dict[str, Any]:
    condition = {"type": "Approved", "status": "True", "reason": "Bench", "message": "bare loop"}
    identity = {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest"}
    return {**item, **identity, "status": {"conditions": [condition]}}


def _each(work: Any, items: Iterable[Any], at_once: int) -> list[int]:
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(work, items))
