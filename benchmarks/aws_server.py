"""EKS, EC2 and IAM over HTTP, with answers in the shapes and sizes of real ones.

From: EC2 API reference, DescribeInstances (its example response, and what an EKS node of the VPC
CNI shows: three interfaces of ten addresses); IAM API reference, GetInstanceProfile; EKS API
reference, DescribeCluster.
"""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import parse_qs

from benchmarks.nodes import ACCOUNT, CLUSTER, PROFILE, ROLE, VPC, Node

_EC2: Final = "http://ec2.amazonaws.com/doc/2016-11-15/"
_IAM: Final = "https://iam.amazonaws.com/doc/2010-05-08/"

#: Interfaces and addresses on each: a node as EKS's own CNI fills it, and a bare one.
SHAPES: Final = {"eks": (3, 10), "lean": (1, 1)}


class AwsServer:
    """The three services on one port. Each EC2 call takes so many seconds."""

    def __init__(
        self, nodes: Mapping[str, Node], server: str, ca_pem: str, *, shape: str, seconds: float
    ) -> None:
        """`nodes`: by instance id. `server` and `ca_pem`: the cluster's API."""
        interfaces, addresses = SHAPES[shape]
        self._items = {
            one: _instance(number, node, interfaces, addresses)
            for number, (one, node) in enumerate(nodes.items())
        }
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
        """What sends the SDK here."""
        url = f"http://127.0.0.1:{self._http.server_address[1]}"
        return {f"AWS_ENDPOINT_URL_{name}": url for name in ("EC2", "EKS", "IAM")}

    def cluster(self) -> bytes:
        """The answer of DescribeCluster."""
        return self._cluster

    def answer(self, asked: Mapping[str, list[str]]) -> bytes:
        """The answer of a call in the query protocol."""
        if asked["Action"] == ["GetInstanceProfile"]:
            return _profile().encode()
        time.sleep(self._seconds)
        ids = [values[0] for name, values in asked.items() if name.startswith("Filter.1.Value")]
        return "".join(self._describe(ids)).encode()

    def _describe(self, ids: list[str]) -> Iterator[str]:
        yield f'<DescribeInstancesResponse xmlns="{_EC2}"><requestId>r</requestId><reservationSet>'
        for one in ids:
            yield (
                f"<item><reservationId>r-{one[2:]}</reservationId><ownerId>{ACCOUNT}</ownerId>"
                f"<groupSet/><instancesSet>{self._items[one]}</instancesSet></item>"
            )
        yield "</reservationSet></DescribeInstancesResponse>"


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


def _instance(number: int, node: Node, interfaces: int, addresses: int) -> str:
    instance = node.instance
    enis = "".join(_interface(number, node, at, addresses) for at in range(interfaces))
    tags = {
        **instance.tags,
        "aws:autoscaling:groupName": "eks-nodes-20c2b1",
        "aws:ec2launchtemplate:id": "lt-0123456789abcdef0",
        "eks:cluster-name": CLUSTER.name,
        "eks:nodegroup-name": "nodes",
        "k8s.io/cluster-autoscaler/enabled": "true",
        "Name": "nodes",
    }
    own = "".join(f"<item><key>{key}</key><value>{tags[key]}</value></item>" for key in tags)
    return (
        f"<item><instanceId>{instance.id}</instanceId><imageId>ami-0123456789abcdef0</imageId>"
        "<instanceState><code>16</code><name>running</name></instanceState>"
        f"<privateDnsName>{instance.private_dns_name}</privateDnsName><dnsName/><reason/>"
        "<amiLaunchIndex>0</amiLaunchIndex><productCodes/><instanceType>m5.large</instanceType>"
        f"<launchTime>{instance.launched:%Y-%m-%dT%H:%M:%S.000Z}</launchTime>"
        "<placement><availabilityZone>us-east-1a</availabilityZone><groupName/>"
        "<tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>"
        f"<subnetId>subnet-0123456789abcdef0</subnetId><vpcId>{VPC}</vpcId>"
        f"<privateIpAddress>{_address(node)}</privateIpAddress>"
        "<sourceDestCheck>true</sourceDestCheck><groupSet><item>"
        "<groupId>sg-0123456789abcdef0</groupId><groupName>eks-cluster-sg</groupName></item>"
        "</groupSet><architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType>"
        "<rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping><item>"
        "<deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-0123456789abcdef0</volumeId>"
        "<status>attached</status><attachTime>2026-11-01T00:00:00.000Z</attachTime>"
        "<deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>"
        f"<virtualizationType>hvm</virtualizationType><tagSet>{own}</tagSet>"
        f"<hypervisor>xen</hypervisor><networkInterfaceSet>{enis}</networkInterfaceSet>"
        f"<iamInstanceProfile><arn>{PROFILE}</arn><id>AIPAEXAMPLE</id></iamInstanceProfile>"
        "<ebsOptimized>false</ebsOptimized><enaSupport>true</enaSupport>"
        "<cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>"
        "<metadataOptions><state>applied</state><httpTokens>required</httpTokens>"
        "<httpPutResponseHopLimit>1</httpPutResponseHopLimit></metadataOptions>"
        "<privateDnsNameOptions><hostnameType>ip-name</hostnameType></privateDnsNameOptions></item>"
    )


def _interface(number: int, node: Node, at: int, addresses: int) -> str:
    first = str(_address(node)) if at == 0 else f"10.{200 + at}.{number // 256}.{number % 256}"
    others = [
        f"10.{100 + at * 20 + one}.{number // 256}.{number % 256}" for one in range(1, addresses)
    ]
    listed = "".join(
        f"<item><privateIpAddress>{ip}</privateIpAddress><privateDnsName>"
        f"ip-{ip.replace('.', '-')}.ec2.internal</privateDnsName>"
        f"<primary>{str(ip == first).lower()}</primary></item>"
        for ip in [first, *others]
    )
    eni = f"{number:012x}{at:05x}"
    return (
        f"<item><networkInterfaceId>eni-{eni}</networkInterfaceId>"
        f"<subnetId>subnet-0123456789abcdef0</subnetId><vpcId>{VPC}</vpcId>"
        f"<description>aws-K8S-{node.instance.id}</description><ownerId>{ACCOUNT}</ownerId>"
        "<status>in-use</status><macAddress>02:00:00:00:00:01</macAddress>"
        f"<privateIpAddress>{first}</privateIpAddress><sourceDestCheck>true</sourceDestCheck>"
        "<groupSet><item><groupId>sg-0123456789abcdef0</groupId>"
        "<groupName>eks-cluster-sg</groupName></item></groupSet>"
        f"<attachment><attachmentId>eni-attach-{eni}</attachmentId><deviceIndex>{at}</deviceIndex>"
        "<status>attached</status><attachTime>2026-11-01T00:00:00.000Z</attachTime>"
        "<deleteOnTermination>true</deleteOnTermination><networkCardIndex>0</networkCardIndex>"
        f"</attachment><privateIpAddressesSet>{listed}</privateIpAddressesSet>"
        "<ipv6AddressesSet/><interfaceType>interface</interfaceType></item>"
    )


def _address(node: Node) -> Any:
    return node.instance.interfaces[0].ipv4[0].address
