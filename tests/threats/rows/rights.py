"""Attacks on the approver's own rights, in clusters and in AWS."""

from typing import Final

from tests.threats.row import Change, Row

_RBAC: Final = "deploy/rbac.yaml"
_TEMPLATE: Final = "template.yaml"

ROWS: Final = (
    Row(
        "use the approver's token for anything else in its cluster",
        "tests/template/test_deploy.py"
        "::test_the_approver_may_do_in_a_cluster_what_it_does_and_no_more",
        (
            Change(_RBAC, "verbs: [list]", "verbs: [list, get]"),
            Change(_RBAC, "    resourceNames: [kubernetes.io/kubelet-serving]\n", ""),
        ),
    ),
    Row(
        "use the second signer's rights to read more than the Services that are asked for",
        "tests/template/test_deploy.py"
        "::test_the_second_manifest_gives_the_second_signer_and_its_evidence_and_no_more",
        (Change("deploy/rbac-app-serving.yaml", "verbs: [get]", "verbs: [get, list]"),),
    ),
    Row(
        "use the approver's role for anything else in AWS",
        "tests/template/test_rights.py::test_roles_have_these_rights_and_no_others",
        (Change(_TEMPLATE, "Action: iam:GetInstanceProfile", "Action: iam:PassRole"),),
    ),
    Row(
        "write to the review queue from another role of the account, or from another account",
        "tests/template/test_rights.py::test_no_one_but_the_dispatcher_sends",
        (
            Change(
                _TEMPLATE,
                "Sid: OnlyTheDispatcherSends\n            Effect: Deny",
                "Sid: OnlyTheDispatcherSends\n            Effect: Allow",
            ),
        ),
    ),
    Row(
        "make `access` print the attacker's manifest, by a stack with the approver's name",
        "tests/cli/test_access.py::test_a_stacks_output_is_used_only_if_it_is_a_role",
        (
            Change(
                "src/cli/access/approver_role.py",
                "if found is None or Role.of_arn(found.role_arn) is None:",
                "if found is None:",
            ),
        ),
    ),
    Row(
        "own the bucket from which a released stack takes its code",
        "tests/template/test_parameters.py"
        "::test_every_parameter_has_a_default_but_the_code_s_bucket",
        (
            Change(
                "release/template.py",
                '"ConstraintDescription": "must be the beginning',
                '"Default": "corp", "ConstraintDescription": "must be the beginning',
            ),
        ),
        "released",
    ),
    Row(
        "read or write an organization's code from another organization",
        "tests/template/test_deploy.py::test_only_the_organization_reads_the_bucket",
        (
            Change("deploy/code-bucket.yaml", "aws:PrincipalOrgID:", "aws:PrincipalTag/Any:"),
            Change("deploy/code-bucket.yaml", "Action: [s3:GetObject,", "Action: [s3:PutObject,"),
        ),
    ),
    Row(
        "make `access --apply` remove another approver's rights",
        "tests/cli/test_rbac.py::test_an_object_of_another_owner_is_not_forced",
        (
            Change(
                "src/cli/access/rbac.py", '(_FORCE if _is_ours(before, manifest) else "")', "_FORCE"
            ),
        ),
    ),
)
