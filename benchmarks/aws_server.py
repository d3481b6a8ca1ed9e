"""EKS, EC2, IAM and SQS over HTTP, with answers of the shape and size of real ones.

From: IAM API reference, GetInstanceProfile; EKS API reference, DescribeCluster and ListClusters;
SQS API reference, SendMessageBatch.
"""

import base64
import json
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread
from typing import Any, Final, Self
from urllib.parse import parse_qs

from benchmarks.ec2_answer import described, instances_of
from benchmarks.nodes import ACCOUNT, CLUSTER, PROFILE, ROLE, VPC, Node

_IAM: Final = "https://iam.amazonaws.com/doc/2010-05-08/"


class AwsServer:
    """The services on one port. Each EC2 call takes `seconds`."""

    def __init__(
        self, nodes: Mapping[str, Node], server: str, ca_pem: str, *, shape: str, seconds: float
    ) -> None:
        """Prepare the answers; `server` and `ca_pem` are the cluster's API."""
        self._shape = shape
        self._instances = dict(instances_of(nodes.values(), shape))
        self._launches: dict[str, str] = {}
        self.sent: Queue[Mapping[str, Any]] = Queue()
        """The entries of SendMessageBatch, as they were sent."""
        self._cluster = json.dumps(_cluster(server, ca_pem)).encode()
        self._seconds = seconds
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment variables that send the SDK's calls here."""
        url = f"http://127.0.0.1:{self._http.server_address[1]}"
        return {f"AWS_ENDPOINT_URL_{name}": url for name in ("EC2", "EKS", "IAM", "SQS")}

    def launch(self, node: Node) -> None:
        """Let EC2 show one more instance."""
        self._instances |= instances_of([node], self._shape)
        self._launches[node.instance.id] = f"{node.instance.launched:%Y-%m-%dT%H:%M:%S.000Z}"

    def get(self, path: str) -> bytes:
        """Return the answer of ListClusters or DescribeCluster."""
        listed = path.partition("?")[0] == "/clusters"
        return json.dumps({"clusters": [CLUSTER.name]}).encode() if listed else self._cluster

    def answer(self, asked: Mapping[str, list[str]]) -> bytes:
        """Return the answer to a call in the query protocol."""
        if asked["Action"] == ["GetInstanceProfile"]:
            return _profile().encode()
        time.sleep(self._seconds)
        filters = _filters(asked)
        ids = filters.get("instance-id") or self._launched(filters["launch-time"])
        return described(self._instances, [one for one in ids if one in self._instances])

    def send(self, asked: Mapping[str, Any]) -> bytes:
        """Take the messages of SendMessageBatch."""
        for entry in asked["Entries"]:
            self.sent.put(entry)
        done = [{"Id": one["Id"], "MessageId": one["Id"]} for one in asked["Entries"]]
        return json.dumps({"Successful": done, "Failed": []}).encode()

    def _launched(self, patterns: Sequence[str]) -> list[str]:
        launches = [*self._launches.items()]
        return [one for one, at in launches if any(fnmatch(at, each) for each in patterns)]


def _handler(aws: AwsServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(aws.get(self.path), "application/json")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if "X-Amz-Target" in self.headers:
                self._send(aws.send(json.loads(body)), "application/x-amz-json-1.0")
            else:
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


def _filters(asked: Mapping[str, list[str]]) -> Mapping[str, list[str]]:
    """Return the values of each filter of DescribeInstances, by its name."""
    names = {key.rpartition(".")[0]: values[0] for key, values in asked.items() if _names(key)}
    return {
        name: [values[0] for key, values in asked.items() if key.startswith(f"{prefix}.Value.")]
        for prefix, name in names.items()
    }


def _names(key: str) -> bool:
    return key.startswith("Filter.") and key.endswith(".Name")


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
