"""The most approvals per second that the API server takes: the approver's PUTs, sent from Go.

The Go program has read all bodies before it starts, checks nothing, and uses 32 connections of
HTTP/1.1. Its rate is compared with the approver's in the same run, on the same machine.
"""

import base64
import json
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from adapters.api_connection import ApiConnection
from adapters.clock import WallClock
from adapters.csr_api import DEFAULT_LIMITS
from adapters.csr_messages import decision
from adapters.csr_pages import CSRS, CsrPages
from adapters.kubernetes_protobuf import MEDIA_TYPE
from adapters.retry import Retries
from benchmarks.cluster import BenchCluster
from core.model import APPROVED_REASON, KUBELET_SERVING, Csr, Write

CONNECTIONS: Final = 32
#: The approvals' message, about as long as the approver's.
APPROVAL: Final = (
    "EC2 and IAM confirm that the requester is the instance with these names: "
    "ip-10-10-0-1.ec2.internal, 10.10.0.1"
)
_TIMEOUT: Final = 300.0


@dataclass(frozen=True)
class Load:
    """What the Go program measured."""

    seconds: float
    cpu_seconds: float
    statuses: Mapping[int, int]


def ceiling(cluster: BenchCluster) -> Load:
    """Approve all pending CSRs of the cluster, as fast as its API server can.

    Raises:
        RuntimeError: a PUT was refused.
    """
    token = cluster.token()
    calls = approvals(cluster.plane.server, cluster.plane.ca_pem, token)
    measured = send(cluster.binary, cluster.plane.server, cluster.ca, token, calls)
    if set(measured.statuses) != {200}:
        raise RuntimeError(f"approving from Go: expected only 200, got {measured.statuses}")
    return measured


def approvals(server: str, ca_pem: str, token: str) -> list[dict[str, str]]:
    """Return the path and the body, in base64, of the PUT that approves each listed CSR."""
    clock = WallClock(_TIMEOUT)
    connection = ApiConnection(
        server,
        ca_pem,
        lambda: token,
        clock,
        Retries(clock),
        connections=1,
        max_answer_bytes=DEFAULT_LIMITS.page,
    )
    pages = CsrPages(connection, KUBELET_SERVING, stop_at=0.0, limits=DEFAULT_LIMITS)
    csrs = [item for item in pages.read().items if isinstance(item, Csr)]
    connection.close()
    return [_approval(csr, pages.listed[csr.uid]) for csr in csrs]


def send(
    binary: Path, server: str, ca: Path, token: str, calls: Iterable[Mapping[str, str]]
) -> Load:
    """Send PUTs from Go, as many at once as there are `CONNECTIONS`."""
    work = {"method": "PUT", "headers": _headers(token), "calls": list(calls)}
    command = [str(binary), "load", f"--server={server}", f"--ca={ca}"]
    ran = subprocess.run(  # noqa: S603 - what was built here
        [*command, f"--connections={CONNECTIONS}"],
        input=json.dumps(work),
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise RuntimeError(f"the load from Go failed: {ran.stderr.strip()}")
    return _load(json.loads(ran.stdout))


def _load(printed: Mapping[str, Any]) -> Load:
    statuses = {int(status): count for status, count in printed["statuses"].items()}
    return Load(printed["seconds"], printed["cpu_seconds"], statuses)


def _approval(csr: Csr, listed: bytes) -> dict[str, str]:
    write = Write(csr, "Approved", APPROVED_REASON, APPROVAL)
    path = f"{CSRS}/{quote(csr.name, safe='')}/approval"
    return {"path": path, "body": base64.b64encode(decision(listed, write)).decode()}


def _headers(token: str) -> Mapping[str, str]:
    return {
        "Accept": MEDIA_TYPE,
        "Authorization": f"Bearer {token}",
        "Content-Type": MEDIA_TYPE,
        "User-Agent": "csr-approver",
    }
