"""`csr-approver access --apply` on a real kube-apiserver grants the rights, and no others."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from sandbox.aws import FakeAws
from tests.cli.aws_stub import AwsStub
from tests.cli.conftest import CommandRunner
from tests.controlplane.nodes import RBAC, RULES
from tests.controlplane.runner import forget, use_credentials
from tests.real.controlplane import ControlPlane, eventually

GROUP: Final = "csr-approver"
REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
EVERYTHING: Final = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
ROLES: Final = ("csr-approver", "csr-approver-app-serving", "csr-approver-services")


ROLE = ("--role-arn", "arn:aws:iam::123456789012:role/csr-approver-reviewer")


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> AwsStub:
    made = AwsStub()
    made.install(monkeypatch)
    return made


@pytest.fixture
def runner(plane: ControlPlane, stub: AwsStub) -> Iterator[CommandRunner]:
    """Yield a runner; the cluster has none of our rights before and after."""
    assert stub
    yield CommandRunner()
    forget(plane, *ROLES)


def may(
    plane: ControlPlane,
    verb: str,
    resource: str,
    name: str = "",
    group: str = "certificates.k8s.io",
) -> bool:
    """Return whether the API server allows this to a member of our group."""
    asked = {"group": group, "verb": verb, "name": name}
    kind, _, sub = resource.partition("/")
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": "a-member",
            "groups": [GROUP],
            "resourceAttributes": {**asked, "resource": kind, "subresource": sub},
        },
    }
    return bool(plane.admin.request("POST", REVIEWS, body)[1]["status"]["allowed"])


def grant(plane: ControlPlane, rules: Any, *, labels: dict[str, str]) -> None:
    """Create a ClusterRole of our name as another field manager."""
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": GROUP, "labels": labels},
        "rules": rules,
    }
    assert 201 == plane.admin.request("POST", f"{RBAC}/clusterroles", role)[0]


def granted(plane: ControlPlane) -> Any:
    return plane.admin.request("GET", f"{RBAC}/clusterroles/{GROUP}")[1]["rules"]


def states(document: Any) -> list[str]:
    return [step["state"] for step in document["clusters"][0]["steps"]]


def test_applied_twice_the_rights_are_there_once_and_no_others(
    plane: ControlPlane, aws: FakeAws, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_credentials(plane, aws, monkeypatch, "system:masters")

    first = runner.json("access", plane.cluster, "--apply", *ROLE)
    second = runner.json("access", plane.cluster, "--apply", *ROLE)

    assert (["created"] * 3, ["ok"] * 3) == (states(first), states(second))
    csrs = "certificatesigningrequests"
    eventually(lambda: may(plane, "list", csrs) or None, "the grant")
    assert may(plane, "update", f"{csrs}/approval")
    assert may(plane, "approve", "signers", "kubernetes.io/kubelet-serving")
    assert not may(plane, "approve", "signers", "beta.eks.amazonaws.com/app-serving")
    assert not may(plane, "get", csrs)


def test_changed_rights_are_corrected(
    plane: ControlPlane, aws: FakeAws, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older or edited role of ours, recognized by its label, is updated."""
    use_credentials(plane, aws, monkeypatch, "system:masters")
    grant(plane, EVERYTHING, labels={"app.kubernetes.io/name": GROUP})

    reported = runner.json("access", plane.cluster, "--apply", *ROLE)

    assert ["changed", "created", "created"] == states(reported)
    assert RULES == granted(plane)


def test_another_owners_role_of_that_name_is_not_changed(
    plane: ControlPlane, aws: FakeAws, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role may be another approver's, which would lose its rights."""
    use_credentials(plane, aws, monkeypatch, "system:masters")
    grant(plane, EVERYTHING, labels={})

    reported = runner.json("access", plane.cluster, "--apply", *ROLE, code=3)

    assert ["unknown", "created"] == states(reported)
    assert EVERYTHING == granted(plane)
    step = reported["clusters"][0]["steps"][0]
    assert "409: Apply failed with 1 conflict" in step["detail"]
    assert "  kubectl --context CONTEXT delete clusterrole csr-approver" == step["fix"][1]


def test_the_second_signers_rights_are_granted_separately(
    plane: ControlPlane, aws: FakeAws, runner: CommandRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_credentials(plane, aws, monkeypatch, "system:masters")

    reported = runner.json("access", plane.cluster, "--apply", *ROLE, "--app-serving")

    assert ["created"] * 7 == states(reported)
    signer = "beta.eks.amazonaws.com/app-serving"
    eventually(lambda: may(plane, "approve", "signers", signer) or None, "the grant")
    eventually(lambda: may(plane, "get", "services", group="") or None, "the grant of Services")


def test_a_person_without_the_rights_sees_the_api_servers_error(
    plane: ControlPlane,
    aws: FakeAws,
    runner: CommandRunner,
    stub: AwsStub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The access entry, which needs EKS rights only, is created nevertheless."""
    use_credentials(plane, aws, monkeypatch)

    reported = runner.json("access", plane.cluster, "--apply", *ROLE, code=3)

    assert ["unknown", "created"] == states(reported)
    step = reported["clusters"][0]["steps"][0]
    assert 'cannot patch resource "clusterroles"' in step["detail"].replace("\\", "")
    assert [
        (
            "your role must create and patch clusterroles and clusterrolebindings, and have every "
            "right that they grant, or `escalate` and `bind`"
        )
    ] == (step["fix"])
    assert 1 == len(stub.made("CreateAccessEntry"))


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ({"app.kubernetes.io/name": GROUP}, "cannot change role"),
        ({}, "409: Apply failed with 1 conflict"),
    ],
)
def test_a_binding_to_another_role_is_reported(
    plane: ControlPlane,
    aws: FakeAws,
    runner: CommandRunner,
    monkeypatch: pytest.MonkeyPatch,
    labels: dict[str, str],
    words: str,
) -> None:
    """Kubernetes doesn't allow changing a binding's role."""
    use_credentials(plane, aws, monkeypatch, "system:masters")
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": GROUP, "labels": labels},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "view",
        },
    }
    assert 201 == plane.admin.request("POST", f"{RBAC}/clusterrolebindings", binding)[0]

    reported = runner.json("access", plane.cluster, "--apply", *ROLE, code=3)

    assert ["created", "unknown", "created"] == states(reported)
    step = reported["clusters"][0]["steps"][1]
    assert words in step["detail"]
    assert "  kubectl --context CONTEXT delete clusterrolebinding csr-approver" == step["fix"][1]
