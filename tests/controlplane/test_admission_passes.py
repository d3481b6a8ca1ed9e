"""deploy/admission.yaml accepts all requests of honest clients, on a real kube-apiserver."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from sandbox.aws import FakeAws
from sandbox.kubelet import kubelet_request
from tests.cli.conftest import CommandRunner
from tests.controlplane.admission import installed
from tests.controlplane.app_signer import AppSigner
from tests.controlplane.nodes import (
    CSRS,
    Node,
    conditions,
    join,
    message,
    reviewer,
    stored,
)
from tests.controlplane.oversized import LAST_APPLIED, OWNER, REQUEST, a_parsed_csr
from tests.real.controlplane import ControlPlane, Kubelets, eventually

Json = dict[str, Any]

KUBECTL: Final = {"User-Agent": "kubectl/v1.36.2 (linux/amd64) kubernetes/0000000"}
MERGE: Final = {**KUBECTL, "Content-Type": "application/merge-patch+json"}
APPLY: Final = {**KUBECTL, "Content-Type": "application/apply-patch+yaml"}

#: Exceeds every bound of a new request, but not that of its size.
BEYOND: Final[Json] = {
    "generateName": "n" * 300,
    "labels": {f"label-{n}": "" for n in range(50)},
    "annotations": {f"note-{n}": "<" * 1_000 for n in range(50)},
    "finalizers": [f"a.b/{n}" for n in range(50)],
    "ownerReferences": [OWNER],
    "managedFields": [
        a_parsed_csr({f"f:{'<' * 10_000}": {}}, manager=f"m{n}", operation="Apply")
        for n in range(20)
    ],
}


@pytest.fixture(scope="module")
def old(plane: ControlPlane, aws: FakeAws, profile: str) -> str:
    """File a node's request that exceeds the bounds, and return its name."""
    node = join(plane, aws, profile)
    pem, _ = kubelet_request(node.name, dns=[node.name], ips=[node.machine.enis[0].ip])
    return node.send(pem, metadata={"name": "o" * 300, **BEYOND})


@pytest.fixture(scope="module")
def bounded(plane: ControlPlane, old: str) -> Iterator[ControlPlane]:
    """Yield the control plane with the policy, installed after that request."""
    assert old
    with installed(plane):
        yield plane


@pytest.fixture
def node(bounded: ControlPlane, aws: FakeAws, profile: str) -> Node:
    """Return a node that no other test uses."""
    return join(bounded, aws, profile)


@pytest.fixture(scope="module")
def manifest() -> Json:
    """Return a manifest that a person applies: the largest of `csr-approver request`."""
    names = [f"{'s' * 50}-{n}.{'n' * 50}.svc.cluster.local" for n in range(10)]
    options = [part for name in names for part in ("--dns", name)]
    command = ("request", "myserver", "--dry-run", "--key-type", "rsa-4096", *options)
    printed: Json = json.loads(CommandRunner().run(*command, "--output", "json").stdout)
    return printed


def review(plane: ControlPlane) -> None:
    reviewer(Logger(service="admission")).handle(message(plane), WallClock(50))


def is_issued(plane: ControlPlane, name: str) -> bool | None:
    return True if stored(plane, name)["status"].get("certificate") else None


def change(plane: ControlPlane, name: str, metadata: Json) -> int:
    """Change an object's metadata as `kubectl label`, `annotate` and `patch` do."""
    return plane.admin.request("PATCH", f"{CSRS}/{name}", {"metadata": metadata}, MERGE)[0]


def decide(plane: ControlPlane, name: str, kind: str) -> int:
    """Approve or deny as `kubectl certificate` does."""
    body = stored(plane, name)
    body["status"]["conditions"] = [{"type": kind, "status": "True", "reason": f"Kubectl{kind}"}]
    return plane.admin.request("PUT", f"{CSRS}/{name}/approval", body, KUBECTL)[0]


def test_a_real_kubelets_request_is_filed_approved_and_issued(
    bounded: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    """The kubelet's own code, this approver and Kubernetes's signer take part."""
    node.boot(kubelets)
    kubelets.filed(node.name)

    review(bounded)

    assert kubelets.certificate(node.name).startswith("-----BEGIN CERTIFICATE-----")


def test_a_real_kubelet_with_too_many_names_receives_the_bound_as_its_error(
    bounded: ControlPlane, node: Node, kubelets: Kubelets
) -> None:
    assert bounded
    others = [f"name-{n}.{'x' * 50}.example.com" for n in range(200)]
    node.boot(kubelets, [*node.addresses, *(("InternalDNS", name) for name in others)])

    assert REQUEST in kubelets.error(node.name)


def test_what_kubectl_apply_sends_passes_and_may_be_applied_again(
    bounded: ControlPlane, manifest: Json
) -> None:
    """Kubectl stores the manifest in an annotation when it creates or changes an object."""
    labelled = {**manifest, "metadata": {"name": "myserver", "labels": {"team": "edge"}}}
    first, second = (
        {LAST_APPLIED: f"{json.dumps(document)}\n"} for document in (manifest, labelled)
    )
    body = {**manifest, "metadata": {"name": "myserver", "annotations": first}}
    as_kubectl = f"{CSRS}?fieldManager=kubectl-client-side-apply&fieldValidation=Strict"
    assert 201 == bounded.admin.request("POST", as_kubectl, body, KUBECTL)[0]

    changed = {"labels": {"team": "edge"}, "annotations": second}
    assert 200 == change(bounded, "myserver", changed)
    assert 200 == decide(bounded, "myserver", "Approved")
    AppSigner(bounded).sign("myserver")
    assert 200 == change(bounded, "myserver", {"labels": {"team": None}})


def test_what_kubectl_apply_sends_with_server_side_passes(
    bounded: ControlPlane, manifest: Json
) -> None:
    body = {**manifest, "metadata": {"name": "server-side", "labels": {"team": "edge"}}}
    path = f"{CSRS}/server-side?fieldManager=kubectl"

    assert 201 == bounded.admin.request("PATCH", path, body, APPLY)[0]
    body["metadata"]["labels"]["team"] = "core"
    assert 200 == bounded.admin.request("PATCH", path, body, APPLY)[0]


def test_what_csr_approver_request_files_passes(bounded: ControlPlane, manifest: Json) -> None:
    body = {**manifest, "metadata": {"name": "requested"}}

    assert 201 == bounded.admin.request("POST", CSRS, body)[0]


def test_an_object_is_labelled_and_denied_as_kubectl_does(
    bounded: ControlPlane, node: Node
) -> None:
    """Both work also after managedFields has an entry for a subresource."""
    name, _ = node.file()

    assert 200 == decide(bounded, name, "Denied")
    assert 200 == change(bounded, name, {"labels": {"seen": "yes"}, "annotations": {"by": "me"}})
    assert 200 == change(bounded, name, {"labels": {"seen": None}})


def test_a_deletion_in_the_foreground_ends(bounded: ControlPlane, node: Node) -> None:
    """The API server itself adds a finalizer; the garbage collector removes it."""
    name, _ = node.file()
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Foreground"}
    deleted = bounded.admin.request("DELETE", f"{CSRS}/{name}", options)[1]
    assert ["foregroundDeletion"] == deleted["metadata"]["finalizers"]

    assert 200 == change(bounded, name, {"labels": {"seen": "yes"}})
    assert 200 == change(bounded, name, {"finalizers": None})

    assert 404 == bounded.admin.request("GET", f"{CSRS}/{name}")[0]


def test_what_was_beyond_the_bounds_before_is_approved_issued_changed_and_deleted(
    bounded: ControlPlane, old: str
) -> None:
    """The policy doesn't prevent a cleanup."""
    review(bounded)
    assert {"Approved": "ApprovedByCsrApprover"} == conditions(bounded, old)
    eventually(lambda: is_issued(bounded, old), "the certificate")

    assert 200 == change(bounded, old, {"labels": {"seen": "yes"}})
    assert 200 == change(bounded, old, {"ownerReferences": None})
    assert 200 == change(bounded, old, {"finalizers": BEYOND["finalizers"][1:]})
    assert 200 == change(bounded, old, {"finalizers": None})

    assert 200 == bounded.admin.request("DELETE", f"{CSRS}/{old}")[0]
