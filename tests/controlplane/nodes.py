"""A control plane as an EKS cluster of the fake account: its nodes, and our access to it."""

import base64
import io
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from aws_lambda_powertools import Logger
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.clock import WallClock
from adapters.eks_token import cluster_token
from handlers.review import Reviewer
from sandbox.aws import Eni, FakeAws, Machine
from sandbox.identity import AwsIdentity
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import KUBELET_USAGES
from sandbox.node_addresses import NodeAddress, cloud_addresses
from tests.real.controlplane import Client, ControlPlane, Kubelets, eventually
from tests.real.controlplane.launch import SERVICE_RANGE

CSRS: Final = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
REGION: Final = "us-east-1"
VPC: Final = "vpc-0aaaaaaaaaaaaaaaa"
NODE_ROLE: Final = "slice-node"
APPROVERS: Final = "slice:approvers"

Key = ec.EllipticCurvePrivateKey

# Tests share no nodes: one test must not approve what another leaves undecided.
_numbers: Iterator[int] = itertools.count(10)
_services: Iterator[int] = itertools.count()

_MANIFESTS: Final = list(
    yaml.safe_load_all((Path(__file__).parents[2] / "deploy" / "rbac.yaml").read_text())
)

#: Exactly the rights of deploy/rbac.yaml.
RULES: Final[list[Any]] = next(
    manifest["rules"] for manifest in _MANIFESTS if manifest["kind"] == "ClusterRole"
)


@dataclass(frozen=True)
class Node:
    """An EC2 instance that joined the cluster, and its kubelet's client."""

    machine: Machine
    api: Client
    token: str
    name: str

    @property
    def ip(self) -> str:
        """Return its first address."""
        return self.machine.enis[0].ip

    @property
    def addresses(self) -> list[NodeAddress]:
        """Return what the cloud controller writes for a node of an EKS AMI."""
        return cloud_addresses(self.machine, self.name, node_ip=self.ip)

    def boot(self, kubelets: Kubelets, addresses: Sequence[NodeAddress] = ()) -> None:
        """Start the real kubelet's manager, with the node's own addresses or with these."""
        kubelets.start(self.name, self.token, addresses or self.addresses, serve_at=self.ip)

    def file(self, dns: list[str] | None = None, **metadata: object) -> tuple[str, Key]:
        """File a kubelet's request; return the object's name and the key."""
        pem, key = kubelet_request(self.name, dns=dns or [self.name], ips=[self.ip])
        return self.send(pem, metadata=metadata), key

    def send(
        self,
        pem: bytes,
        *,
        usages: Sequence[str] = KUBELET_USAGES,
        metadata: Mapping[str, object] | None = None,
    ) -> str:
        """File any request; return the object's name."""
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": metadata or {"generateName": "csr-"},
            "spec": {
                "request": base64.b64encode(pem).decode(),
                "signerName": "kubernetes.io/kubelet-serving",
                "usages": list(usages),
            },
        }
        status, made = self.api.request("POST", CSRS, body)
        assert status == 201, made
        return str(made["metadata"]["name"])


def enrol(plane: ControlPlane, aws: FakeAws, *, local: str = "") -> None:
    """Let EKS describe the control plane, and grant the approver access.

    `local`: the name of a local cluster on an Outpost, whose tokens are then signed for its id.
    """
    aws.add_cluster(
        local or plane.cluster,
        REGION,
        server=plane.server,
        ca_pem=plane.ca_pem,
        vpc_id=VPC,
        service_range=SERVICE_RANGE,
        local_id=plane.cluster if local else "",
    )
    plane.add_identity(aws.identity)
    plane.map_role(aws.role_arn, "slice:approver", [APPROVERS])
    grant(plane, APPROVERS, RULES)


def join(
    plane: ControlPlane,
    aws: FakeAws,
    profile: str,
    *,
    local: str = "",
    named: str = "",
    **changes: Any,
) -> Node:
    """Return a node that no other test uses.

    `local`: as for `enrol`. `named`: its name in the cluster, by default EC2's. `changes`: what is
    different about its instance.
    """
    machine = new_machine(local or plane.cluster, **{"profile_arn": profile, **changes})
    return log_in(plane, aws, machine, NODE_ROLE, "system:node:{{EC2PrivateDNSName}}", named=named)


def new_machine(cluster: str, **changes: Any) -> Machine:
    """Return an instance of the cluster that no other test uses, with these fields changed."""
    number = next(_numbers)
    machine = Machine(
        # Other numbers than in test_ground, whose sessions must be unknown to EC2.
        id=f"i-1{number:016x}",
        region=REGION,
        vpc_id=VPC,
        launched=datetime.now(UTC) - timedelta(days=1),
        enis=(Eni(f"10.7.{number // 250}.{number % 250 + 1}"),),
        tags={f"kubernetes.io/cluster/{cluster}": "owned"},
    )
    return replace(machine, **changes)


def log_in(
    plane: ControlPlane,
    aws: FakeAws,
    machine: Machine,
    role: str,
    username: str,
    groups: Sequence[str] = ("system:nodes",),
    *,
    named: str = "",
) -> Node:
    """Return the client of a session of this role that is named after the machine.

    `username`, `groups`: what the cluster maps the role to. `named`: as for `join`.
    """
    aws.add_machine(machine)
    identity = AwsIdentity.session(role, machine.id, account=aws.identity.account)
    plane.add_identity(identity)
    name = named.format(id=machine.id) or machine.name
    plane.name_instance(machine.id, name)
    plane.map_role(f"arn:aws:iam::{aws.identity.account}:role/{role}", username, groups)
    token = cluster_token(identity, cluster=plane.cluster, region=REGION)
    return Node(machine, plane.client(token), token, name)


def review(plane: ControlPlane, **settings: str) -> Mapping[str, Any]:
    """Review one message as after a cold start; return the log line of each CSR, by name."""
    log = io.StringIO()
    logger = Logger(service=f"nodes-{next(_services)}", stream=log)
    reviewer(logger, **settings).handle(message(plane), WallClock(50))
    lines = map(json.loads, log.getvalue().splitlines())
    return {line["csr"]: line for line in lines if line["message"] == "csr reviewed"}


def requested(plane: ControlPlane, csr: str) -> x509.CertificateSigningRequest:
    """Return the request in a CSR."""
    return x509.load_pem_x509_csr(base64.b64decode(stored(plane, csr)["spec"]["request"]))


def names_in(
    signed: x509.CertificateSigningRequest | x509.Certificate,
) -> tuple[list[str], list[str]]:
    """Return the DNS names and the IP addresses of a request or a certificate."""
    names = signed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return names.get_values_for_type(x509.DNSName), [str(address) for address in addresses]


def reviewer(logger: Logger, **settings: str) -> Reviewer:
    """Return the reviewer as after a cold start; everything is due at once."""
    environ = {
        "AWS_REGION": REGION,
        "STACK_NAME": "slice",
        "MODE": "enforce",
        "APPROVE_AFTER_SECONDS": "0",
        "DENY_AFTER_SECONDS": "0",
    } | settings
    return Reviewer.from_env(environ, logger)


def message(plane: ControlPlane, *, local: str = "") -> Mapping[str, Any]:
    """Return the event of one assignment. `local`: as for `enrol`."""
    body = {"cluster": local or plane.cluster, "region": REGION}
    return {"Records": [{"body": json.dumps(body)}]}


def stored(plane: ControlPlane, name: str) -> Any:
    return plane.admin.request("GET", f"{CSRS}/{name}")[1]


def conditions(plane: ControlPlane, name: str) -> dict[str, str]:
    found = stored(plane, name)["status"].get("conditions", [])
    return {condition["type"]: condition["reason"] for condition in found}


def grant(plane: ControlPlane, group: str, rules: list[Any]) -> None:
    """Bind exactly these rules to a group, and wait until they take effect."""
    name = group.replace(":", "-")
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": rules,
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": name,
        },
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }
    for kind, body in (("clusterroles", role), ("clusterrolebindings", binding)):
        status, _ = plane.admin.request("PUT", f"{RBAC}/{kind}/{name}", body)
        if status == 404:
            status, _ = plane.admin.request("POST", f"{RBAC}/{kind}", body)
        assert status in {200, 201}
    eventually(lambda: True if _rules_of(plane, group) == len(rules) else None, "the grant")


def _rules_of(plane: ControlPlane, group: str) -> int:
    """Return how many of RULES a member of the group has, as the API server sees it now."""
    asked = [
        {"group": "certificates.k8s.io", "resource": "certificatesigningrequests", "verb": "list"},
        {
            "group": "certificates.k8s.io",
            "resource": "certificatesigningrequests",
            "subresource": "approval",
            "verb": "update",
        },
        {
            "group": "certificates.k8s.io",
            "resource": "signers",
            "name": "kubernetes.io/kubelet-serving",
            "verb": "approve",
        },
    ]
    allowed = 0
    for attributes in asked:
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": "a-member", "groups": [group], "resourceAttributes": attributes},
        }
        answer = plane.admin.request(
            "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body
        )[1]
        allowed += bool(answer["status"]["allowed"])
    return allowed
