"""Service requests: the checks of who asks, and when."""

from datetime import timedelta

from core.model import Peers
from tests.core.check_cases.example import LEAVE, CheckExample
from tests.service_builders import (
    a_service_case,
    a_service_csr,
)

EXAMPLES: tuple[CheckExample, ...] = (
    # --- requester-is-service-account
    CheckExample(
        "requester-is-service-account",
        "a ServiceAccount in its namespace's group",
        a_service_case(),
    ),
    CheckExample(
        "requester-is-service-account",
        "a node",
        a_service_case(
            csr=a_service_csr(username="system:node:a", groups=("system:nodes",)),
        ),
        LEAVE,
        "not a ServiceAccount",
        "got username system:node:a, expected system:serviceaccount:<namespace>:<name>",
    ),
    *(
        CheckExample(
            "requester-is-service-account",
            f"another username: {username}",
            a_service_case(csr=a_service_csr(username=username)),
            LEAVE,
            "not a ServiceAccount",
            f"got username {shown}, expected system:serviceaccount:<namespace>:<name>",
        )
        for username, shown in (
            ("alice", "alice"),
            ("system:serviceaccount:shop:", "system:serviceaccount:shop:"),
            ("system:serviceaccount::issuer", "system:serviceaccount::issuer"),
            ("system:serviceaccount:shop", "system:serviceaccount:shop"),
            ("system:serviceaccount:shop:a:b", "system:serviceaccount:shop:a:b"),
            ("system:serviceaccount:Shop:issuer", "system:serviceaccount:Shop:issuer"),
            ("system:serviceaccount:shop:issuer\n", "system:serviceaccount:shop:issuer\\n"),
            ("system:serviceaccount:../shop:issuer", "system:serviceaccount:../shop:issuer"),
        )
    ),
    CheckExample(
        "requester-is-service-account",
        "a username without its namespace's group",
        a_service_case(csr=a_service_csr(groups=("system:serviceaccounts:other",))),
        LEAVE,
        "not in its namespace's group",
        "missing system:serviceaccounts:shop",
    ),
    # --- issuable-name
    CheckExample("issuable-name", "a name chosen by a person", a_service_case()),
    CheckExample(
        "issuable-name", "csr in the middle", a_service_case(csr=a_service_csr(name="web-csr-1"))
    ),
    CheckExample(
        "issuable-name",
        "a generated name like a kubelet's",
        a_service_case(csr=a_service_csr(name="csr-7znmf")),
        LEAVE,
        "EKS never issues this name",
        "got csr-7znmf, expected a name that doesn't begin with csr-",
    ),
    # --- fresh
    CheckExample("fresh", "seven minutes old", a_service_case()),
    CheckExample(
        "fresh",
        "an hour old",
        a_service_case(csr=a_service_csr(age=timedelta(hours=1))),
        LEAVE,
        "abandoned",
        "got an age of 3600 s, expected at most 900 s",
    ),
    # --- among-newest
    CheckExample("among-newest", "the newest", a_service_case()),
    CheckExample(
        "among-newest", "the twentieth", a_service_case(peers=Peers(newer_in_namespace=19))
    ),
    CheckExample(
        "among-newest",
        "a newer request of the ServiceAccount",
        a_service_case(peers=Peers(newer="web-tls-2", newer_in_namespace=1)),
    ),
    CheckExample(
        "among-newest",
        "the twenty-first",
        a_service_case(peers=Peers(newer_in_namespace=20)),
        LEAVE,
        "too many pending in the namespace",
        "got 20 newer ones, expected fewer than 20",
    ),
)
