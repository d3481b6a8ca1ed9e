"""Node requests: the checks of who asks, and when."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from core.model import NOT_PROVIDED, Peers, RoleUnknown
from tests.builders import (
    INSTANCE_ID,
    NODE,
    ROLE,
    a_case,
    a_cluster,
    a_csr,
    a_policy,
    an_extra,
    an_instance,
)
from tests.core.check_cases.cases import BY_NAME_CSR
from tests.core.check_cases.example import LEAVE, CheckExample

#: What EC2 shows for a session that isn't named after an instance: nothing.
NOTHING: Mapping[str, Any] = {"identity": None, "instances": ()}
#: A node whose role the cluster maps to another user.
MISCONFIGURED = a_csr(username="ops", groups=("system:authenticated",))

#: Evidence that doesn't show that instance as this cluster's own, or its role as the requester's.
UNCONFIRMED: Mapping[str, Mapping[str, Any]] = {
    "no instance": {"instances": ()},
    "an instance that isn't claimed": {"identity": None},
    "an instance that is claimed by name": {"identity": "name"},
    "two instances": {"instances": (an_instance(), an_instance())},
    "another instance": {"instance": an_instance(id="i-0bbbbbbbbbbbbbbbb")},
    "a stopped instance": {"instance": an_instance(state="stopped")},
    "an instance launched since": {"instance": an_instance(launched=None)},
    "an instance of another VPC": {"instance": an_instance(vpc_id="vpc-other")},
    "an instance of another cluster": {"instance": an_instance(tags={"eks:cluster-name": "dev"})},
    "an instance without tags, where none are required": {
        "instance": an_instance(tags={}),
        "policy": a_policy(require_cluster_tag=False),
    },
    "an instance of another role, where roles aren't verified": {
        "csr": a_csr(username="ops", extra=an_extra(role="admin")),
        "policy": a_policy(verify_node_role=False),
    },
    "an instance whose role IAM doesn't show": {"role": RoleUnknown("throttled", fault=True)},
    "an instance that wasn't given": {"instances": NOT_PROVIDED},
    "an instance whose role wasn't given": {"role": NOT_PROVIDED},
    "an instance of a cluster that wasn't given": {"cluster": NOT_PROVIDED},
    "an instance of a cluster without a name": {"cluster": a_cluster(name="")},
}

FIX = (
    f"EC2 instance {INSTANCE_ID} isn't treated as a node: if it is meant to be one, map its role "
    f"{ROLE} to system:node:{{{{EC2PrivateDNSName}}}} with the nodes' groups, or give it an access "
    "entry of type EC2_LINUX; got "
)

EXAMPLES: tuple[CheckExample, ...] = (
    # --- requester-is-node
    CheckExample("requester-is-node", "a node of both groups", a_case()),
    CheckExample(
        "requester-is-node",
        "a person",
        a_case(csr=a_csr(username="alice"), identity=None),
        LEAVE,
        "not a node",
        "got username alice, expected system:node:<name>",
    ),
    CheckExample(
        "requester-is-node",
        "a node without a name",
        a_case(csr=a_csr(username="system:node:"), **NOTHING),
        LEAVE,
        "not a node",
        "got username system:node:, expected system:node:<name>",
    ),
    CheckExample(
        "requester-is-node",
        "a node's username without the nodes' group",
        a_case(csr=a_csr(groups=("system:authenticated",)), **NOTHING),
        LEAVE,
        "not in the nodes' groups",
        "missing system:nodes",
    ),
    CheckExample(
        "requester-is-node",
        "a username in another letter case",
        a_case(csr=a_csr(username=f"System:Node:{NODE}"), **NOTHING),
        LEAVE,
        "not a node",
        f"got username System:Node:{NODE}, expected system:node:<name>",
    ),
    CheckExample(
        "requester-is-node",
        "this cluster's own instance under another user's name, which node-kind refuses",
        a_case(csr=MISCONFIGURED),
    ),
    *(
        CheckExample(
            "requester-is-node",
            f"another user in a session named after {sentence}",
            a_case(**{"csr": MISCONFIGURED, **changes}),
            LEAVE,
            "not a node",
            "got username ops, expected system:node:<name>",
        )
        for sentence, changes in UNCONFIRMED.items()
    ),
    # --- node-kind
    CheckExample("node-kind", "a session of one instance", a_case()),
    CheckExample("node-kind", "no IAM keys at all", a_case(csr=BY_NAME_CSR)),
    CheckExample(
        "node-kind",
        "a short instance id of eight digits",
        a_case(csr=a_csr(extra=an_extra("i-0aaaaaaa"))),
    ),
    CheckExample(
        "node-kind",
        "a Fargate node",
        a_case(csr=a_csr(node="fargate-ip-10-0-1-10.ec2.internal")),
        LEAVE,
        "not an EC2 node",
        "got node fargate-ip-10-0-1-10.ec2.internal",
    ),
    CheckExample(
        "node-kind",
        "a Fargate node's name in upper case",
        a_case(csr=a_csr(node="FARGATE-IP-10-0-1-10")),
        LEAVE,
        "not an EC2 node",
        "got node FARGATE-IP-10-0-1-10",
    ),
    CheckExample(
        "node-kind",
        "a hybrid node",
        a_case(csr=a_csr(node="mi-0123456789abcdef0")),
        LEAVE,
        "not an EC2 node",
        "got node mi-0123456789abcdef0",
    ),
    CheckExample(
        "node-kind",
        "a HyperPod node",
        a_case(csr=a_csr(node="hyperpod-i-0123456789abcdef0")),
        LEAVE,
        "not an EC2 node",
        "got node hyperpod-i-0123456789abcdef0",
    ),
    CheckExample(
        "node-kind",
        "a hybrid node whose name is its session's in another letter case",
        a_case(csr=a_csr(node="Rack7.example", extra=an_extra("rack7.example"))),
        LEAVE,
        "not an EC2 node",
        "got node Rack7.example, named like its session",
    ),
    CheckExample(
        "node-kind",
        "a hybrid node by Roles Anywhere, named like its session",
        a_case(csr=a_csr(node="rack7.example", extra=an_extra("Rack7.example"))),
        LEAVE,
        "not an EC2 node",
        "got node rack7.example, named like its session",
    ),
    CheckExample(
        "node-kind",
        "this cluster's own instance whose role is mapped to another user",
        a_case(csr=MISCONFIGURED),
        LEAVE,
        "role not mapped as a node's",
        f"{FIX}ops",
    ),
    CheckExample(
        "node-kind",
        "this cluster's own instance whose role lacks the nodes' groups",
        a_case(csr=a_csr(groups=("system:authenticated",))),
        LEAVE,
        "role not mapped as a node's",
        f"{FIX}system:node:{NODE}",
    ),
    CheckExample(
        "node-kind",
        "another user that no instance confirms, which requester-is-node refuses",
        a_case(csr=MISCONFIGURED, instances=()),
    ),
    *(
        CheckExample(
            "node-kind",
            f"a person's session of the node role: {person}",
            a_case(csr=a_csr(extra=an_extra(person))),
            LEAVE,
            "not an EC2 session",
            f"got sessionName '{person}', expected one instance id",
        )
        for person in ("alice", "zoe")
    ),
    CheckExample(
        "node-kind",
        "an instance id with a line end after it",
        a_case(csr=a_csr(extra=an_extra(INSTANCE_ID + "\n"))),
        LEAVE,
        "not an EC2 session",
        f"got sessionName '{INSTANCE_ID}\\\\n', expected one instance id",
    ),
    CheckExample(
        "node-kind",
        "two session names",
        a_case(csr=a_csr(extra=an_extra() | {"sessionName": (INSTANCE_ID, INSTANCE_ID)})),
        LEAVE,
        "not an EC2 session",
        f"got sessionName '{INSTANCE_ID}', '{INSTANCE_ID}', expected one instance id",
    ),
    CheckExample(
        "node-kind",
        "an empty list of session names",
        a_case(csr=a_csr(extra=an_extra() | {"sessionName": ()})),
        LEAVE,
        "not an EC2 session",
        "got sessionName none, expected one instance id",
    ),
    # --- fresh
    CheckExample("fresh", "fifteen minutes old", a_case(csr=a_csr(age=timedelta(seconds=900)))),
    CheckExample("fresh", "from a clock 30 s ahead", a_case(csr=a_csr(age=timedelta(seconds=-30)))),
    CheckExample(
        "fresh",
        "a second over fifteen minutes",
        a_case(csr=a_csr(age=timedelta(seconds=901))),
        LEAVE,
        "abandoned",
        "got an age of 901 s, expected at most 900 s",
    ),
    CheckExample(
        "fresh",
        "from the future",
        a_case(csr=a_csr(age=timedelta(seconds=-31))),
        LEAVE,
        "created in the future",
        "got 31 s from now",
    ),
    # --- newest
    CheckExample("newest", "nothing newer", a_case()),
    CheckExample(
        "newest",
        "a newer request of the requester",
        a_case(peers=Peers(newer="csr-later")),
        LEAVE,
        "superseded",
        "by csr-later",
    ),
)
