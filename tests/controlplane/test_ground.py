"""What the other tests rely on: the control plane handles tokens and CSRs as EKS does."""

import base64
import datetime as dt
import hashlib
import hmac
import itertools
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.eks_token import cluster_token
from sandbox.kubelet import kubelet_request
from tests.real.controlplane import AwsIdentity, Client, ControlPlane, eventually

REGION: Final = "us-east-1"
ACCOUNT: Final = "111122223333"
NODE_ROLE: Final = "NodeRole"
SIGNER: Final = "kubernetes.io/kubelet-serving"
CSRS: Final = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
WHO_AM_I: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

_numbers: Iterator[int] = itertools.count(10)


@dataclass(frozen=True)
class Node:
    """An EC2 instance that joined the cluster with its instance profile's role."""

    instance: str
    address: str
    name: str
    identity: AwsIdentity
    api: Client

    def request(self) -> tuple[dict[str, Any], ec.EllipticCurvePrivateKey]:
        """Return the CSR that its kubelet would create, and the key."""
        pem, key = kubelet_request(self.name, dns=[self.name], ips=[self.address])
        spec = {
            "request": base64.b64encode(pem).decode(),
            "signerName": SIGNER,
            "usages": ["digital signature", "server auth"],
        }
        return _object("CertificateSigningRequest", {"generateName": "csr-"}, spec=spec), key


@pytest.fixture
def plane(eks_plane: ControlPlane) -> ControlPlane:
    return eks_plane


@pytest.fixture
def node(plane: ControlPlane) -> Node:
    """Return a node that no other test uses."""
    number = next(_numbers)
    instance, address = f"i-{number:017x}", f"10.0.1.{number}"
    name = f"ip-10-0-1-{number}.ec2.internal"
    identity = AwsIdentity.session(NODE_ROLE, instance)
    plane.add_identity(identity)
    plane.name_instance(instance, name)
    plane.map_role(
        f"arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}",
        "system:node:{{EC2PrivateDNSName}}",
        ["system:bootstrappers", "system:nodes"],
    )
    token = cluster_token(identity, cluster=plane.cluster, region=REGION)
    return Node(instance, address, name, identity, plane.client(token))


@pytest.fixture
def approver(plane: ControlPlane) -> Client:
    """Return a client with the three rights: list, update approval, approve for the signer."""
    identity = AwsIdentity.session("CsrApprover", "csr-approver-review")
    plane.add_identity(identity)
    role_arn = f"arn:aws:iam::{ACCOUNT}:role/CsrApprover"
    plane.map_role(role_arn, "csr-approver", ["csr-approvers"])
    group = "certificates.k8s.io"
    rules = [
        {"apiGroups": [group], "resources": ["certificatesigningrequests"], "verbs": ["list"]},
        {
            "apiGroups": [group],
            "resources": ["certificatesigningrequests/approval"],
            "verbs": ["update"],
        },
        {
            "apiGroups": [group],
            "resources": ["signers"],
            "resourceNames": [SIGNER],
            "verbs": ["approve"],
        },
    ]
    rbac = "rbac.authorization.k8s.io"
    role = {"apiGroup": rbac, "kind": "ClusterRole", "name": "csr-approver"}
    members = [{"apiGroup": rbac, "kind": "Group", "name": "csr-approvers"}]
    metadata = {"name": "csr-approver"}
    contents: dict[str, dict[str, Any]] = {
        "ClusterRole": {"rules": rules},
        "ClusterRoleBinding": {"roleRef": role, "subjects": members},
    }
    for kind, content in contents.items():
        body = {"apiVersion": f"{rbac}/v1", "kind": kind, "metadata": metadata, **content}
        status, answer = plane.admin.request("POST", f"/apis/{rbac}/v1/{kind.lower()}s", body)
        assert status in (201, 409), answer
    token = cluster_token(identity, cluster=plane.cluster, region=REGION)
    client = plane.client(token)
    # The authorizer watches RBAC: a new binding takes some milliseconds to take effect.
    eventually(lambda: client.request("GET", f"{CSRS}?limit=1")[0] == 200 or None, "RBAC")
    return client


def test_our_token_authenticates_the_node_with_six_extra_keys(node: Node) -> None:
    """Our token authenticates the node's user, with EKS's uid and exactly its six extra keys."""
    status, answer = node.api.request("POST", WHO_AM_I, _review())

    assert 201 == status
    assert _user(node) == answer["status"]["userInfo"]


def test_an_approved_request_is_issued_for_its_key(node: Node, approver: Client) -> None:
    """A node's CSR, approved by a PUT, becomes a certificate of the node's own key and names."""
    body, key = node.request()
    status, created = node.api.request("POST", CSRS, body)
    assert 201 == status, created

    listed = _listed(approver, created)
    status, approved = approver.request(
        "PUT", f"{CSRS}/{_name(created)}/approval", _approve(listed)
    )

    assert (status, "Approved") == (200, approved["status"]["conditions"][0]["type"])
    certificate = _certificate(node.api, created)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert key.public_key() == certificate.public_key()
    assert [node.name] == names.get_values_for_type(x509.DNSName)
    assert [node.address] == [str(ip) for ip in names.get_values_for_type(x509.IPAddress)]


def test_a_certificate_is_issued_by_the_signers_own_ca(
    plane: ControlPlane, node: Node, approver: Client
) -> None:
    """The certificate chains to `signer_ca_pem`, which is not the CA of the API server."""
    _, created = node.api.request("POST", CSRS, node.request()[0])
    approver.request(
        "PUT", f"{CSRS}/{_name(created)}/approval", _approve(_listed(approver, created))
    )

    certificate = _certificate(node.api, created)

    authority = x509.load_pem_x509_certificate(plane.signer_ca_pem.encode())
    certificate.verify_directly_issued_by(authority)
    assert plane.ca_pem != plane.signer_ca_pem


def test_the_approver_may_do_nothing_else(node: Node, approver: Client) -> None:
    """The rights to list and approve don't allow reading or deleting a CSR."""
    _, created = node.api.request("POST", CSRS, node.request()[0])

    assert 403 == approver.request("GET", f"{CSRS}/{_name(created)}")[0]
    assert 403 == approver.request("DELETE", f"{CSRS}/{_name(created)}")[0]


def test_a_node_asks_for_its_own_name_only(node: Node) -> None:
    """NodeRestriction refuses a request with another node's common name."""
    body, _ = node.request()
    pem, _ = kubelet_request("another", dns=["another"], ips=[node.address])
    body["spec"]["request"] = base64.b64encode(pem).decode()

    assert 403 == node.api.request("POST", CSRS, body)[0]


def test_a_token_signed_by_hand_is_accepted(plane: ControlPlane, node: Node) -> None:
    """`signed_token`, which makes the refused tokens below, makes valid ones too."""
    token = signed_token(node.identity, plane.cluster)

    assert 201 == _status(plane, token)


def test_a_long_lived_key_has_no_session(plane: ControlPlane, node: Node) -> None:
    """A key without a session token is accepted, and refused with an invented one."""
    lasting = replace(node.identity, access_key=f"AKIA{node.instance}", token=None)
    plane.add_identity(lasting)

    assert 201 == _status(plane, signed_token(lasting, plane.cluster))
    assert 401 == _status(plane, signed_token(replace(lasting, token="x"), plane.cluster))


def test_what_is_approved_while_the_signer_is_down_is_issued_once_it_is_up(
    plane: ControlPlane, node: Node, approver: Client
) -> None:
    """While only the signer is stopped, approved requests wait for it."""
    body, key = node.request()
    _, created = node.api.request("POST", CSRS, body)
    plane.stop("signer")
    try:
        assert "signer" not in plane.pids()
        approval = _approve(_listed(approver, created))
        status, _ = approver.request("PUT", f"{CSRS}/{_name(created)}/approval", approval)
        assert 200 == status
    finally:
        plane.start_process("signer")

    assert key.public_key() == _certificate(node.api, created).public_key()


def test_requests_outlive_restarts(plane: ControlPlane, node: Node) -> None:
    """Data and address stay the same when etcd and kube-apiserver are killed and started again."""
    server = plane.server
    _, created = node.api.request("POST", CSRS, node.request()[0])

    plane.stop("apiserver")
    plane.restart("etcd")
    plane.start_process("apiserver")

    status, read = node.api.request("GET", f"{CSRS}/{_name(created)}")
    assert (200, created["metadata"]["uid"]) == (status, read["metadata"]["uid"])
    assert server == plane.server


def test_two_control_planes_are_two_clusters(
    plane: ControlPlane, node: Node, tmp_path: Path
) -> None:
    """A second control plane runs beside the first, and a token for one is refused at the other."""
    with ControlPlane("staging").start(tmp_path / "staging") as staging:
        staging.add_identity(node.identity)
        staging.map_role(f"arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}", "user")
        for_prod = cluster_token(node.identity, cluster=plane.cluster, region=REGION)
        for_staging = cluster_token(node.identity, cluster="staging", region=REGION)

        assert 201 == _status(plane, for_prod)
        assert 401 == _status(plane, for_staging)
        assert 401 == _status(staging, for_prod)
        assert 201 == _status(staging, for_staging)


def test_all_processes_die_with_a_parent_that_is_killed(
    tmp_path: Path, plane: ControlPlane
) -> None:
    """Killing the Python process that started a control plane leaves no process of it behind."""
    program = (
        "import sys, pathlib; from tests.real.controlplane import ControlPlane;"
        "plane = ControlPlane().start(pathlib.Path(sys.argv[1]));"
        "print(*plane.pids().values(), flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(  # noqa: S603 - this same Python
        [sys.executable, "-c", program, str(tmp_path / "orphans")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as parent:
        assert parent.stdout
        children = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(children) == len(plane.pids())
        parent.send_signal(signal.SIGKILL)

    for child in children:
        ended, _, _ = select.select([child], [], [], 10)
        os.close(child)
        assert [child] == ended


def signed_token(identity: AwsIdentity, cluster: str, at: dt.datetime | None = None) -> str:
    """Make a token without botocore and at any time.

    From: the IAM User Guide, "Create a signed AWS API request".
    """
    at = at or dt.datetime.now(dt.UTC)
    moment, day, host = f"{at:%Y%m%dT%H%M%SZ}", f"{at:%Y%m%d}", f"sts.{REGION}.amazonaws.com"
    scope = f"{day}/{REGION}/sts/aws4_request"
    parameters = {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{identity.access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": "60",
        "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    }
    if identity.token:
        parameters["X-Amz-Security-Token"] = identity.token
    query = "&".join(
        f"{name}={quote(value, safe='')}" for name, value in sorted(parameters.items())
    )
    headers = f"host:{host}\nx-k8s-aws-id:{cluster}\n"
    nothing = hashlib.sha256(b"").hexdigest()
    canonical = f"GET\n/\n{query}\n{headers}\nhost;x-k8s-aws-id\n{nothing}"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{identity.secret_key}".encode()
    for part in (day, REGION, "sts", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    to_sign = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{digest}"
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    url = f"https://{host}/?{query}&X-Amz-Signature={signature}"
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _object(kind: str, metadata: dict[str, Any], **content: object) -> dict[str, Any]:
    version = "certificates.k8s.io/v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **content}


def _review() -> dict[str, Any]:
    return {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


def _status(plane: ControlPlane, token: str) -> int:
    """Ask who the token is; 201 with an answer, 401 without."""
    return plane.client(token).request("POST", WHO_AM_I, _review())[0]


def _user(node: Node) -> dict[str, Any]:
    """Return the user that EKS makes of a node."""
    role_id = node.identity.user_id.split(":")[0]
    return {
        "username": f"system:node:{node.name}",
        "uid": f"aws-iam-authenticator:{ACCOUNT}:{role_id}",
        "groups": ["system:bootstrappers", "system:nodes", "system:authenticated"],
        "extra": {
            "arn": [f"arn:aws:sts::{ACCOUNT}:assumed-role/{NODE_ROLE}/{node.instance}"],
            "canonicalArn": [f"arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}"],
            "sessionName": [node.instance],
            "accessKeyId": [node.identity.access_key],
            "principalId": [role_id],
            "sigs.k8s.io/aws-iam-authenticator/principalId": [role_id],
        },
    }


def _name(created: dict[str, Any]) -> str:
    return str(created["metadata"]["name"])


def _listed(client: Client, created: dict[str, Any]) -> dict[str, Any]:
    """Return a CSR as an item of its signer's list, without kind and apiVersion."""
    status, answer = client.request("GET", f"{CSRS}?fieldSelector=spec.signerName={SIGNER}")
    assert status == 200, answer
    [found] = [item for item in answer["items"] if _name(item) == _name(created)]
    return dict(found)


def _approve(listed: dict[str, Any]) -> dict[str, Any]:
    condition = {"type": "Approved", "status": "True", "reason": "Test", "message": "a test"}
    content = {**listed, "status": {"conditions": [condition]}}
    metadata = content.pop("metadata")
    return _object("CertificateSigningRequest", metadata, **content)


def _certificate(client: Client, created: dict[str, Any]) -> x509.Certificate:
    """Wait until a CSR has its certificate."""

    def issued() -> str | None:
        _, answer = client.request("GET", f"{CSRS}/{_name(created)}")
        certificate = answer.get("status", {}).get("certificate")
        return str(certificate) if certificate else None

    pem = base64.b64decode(eventually(issued, f"the certificate of {_name(created)}"))
    return x509.load_pem_x509_certificate(pem)
