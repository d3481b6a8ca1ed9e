"""A fleet of invented nodes, each with a request and an instance that confirms it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, ip_network

from core.context import ReviewContext
from core.identity import identify
from core.model import (
    KUBELET_SERVING,
    Case,
    Cluster,
    Csr,
    Instance,
    NetworkInterface,
    PrivateAddress,
    Role,
)
from core.reading import read
from core.settings import ReviewSettings
from core.signers import SIGNERS
from sandbox.kubelet import kubelet_request

NOW = datetime.now(UTC)
VPC = "vpc-0aaaaaaaaaaaaaaaa"
ACCOUNT = "111122223333"
PROFILE = f"arn:aws:iam::{ACCOUNT}:instance-profile/nodes"
ROLE = Role("aws", ACCOUNT, "eks-node")
CLUSTER = Cluster("bench", "us-east-1", VPC, (ip_network("10.100.0.0/16"),))
#: Approvals are due at once: the benchmarks measure no waiting.
SETTINGS = ReviewSettings.model_validate({"approve_after_seconds": 0, "mode": "approve-only"})


@dataclass(frozen=True)
class Node:
    """One node: its instance and its kubelet's request."""

    instance: Instance
    pem: bytes

    @property
    def username(self) -> str:
        """Return the username that the API server gives it."""
        return f"system:node:{self.instance.private_dns_name}"

    @property
    def extra(self) -> dict[str, tuple[str, ...]]:
        """Return the `spec.extra` that the IAM authenticator adds."""
        session = self.instance.id
        return {
            "arn": (f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE.name}/{session}",),
            "canonicalArn": (str(ROLE),),
            "sessionName": (session,),
            "accessKeyId": ("ASIAEXAMPLEEXAMPLE00",),
            "principalId": ("AROAEXAMPLEEXAMPLE00",),
            "sigs.k8s.io/aws-iam-authenticator/principalId": ("AROAEXAMPLEEXAMPLE00",),
        }


def a_node(number: int) -> Node:
    """Return the node of this number; numbers under 65,000 give different nodes."""
    address = IPv4Address(0x0A0A0000 + number + 1)
    name = f"ip-{str(address).replace('.', '-')}.ec2.internal"
    interface = NetworkInterface(
        f"eni-{number:017x}", "interface", True, 0, 0, VPC, (PrivateAddress(address, primary=True),)
    )
    instance = Instance(
        id=f"i-{number:017x}",
        state="running",
        launched=NOW - timedelta(days=1),
        vpc_id=VPC,
        private_dns_name=name,
        public_dns_name="",
        profile_arn=PROFILE,
        tags={f"kubernetes.io/cluster/{CLUSTER.name}": "owned"},
        interfaces=(interface,),
    )
    return Node(instance, kubelet_request(name, dns=[name], ips=[str(address)])[0])


def cases_of(nodes: Sequence[Node]) -> list[Case]:
    """Return the case of each node's request, with all evidence."""
    context = ReviewContext(CLUSTER, SETTINGS, NOW, SIGNERS[KUBELET_SERVING])
    return [_with_evidence(read(context.case_of(_csr(node)), context).case, node) for node in nodes]


class SavedFleet:
    """EC2 and IAM that answer at once, so that only the approver and the API server take time."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        """Save these nodes' instances, the only ones there are."""
        self._instances = {node.instance.id: node.instance for node in nodes}

    def by_id(self, ids: Collection[str]) -> Mapping[str, tuple[Instance, ...]]:
        """Return the instances by id."""
        return {one: (self._instances[one],) for one in ids if one in self._instances}

    def by_private_dns_name(
        self, _names: Collection[str], _vpc_id: str | None
    ) -> Mapping[str, tuple[Instance, ...]]:
        """Return no instance: all nodes here are found by id."""
        return {}

    def holders(self, _addresses: Collection[IPv4Address]) -> Mapping[IPv4Address, frozenset[str]]:
        """Return no instance: no node's address has moved."""
        return {}

    def role_of_profile(self, _profile_arn: str) -> Role:
        """Return the one role that all nodes have."""
        return ROLE


def _csr(node: Node) -> Csr:
    name = node.instance.id
    return Csr(
        name=name,
        uid=name,
        resource_version="1",
        created=NOW - timedelta(minutes=2),
        signer=KUBELET_SERVING,
        username=node.username,
        groups=("system:nodes", "system:authenticated"),
        extra=node.extra,
        usages=("digital signature", "server auth"),
        expiration_seconds=None,
        request=node.pem,
        conditions=(),
        certificate=b"",
    )


def _with_evidence(case: Case, node: Node) -> Case:
    return Case(
        case.csr,
        case.request,
        identify(case.csr, allow_name=False),
        case.now,
        case.policy,
        peers=case.peers,
        cluster=case.cluster,
        instances=(node.instance,),
        role=ROLE,
    )
