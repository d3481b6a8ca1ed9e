"""Attacks on the evidence: on instances, and on EC2's and IAM's answers."""

from typing import Final

from tests.threats.row import EXAMPLES, Change, Row, unchecked

_ADDRESSES: Final = "tests/attack/test_addresses.py"
_OWN: Final = "src/core/checks/own_names.py"
_INSTANCE: Final = "src/core/checks/instance.py"
_EVIDENCE: Final = "src/core/evidence.py"

ROWS: Final = (
    Row(
        "claim an instance that EC2 doesn't know",
        EXAMPLES,
        (unchecked("instance.py", "instance_known"),),
        "leave/instance-known/",
    ),
    Row(
        "file from an instance of another VPC",
        EXAMPLES,
        (Change(_INSTANCE, "if not policy.allow_other_vpcs and", "if False and"),),
        "leave/cluster/",
    ),
    Row(
        "file from an instance of another cluster",
        "tests/attack/test_instances.py::test_a_tag_that_resembles_the_clusters_is_not_accepted",
        (Change(_INSTANCE, "if policy.require_cluster_tag:", "if False:"),),
    ),
    Row(
        "file from an instance of another cluster where no tag is required, or where it was given"
        " this cluster's tag too",
        EXAMPLES,
        (
            Change(_INSTANCE, "if by_aws != cluster.name:", "if False:"),
            Change(_INSTANCE, "    if named:\n", "    if False:\n"),
        ),
        "leave/cluster/",
    ),
    Row(
        "file for a stopped or terminated instance, whose name may belong to another by now",
        EXAMPLES,
        (unchecked("instance.py", "instance_running"),),
        "leave/instance-running/",
    ),
    Row(
        "be identified by a terminated instance's name (`ALLOW_NAME_IDENTITY`)",
        "tests/core/test_evidence.py::test_a_terminated_instance_is_not_found_by_name",
        (Change(_EVIDENCE, "if instance.state not in _GONE", "if True"),),
    ),
    Row(
        "launch a second instance with the same name (`ALLOW_NAME_IDENTITY`)",
        EXAMPLES,
        (unchecked("instance.py", "instance_single"),),
        "leave/instance-single/",
    ),
    Row(
        "run an instance of another cluster or VPC with a node's name (`ALLOW_NAME_IDENTITY`)",
        "tests/core/test_settings.py::test_names_of_any_vpc_need_the_clusters_tag",
        (
            Change(
                "src/core/settings.py",
                "if by_name_alone and not self.require_cluster_tag:",
                "if False:",
            ),
        ),
    ),
    Row(
        "be identified by an instance ID that the node's name only contains"
        " (`ALLOW_NAME_IDENTITY`)",
        "tests/core/test_evidence.py::test_a_name_that_only_contains_an_instance_id_finds_nothing",
        (Change(_EVIDENCE, "and _is_named(one, identity.node)", ""),),
    ),
    Row(
        "file under a name before the instance that will have this name is launched",
        EXAMPLES,
        (unchecked("instance.py", "instance_launched_before"),),
        "leave/instance-launched-before/",
    ),
    Row(
        "file, and wait until EC2's answer fits the request",
        EXAMPLES,
        (unchecked("requester.py", "fresh"),),
        "kubelet-serving/leave/fresh/",
    ),
    Row(
        "call a node by another instance's name",
        EXAMPLES,
        (unchecked("instance.py", "node_name"),),
        "deny/node-name/",
    ),
    Row(
        "put a wildcard into a node's name, which an EC2 filter would expand",
        "tests/core/test_evidence.py::test_a_name_that_is_no_plain_host_name_never_reaches_a_filter",
        (Change(_EVIDENCE, "and is_dns_name(identity.node)", ""),),
    ),
    Row(
        "put a wildcard into any other value of an EC2 filter",
        "tests/adapters/test_ec2.py::test_a_name_that_is_a_pattern_is_never_requested",
        (Change("src/adapters/ec2.py", "and not _WILDCARDS & set(value)", ""),),
    ),
    Row(
        "name another cluster's instance in one's session, to find out its names, addresses or role"
        " by a denial",
        "tests/property/test_foreign_instances_are_never_shown.py"
        "::test_what_is_written_is_the_same_as_without_the_instance",
        (
            Change(
                "src/core/decision.py",
                "            refusals.append(refusal.by(check.id))\n"
                "            absent |= check.establishes\n",
                "            refusals.append(refusal.by(check.id))\n",
            ),
        ),
    ),
    Row(
        "find out another instance's VPC or role by being denied for something else",
        "tests/core/test_acting.py::test_a_denial_lists_the_refusals_that_deny",
        (Change("src/core/acting.py", "if one.effect is Effect.DENY]", "]"),),
    ),
    Row(
        "make EC2 fail, so that the approver decides without evidence",
        "tests/core/test_review.py"
        "::test_a_csr_without_evidence_is_undecided_and_others_are_approved",
        (
            Change(
                _EVIDENCE,
                "    if isinstance(answer, EvidenceUnavailable):\n        return answer\n",
                "    if isinstance(answer, EvidenceUnavailable):\n        return NO_EVIDENCE\n",
            ),
        ),
    ),
    Row(
        "make IAM fail, to be approved with another role",
        "tests/core/test_review.py::test_a_role_that_iam_does_not_show_is_left",
        (
            Change(
                _INSTANCE, 'return Refusal.leave("node role not verified", role.why)', "return None"
            ),
        ),
    ),
    Row(
        "use the CNI's rights to move another instance's secondary address to the node's interface",
        f"{_ADDRESSES}::test_a_secondary_address_that_a_node_assigned_itself_is_left",
        (Change(_OWN, "if private.primary:", "if True:"),),
    ),
    Row(
        "attach another interface, with the CNI's rights, and ask for its address",
        f"{_ADDRESSES}::test_an_interface_that_a_node_attached_counts_only_where_allowed",
        (Change(_OWN, "not case.policy.allow_secondary_enis or", ""),),
    ),
    Row(
        "ask for an address that another instance's interface holds, whatever the settings allow",
        f"{_ADDRESSES}::test_what_another_instance_holds_is_denied_whatever_is_allowed",
        (unchecked("names.py", "ip_addresses"),),
    ),
)
