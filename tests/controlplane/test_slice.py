"""The whole slice on a real kube-apiserver: from a message to a certificate."""

import base64
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from aws_lambda_powertools import Logger
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.clock import WallClock
from adapters.eks_token import cluster_token
from handlers.review import Reviewer
from sandbox.aws import Eni, Machine, PracticeAws
from sandbox.controlplane import Client, ControlPlane, eventually
from sandbox.identity import AwsIdentity
from sandbox.kubelet import kubelet_request

CSRS: Final = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
REGION: Final = "us-east-1"
VPC: Final = "vpc-0aaaaaaaaaaaaaaaa"
NODE_ROLE: Final = "slice-node"

Key = ec.EllipticCurvePrivateKey

_numbers: Iterator[int] = itertools.count(10)

_MANIFESTS: Final = list(
    yaml.safe_load_all((Path(__file__).parents[2] / "deploy" / "rbac.yaml").read_text())
)

#: What deploy/rbac.yaml gives, and no more.
RULES: Final[list[Any]] = next(
    manifest["rules"] for manifest in _MANIFESTS if manifest["kind"] == "ClusterRole"
)


@dataclass(frozen=True)
class Node:
    """An EC2 instance that joined the cluster, and its kubelet's client."""

    machine: Machine
    api: Client

    @property
    def name(self) -> str:
        return self.machine.name

    def file(self, dns: list[str] | None = None, **metadata: object) -> tuple[str, Key]:
        """File what a kubelet would; returns the object's name and the key."""
        pem, key = kubelet_request(self.name, dns=dns or [self.name], ips=[self.machine.enis[0].ip])
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": metadata or {"generateName": "csr-"},
            "spec": {
                "request": base64.b64encode(pem).decode(),
                "signerName": "kubernetes.io/kubelet-serving",
                "usages": ["digital signature", "server auth"],
            },
        }
        status, made = self.api.request("POST", CSRS, body)
        assert status == 201
        return made["metadata"]["name"], key


@pytest.fixture(scope="module")
def aws() -> Iterator[PracticeAws]:
    with PracticeAws() as aws:
        yield aws


@pytest.fixture(scope="module")
def plane(eks_plane: ControlPlane, aws: PracticeAws) -> ControlPlane:
    """The control plane as an EKS cluster of the practice account, with our access set up."""
    aws.add_cluster(
        eks_plane.cluster,
        REGION,
        server=eks_plane.server,
        ca_pem=eks_plane.ca_pem,
        vpc_id=VPC,
    )
    eks_plane.add_identity(aws.identity)
    eks_plane.map_role(aws.role_arn, "slice:approver", ["slice:approvers"])
    _grant(eks_plane, "slice:approvers", RULES)
    return eks_plane


@pytest.fixture(scope="module")
def profile(aws: PracticeAws) -> str:
    return aws.add_profile(NODE_ROLE)


@pytest.fixture
def node(plane: ControlPlane, aws: PracticeAws, profile: str) -> Node:
    """A node that nobody else uses."""
    number = next(_numbers)
    address = f"10.0.7.{number}"
    machine = Machine(
        id=f"i-{number:017x}",
        region=REGION,
        vpc_id=VPC,
        launched=datetime.now(UTC) - timedelta(days=1),
        profile_arn=profile,
        enis=(Eni(address),),
        tags={f"kubernetes.io/cluster/{plane.cluster}": "owned"},
    )
    aws.add_machine(machine)
    identity = AwsIdentity.session(NODE_ROLE, machine.id, account=aws.identity.account)
    plane.add_identity(identity)
    plane.name_instance(machine.id, machine.name)
    role = f"arn:aws:iam::{aws.identity.account}:role/{NODE_ROLE}"
    plane.map_role(role, "system:node:{{EC2PrivateDNSName}}", ["system:nodes"])
    token = cluster_token(identity, cluster=plane.cluster, region=REGION)
    return Node(machine, plane.client(token))


def review(plane: ControlPlane, **settings: str) -> None:
    """One message through the reviewer, as from a cold start; everything is due at once."""
    environ = {
        "AWS_REGION": REGION,
        "STACK_NAME": "slice",
        "MODE": "enforce",
        "APPROVE_AFTER_SECONDS": "0",
        "DENY_AFTER_SECONDS": "0",
    } | settings
    body = json.dumps({"cluster": plane.cluster, "region": REGION})
    reviewer = Reviewer.from_env(environ, Logger(service="slice"))
    reviewer.handle({"Records": [{"body": body}]}, WallClock(50))


def stored(plane: ControlPlane, name: str) -> Any:
    return plane.admin.request("GET", f"{CSRS}/{name}")[1]


def conditions(plane: ControlPlane, name: str) -> dict[str, str]:
    found = stored(plane, name)["status"].get("conditions", [])
    return {condition["type"]: condition["reason"] for condition in found}


def certificate(plane: ControlPlane, name: str) -> x509.Certificate:
    """The certificate of an approved CSR, once the signer has made it."""

    def issued() -> x509.Certificate | None:
        pem = stored(plane, name)["status"].get("certificate")
        return x509.load_pem_x509_certificate(base64.b64decode(pem)) if pem else None

    return eventually(issued, f"the certificate of {name}")


def test_a_kubelets_whole_life(plane: ControlPlane, aws: PracticeAws, node: Node) -> None:
    """A node joins, gets a certificate, rotates it, and is left alone once it is gone."""
    first, first_key = node.file()
    review(plane)
    issued = certificate(plane, first)
    assert first_key.public_key() == issued.public_key()

    second, second_key = node.file()
    review(plane)
    assert second_key.public_key() == certificate(plane, second).public_key()

    aws.change_machine(REGION, node.machine.id, state="terminated")
    third, _ = node.file()
    review(plane)
    assert {"Approved": "ApprovedByCsrApprover"} == conditions(plane, second)
    assert {} == conditions(plane, third)


def test_the_issued_certificate_has_the_approved_names(plane: ControlPlane, node: Node) -> None:
    """The signer makes what was judged: the node's own name and address."""
    name, _ = node.file()

    review(plane)

    found = certificate(plane, name).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    addresses = [str(ip) for ip in found.value.get_values_for_type(x509.IPAddress)]
    assert [node.name] == found.value.get_values_for_type(x509.DNSName)
    assert [node.machine.enis[0].ip] == addresses


def test_another_nodes_name_is_denied_with_the_reason(plane: ControlPlane, node: Node) -> None:
    """The API server takes such a request; the approver denies it, and says why in the cluster."""
    name, _ = node.file(dns=["ip-10-0-7-1.ec2.internal"])

    review(plane)

    (condition,) = stored(plane, name)["status"]["conditions"]
    assert ("Denied", "DeniedByCsrApprover") == (condition["type"], condition["reason"])
    assert "dns-names: DNS name is not the instance's" in condition["message"]


def test_a_stopped_instances_request_is_left(
    plane: ControlPlane, aws: PracticeAws, node: Node
) -> None:
    """What can't be known is nobody's to decide."""
    name, _ = node.file()
    aws.change_machine(REGION, node.machine.id, state="stopped")

    review(plane)

    assert {} == conditions(plane, name)


@pytest.mark.parametrize("mode", ["shadow", "approve-only"])
def test_a_denial_is_withheld_below_enforce(plane: ControlPlane, node: Node, mode: str) -> None:
    """Only `enforce` writes denials."""
    name, _ = node.file(dns=["kubernetes.default.svc"])

    review(plane, MODE=mode)

    assert {} == conditions(plane, name)


def test_shadow_writes_no_approval(plane: ControlPlane, node: Node) -> None:
    """`shadow` writes nothing at all."""
    name, _ = node.file()

    review(plane, MODE="shadow")

    assert {} == conditions(plane, name)


def test_too_young_a_request_waits(plane: ControlPlane, node: Node) -> None:
    """EKS's own approver has its 90 seconds."""
    name, _ = node.file()

    review(plane, APPROVE_AFTER_SECONDS="90")

    assert {} == conditions(plane, name)


def test_labels_and_annotations_survive_an_approval(plane: ControlPlane, node: Node) -> None:
    """What the approver leaves out of its write, the server would delete."""
    labels, notes = {"team": "edge"}, {"why": "a\nnote"}
    name, _ = node.file(generateName="csr-", labels=labels, annotations=notes)

    review(plane)

    metadata = stored(plane, name)["metadata"]
    assert {"Approved": "ApprovedByCsrApprover"} == conditions(plane, name)
    assert (labels, notes) == (metadata["labels"], metadata["annotations"])


def test_somebody_elses_decision_stands(plane: ControlPlane, node: Node) -> None:
    """A CSR that a person denied is not approved, nor its reason overwritten."""
    name, _ = node.file()
    denied = {"type": "Denied", "status": "True", "reason": "Person", "message": "no"}
    body = stored(plane, name) | {"status": {"conditions": [denied]}}
    assert plane.admin.request("PUT", f"{CSRS}/{name}/approval", body)[0] == 200

    review(plane)

    assert {"Denied": "Person"} == conditions(plane, name)


@pytest.mark.parametrize("missing", range(len(RULES)))
def test_each_right_is_needed(plane: ControlPlane, node: Node, missing: int) -> None:
    """Without any one of the three rules nothing is approved; with all three it is."""
    name, _ = node.file()
    _grant(plane, "slice:approvers", RULES[:missing] + RULES[missing + 1 :])
    review(plane)
    assert {} == conditions(plane, name)

    _grant(plane, "slice:approvers", RULES)
    review(plane)
    assert {"Approved": "ApprovedByCsrApprover"} == conditions(plane, name)


def _grant(plane: ControlPlane, group: str, rules: list[Any]) -> None:
    """Bind exactly these rules to a group, and wait until they count."""
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
    """How many of RULES a member of the group has, as the API server sees it now."""
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
            "spec": {"user": "nobody", "groups": [group], "resourceAttributes": attributes},
        }
        answer = plane.admin.request(
            "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body
        )[1]
        allowed += bool(answer["status"]["allowed"])
    return allowed
