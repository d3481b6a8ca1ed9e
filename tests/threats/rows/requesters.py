"""Attacks by false requesters, and by requests that harm other requesters."""

from typing import Final

from tests.threats.row import EXAMPLES, Change, Row, unchecked

_REQUESTERS: Final = "tests/attack/test_requesters.py"
_PEERS: Final = "src/core/peers.py"
_BY_NAME_ALONE: Final = Change(
    "src/core/model/csr.py",
    "self.extra.get(SESSION_NAME, ()), self.extra.get(CANONICAL_ARN, ())",
    "self.extra.get(SESSION_NAME, ()), ()",
)

ROWS: Final = (
    Row(
        "file as a user that only has a node's name",
        EXAMPLES,
        (unchecked("node.py", "requester_is_node"),),
        "leave/requester-is-node/",
    ),
    Row(
        "file as a person who assumed a node's role, under a session name like an instance id",
        "tests/attack/test_instances.py::test_a_session_name_that_resembles_an_instance_id_is_left",
        (unchecked("node.py", "node_kind"),),
    ),
    Row(
        "file with IAM's extra keys in another letter case, to be identified by the node's name",
        "tests/core/test_identity.py"
        "::test_any_iam_key_in_any_letter_case_prevents_identification_by_name",
        (Change("src/core/identity.py", "allow_name and not has_iam_keys(csr)", "allow_name"),),
    ),
    Row(
        "get a role of the requester's own mapped as a node's by the approver's advice, with a"
        " session named like an instance",
        "tests/property/test_only_own_nodes_are_advised.py"
        "::test_only_a_running_instance_of_this_cluster_with_its_own_role_is_advised",
        (
            Change("src/core/checks/node.py", "    instance.node_role,\n", ""),
            Change("src/core/checks/node.py", "return is_tagged and all", "return all"),
            Change("src/core/checks/node.py", "    instance.instance_known,\n", ""),
            Change("src/core/checks/node.py", "    instance.cluster,\n", ""),
        ),
    ),
    Row(
        "get a role of the requester's own mapped as a node's by the advice of `diagnose`, with a"
        " session named like a Fargate node's",
        "tests/cli/test_field_cases.py"
        "::test_a_role_is_never_advised_to_be_mapped_as_a_nodes_for_a_session_name_alone",
        (
            Change(
                "src/cli/diagnose/sentences.py",
                'node-proxier. If it is, open a case with AWS.",\n        (_ENTRY,),',
                'node-proxier. If it is, open a case with AWS.",\n        (_MAP,),',
            ),
        ),
    ),
    Row(
        "hide a request that is disproved from `diagnose`, by a session named like a stopped "
        "instance",
        "tests/cli/test_diagnosis.py::test_each_open_request_has_its_causes",
        (
            Change(
                "src/cli/diagnose/causes.py",
                "may_lag=True) and not is_disproved:",
                "may_lag=True):",
            ),
        ),
        cases="a stopped instance",
    ),
    Row(
        "delay nodes by filing under thousands of sessions that are named like instances",
        "tests/core/test_review_misconfigured.py::test_strangers_never_delay_a_node",
        (Change("src/core/assessment.py", "self.context.now)[:SLICE]", "self.context.now)"),),
    ),
    Row(
        "file under a role that the cluster maps as a node's, but that isn't the instance's",
        f"{_REQUESTERS}::test_another_roles_session_of_the_same_name_is_left",
        (unchecked("instance.py", "node_role"),),
    ),
    Row(
        "file under another role with a node's session name, to supersede the node's request",
        f"{_REQUESTERS}::test_another_roles_session_of_the_same_name_supersedes_no_other",
        (_BY_NAME_ALONE,),
    ),
    Row(
        "file under another role with a node's session name, to use up its share of the list",
        f"{_REQUESTERS}::test_another_roles_session_uses_up_a_share_of_its_own",
        (_BY_NAME_ALONE,),
    ),
    Row(
        "get a wrong certificate under another role with a node's session name, to stop the node",
        f"{_REQUESTERS}::test_a_wrong_certificate_of_another_roles_session_blocks_no_node",
        (_BY_NAME_ALONE,),
    ),
    Row(
        "use one key for two nodes, so that either passes for the other",
        f"{_REQUESTERS}::test_two_nodes_with_one_key_are_both_denied",
        (
            unchecked("request.py", "key_not_reused"),
            Change(_PEERS, "min(self._other_users(parsed), default=None)", "None"),
        ),
    ),
    Row(
        "block a node by filing a copy of its request",
        "tests/core/test_peers.py::test_a_copy_of_a_request_blocks_no_other",
        (Change(_PEERS, "if parsed.key_is_proven:", "if True:"),),
    ),
    Row(
        "write another requester into the object",
        "tests/contract/test_contract_creation.py"
        "::test_the_server_sets_the_requester_whatever_the_body_has",
        # Kubernetes has this defence, so the change removes it from the fake API server.
        (
            Change(
                "sandbox/fake_apiserver/objects.py",
                "**user_fields(user)}",
                '**user_fields(user), "username": "system:node:another"}',
            ),
        ),
        "fake",
    ),
)
