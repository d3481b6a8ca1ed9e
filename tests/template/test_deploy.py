"""The manifests give the approver exactly what it needs in a cluster, under one group name."""

from pathlib import Path
from typing import Any

import yaml

from sandbox.kubernetes import APP_SERVING, KUBELET_SERVING, SEES_SERVICES, approver_rules
from tests.template.cloudformation import Stack, Template
from tests.template.sam import to_release
from tests.template.templates import ROOT

GROUP = "csr-approver"


def rbac() -> dict[str, Any]:
    text = Path(ROOT, "deploy/rbac.yaml").read_text()
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def access_entry(region: str = "us-east-1") -> dict[str, Any]:
    stack = Template.read(ROOT / "deploy/access-entry.yaml").stack(
        ClusterName="prod", ReviewerRoleName="reviewer", region=region
    )
    entry: dict[str, Any] = stack.properties("ReviewerAccess")
    return entry


def test_the_approver_may_do_in_a_cluster_what_it_does_and_no_more() -> None:
    """The approver may list CSRs, and write decisions for one signer."""
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


def test_the_sandbox_grants_the_same_rights() -> None:
    """The fake clusters grant the approver what the manifest grants."""
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


def app_serving() -> list[Any]:
    return list(yaml.safe_load_all(Path(ROOT, "deploy/rbac-app-serving.yaml").read_text()))


def test_the_second_manifest_gives_the_second_signer_and_its_evidence_and_no_more() -> None:
    """In separate roles, so that Services can be granted in some namespaces only."""
    roles = {
        document["metadata"]["name"]: document["rules"]
        for document in app_serving()
        if "rules" in document
    }

    assert {
        "csr-approver-app-serving": [
            {
                "apiGroups": ["certificates.k8s.io"],
                "resources": ["signers"],
                "resourceNames": [APP_SERVING],
                "verbs": ["approve"],
            }
        ],
        "csr-approver-services": [{"apiGroups": [""], "resources": ["services"], "verbs": ["get"]}],
    } == roles
    rule = SEES_SERVICES
    assert [{"apiGroups": [rule.group], "resources": [rule.resource], "verbs": [*rule.verbs]}] == (
        roles["csr-approver-services"]
    )


def test_the_second_manifest_binds_all_of_it_to_the_same_group() -> None:
    """The access entry puts the reviewer into this group."""
    bindings = [document for document in app_serving() if "subjects" in document]

    assert ["csr-approver-app-serving", "csr-approver-services"] == [
        binding["roleRef"]["name"] for binding in bindings
    ]
    assert all(
        [subject["name"] for subject in binding["subjects"]] == [GROUP] for binding in bindings
    )


def test_the_binding_gives_the_role_to_the_group() -> None:
    """The role and the binding are in the same file."""
    role, binding = rbac()["ClusterRole"], rbac()["ClusterRoleBinding"]

    assert role["metadata"]["name"] == binding["roleRef"]["name"]
    assert [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": GROUP}] == (
        binding["subjects"]
    )


def test_the_access_entry_puts_the_role_into_the_group() -> None:
    """The entry is a standard one for the reviewer's role, without access policies."""
    assert {
        "ClusterName": "prod",
        "PrincipalArn": "arn:aws:iam::123456789012:role/reviewer",
        "Type": "STANDARD",
        "KubernetesGroups": [GROUP],
    } == access_entry()


def test_the_access_entry_s_role_is_of_its_own_account_and_partition() -> None:
    """A name is enough, so that one stack set can create the entries of many accounts."""
    assert (
        "arn:aws-us-gov:iam::123456789012:role/reviewer"
        == (access_entry("us-gov-west-1")["PrincipalArn"])
    )


# --- the bucket of an organization's code ---------------------------------------------------------


def code_bucket(region: str = "eu-west-1") -> Stack:
    return Template.read(ROOT / "deploy/code-bucket.yaml").stack(
        region=region, CodeBucketPrefix="corp", OrganizationId="o-abcdefghij"
    )


def test_the_bucket_is_where_the_released_template_looks() -> None:
    """Both take the same prefix, by the same pattern, and append the Region."""
    stack = to_release().stack(region="eu-west-1", CodeBucketPrefix="corp")
    pattern = to_release().parameters["CodeBucketPrefix"]["AllowedPattern"]
    taken = Template.read(ROOT / "deploy/code-bucket.yaml").parameters["CodeBucketPrefix"]

    assert pattern == taken["AllowedPattern"]
    assert (
        code_bucket().properties("Bucket")["BucketName"]
        == (stack.properties("ReviewerFunction")["Code"]["S3Bucket"])
    )


def test_only_the_organization_reads_the_bucket() -> None:
    """Everyone else is refused, and so is a connection without TLS."""
    reads, refuses = code_bucket().properties("BucketPolicy")["PolicyDocument"]["Statement"]

    assert ("Allow", ["s3:GetObject", "s3:GetObjectVersion"]) == (reads["Effect"], reads["Action"])
    assert {"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}} == reads["Condition"]
    assert ("Deny", {"Bool": {"aws:SecureTransport": False}}) == (
        refuses["Effect"],
        refuses["Condition"],
    )
    assert {True} == {
        *code_bucket().properties("Bucket")["PublicAccessBlockConfiguration"].values()
    }


def test_the_bucket_outlives_its_stack() -> None:
    """Anyone may create a bucket of a deleted one's name, and with it decide what is deployed."""
    bucket = code_bucket().resources["Bucket"]

    assert ("Retain", "Retain") == (bucket["DeletionPolicy"], bucket["UpdateReplacePolicy"])
