"""EKS, EC2 and IAM over HTTP, with answers of the shape and size of real ones.

From: IAM API reference, GetInstanceProfile; EKS API reference, DescribeCluster.
"""

import base64
import json
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs

from benchmarks.ec2_answer import described, instances_of
from benchmarks.nodes import ACCOUNT, CLUSTER, PROFILE, ROLE, VPC, Node

_IAM: Final = "https://iam.amazonaws.com/doc/2010-05-08/"


class AwsServer:
    """The three services on one port. Each EC2 call takes `seconds`."""

    def __init__(
        self, nodes: Mapping[str, Node], server: str, ca_pem: str, *, shape: str, seconds: float
    ) -> None:
        """Prepare the answers; `server` and `ca_pem` are the cluster's API."""
        self._instances = instances_of(nodes.values(), shape)
        self._cluster = json.dumps(_cluster(server, ca_pem)).encode()
        self._seconds = seconds
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables that send the SDK's calls here."""
        url = f"http://127.0.0.1:{self._http.server_address[1]}"
        return {f"AWS_ENDPOINT_URL_{name}": url for name in ("EC2", "EKS", "IAM")}

    def cluster(self) -> bytes:
        """Return the answer of DescribeCluster."""
        return self._cluster

    def answer(self, asked: Mapping[str, list[str]]) -> bytes:
        """Return the answer to a call in the query protocol."""
        if asked["Action"] == ["GetInstanceProfile"]:
            return _profile().encode()
        time.sleep(self._seconds)
        ids = [values[0] for name, values in asked.items() if name.startswith("Filter.1.Value")]
        return described(self._instances, [one for one in ids if one in self._instances])


def _handler(aws: AwsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(aws.cluster(), "application/json")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._send(aws.answer(parse_qs(body)), "text/xml")

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler


def _cluster(server: str, ca_pem: str) -> dict[str, Any]:
    return {
        "cluster": {
            "name": CLUSTER.name,
            "arn": f"arn:aws:eks:{CLUSTER.region}:{ACCOUNT}:cluster/{CLUSTER.name}",
            "status": "ACTIVE",
            "endpoint": server,
            "certificateAuthority": {"data": base64.b64encode(ca_pem.encode()).decode()},
            "resourcesVpcConfig": {"vpcId": VPC, "endpointPublicAccess": True},
            "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16"},
            "tags": {},
        }
    }


def _profile() -> str:
    return (
        f'<GetInstanceProfileResponse xmlns="{_IAM}"><GetInstanceProfileResult><InstanceProfile>'
        f"<InstanceProfileName>nodes</InstanceProfileName><Arn>{PROFILE}</Arn><Path>/</Path>"
        "<InstanceProfileId>AIPAEXAMPLE</InstanceProfileId>"
        "<CreateDate>2026-01-01T00:00:00Z</CreateDate>"
        f"<Roles><member><RoleName>{ROLE.name}</RoleName><Arn>{ROLE}</Arn><Path>/</Path>"
        "<RoleId>AROAEXAMPLE</RoleId><CreateDate>2026-01-01T00:00:00Z</CreateDate></member></Roles>"
        "</InstanceProfile></GetInstanceProfileResult></GetInstanceProfileResponse>"
    )
