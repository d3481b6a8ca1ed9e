"""Node requests: the checks of who asks, and when."""

from datetime import timedelta

from core.model import Peers
from tests.builders import INSTANCE_ID, NODE, a_case, a_csr, an_extra
from tests.core.check_cases.cases import BY_NAME_CSR
from tests.core.check_cases.line import LEAVE, Line

LINES: tuple[Line, ...] = (
    # --- requester-is-node
    Line("requester-is-node", "a node of both groups", a_case()),
    Line(
        "requester-is-node",
        "a person",
        a_case(csr=a_csr(username="alice"), identity=None),
        LEAVE,
        "not a node",
        "got username alice, expected system:node:<name>",
    ),
    Line(
        "requester-is-node",
        "a node without a name",
        a_case(csr=a_csr(username="system:node:")),
        LEAVE,
        "not a node",
        "got username system:node:, expected system:node:<name>",
    ),
    Line(
        "requester-is-node",
        "a node's username without the nodes' group",
        a_case(csr=a_csr(groups=("system:authenticated",))),
        LEAVE,
        "not in the nodes' groups",
        "missing system:nodes",
    ),
    Line(
        "requester-is-node",
        "a username in another letter case",
        a_case(csr=a_csr(username=f"System:Node:{NODE}")),
        LEAVE,
        "not a node",
        f"got username System:Node:{NODE}, expected system:node:<name>",
    ),
    # --- node-kind
    Line("node-kind", "a session of one instance", a_case()),
    Line("node-kind", "no IAM keys at all", a_case(csr=BY_NAME_CSR)),
    Line(
        "node-kind",
        "a short instance id of eight digits",
        a_case(csr=a_csr(extra=an_extra("i-0aaaaaaa"))),
    ),
    Line(
        "node-kind",
        "a Fargate node",
        a_case(csr=a_csr(node="fargate-ip-10-0-1-10.ec2.internal")),
        LEAVE,
        "not an EC2 node",
        "got node fargate-ip-10-0-1-10.ec2.internal",
    ),
    Line(
        "node-kind",
        "a hybrid node",
        a_case(csr=a_csr(node="mi-0123456789abcdef0")),
        LEAVE,
        "not an EC2 node",
        "got node mi-0123456789abcdef0",
    ),
    Line(
        "node-kind",
        "a person's session of the node role",
        a_case(csr=a_csr(extra=an_extra("alice"))),
        LEAVE,
        "not an EC2 session",
        "got sessionName ['alice'], expected one instance id",
    ),
    Line(
        "node-kind",
        "an instance id with a line end after it",
        a_case(csr=a_csr(extra=an_extra(INSTANCE_ID + "\n"))),
        LEAVE,
        "not an EC2 session",
        f"got sessionName ['{INSTANCE_ID}\\\\n'], expected one instance id",
    ),
    Line(
        "node-kind",
        "two session names",
        a_case(csr=a_csr(extra=an_extra() | {"sessionName": (INSTANCE_ID, INSTANCE_ID)})),
        LEAVE,
        "not an EC2 session",
        f"got sessionName ['{INSTANCE_ID}', '{INSTANCE_ID}'], expected one instance id",
    ),
    Line(
        "node-kind",
        "an empty list of session names",
        a_case(csr=a_csr(extra=an_extra() | {"sessionName": ()})),
        LEAVE,
        "not an EC2 session",
        "got sessionName [], expected one instance id",
    ),
    # --- fresh
    Line("fresh", "fifteen minutes old", a_case(csr=a_csr(age=timedelta(seconds=900)))),
    Line("fresh", "from a clock 30 s ahead", a_case(csr=a_csr(age=timedelta(seconds=-30)))),
    Line(
        "fresh",
        "a second over fifteen minutes",
        a_case(csr=a_csr(age=timedelta(seconds=901))),
        LEAVE,
        "abandoned",
        "got an age of 901 s, expected at most 900 s",
    ),
    Line(
        "fresh",
        "from the future",
        a_case(csr=a_csr(age=timedelta(seconds=-31))),
        LEAVE,
        "created in the future",
        "got 31 s from now",
    ),
    # --- newest
    Line("newest", "nothing newer", a_case()),
    Line(
        "newest",
        "a newer request of the requester",
        a_case(peers=Peers(newer="csr-later")),
        LEAVE,
        "superseded",
        "by csr-later",
    ),
)
