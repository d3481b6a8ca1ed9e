"""What is set up in a cluster: exactly what the approver needs, under the same group name."""

from pathlib import Path
from typing import Any

import yaml

from sandbox.kubernetes import KUBELET_SERVING, approver_rules
from tests.template.cloudformation import Template
from tests.template.sam import ROOT

GROUP = "csr-approver"


def rbac() -> dict[str, Any]:
    text = Path(ROOT, "deploy/rbac.yaml").read_text()
    return {one["kind"]: one for one in yaml.safe_load_all(text)}


def access_entry() -> dict[str, Any]:
    stack = Template.read(ROOT / "deploy/access-entry.yaml").stack(
        ClusterName="prod", ReviewerRoleArn="arn:aws:iam::123456789012:role/reviewer"
    )
    entry: dict[str, Any] = stack.properties("ReviewerAccess")
    return entry


def test_the_approver_may_do_in_a_cluster_what_it_does_and_no_more() -> None:
    """List CSRs, write decisions, and that for the one signer: nothing else."""
    assert [
        {
            "apiGroups": ["certificates.k8s.io"],
            "resources": ["certificatesigningrequests"],
            "verbs": ["list"],
        },
        {
            "apiGroups": ["certificates.k8s.io"],
            "resources": ["certificatesigningrequests/approval"],
            "verbs": ["update"],
        },
        {
            "apiGroups": ["certificates.k8s.io"],
            "resources": ["signers"],
            "resourceNames": ["kubernetes.io/kubelet-serving"],
            "verbs": ["approve"],
        },
    ] == rbac()["ClusterRole"]["rules"]


def test_the_sandbox_practises_with_these_rights() -> None:
    """What the practice clusters grant the approver is what the file grants."""
    granted = [
        {
            "apiGroups": [rule.group],
            "resources": [rule.resource],
            **({"resourceNames": list(rule.names)} if rule.names else {}),
            "verbs": list(rule.verbs),
        }
        for rule in approver_rules(KUBELET_SERVING)
    ]

    assert rbac()["ClusterRole"]["rules"] == granted


def test_role_and_binding_fit() -> None:
    """The binding gives the role of the same file to one group."""
    role, binding = rbac()["ClusterRole"], rbac()["ClusterRoleBinding"]

    assert role["metadata"]["name"] == binding["roleRef"]["name"]
    assert [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}] == (
        binding["subjects"]
    )


def test_the_access_entry_puts_the_role_into_the_group() -> None:
    """A standard entry for the reviewer's role, without access policies, into that group."""
    assert {
        "ClusterName": "prod",
        "PrincipalArn": "arn:aws:iam::123456789012:role/reviewer",
        "Type": "STANDARD",
        "KubernetesGroups": [GROUP],
    } == access_entry()
