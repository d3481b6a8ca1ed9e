"""What makes each alarm fire, as the handlers see it, and the words of the log that name it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

import pytest

from core import assessment
from sandbox.aws import ACCOUNT
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.fake_apiserver.status import ApiError
from tests.handlers.account import GROUP, NODE_ROLE, Account, Cluster
from tests.handlers.lambdas import Invocation, Lambdas
from tests.template.filed import issue, moved, unissued
from tests.template.reported import cut_short, unwritten

OFF: Final = {"csr-approver:mode": "off"}
LONG: Final = timedelta(minutes=12)

Arrange = Callable[[Account, Lambdas], None]


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause of an alarm. `words`: they name it, in the line and in the alarm's section."""

    alarm: str
    name: str
    words: tuple[str, ...]
    arrange: Arrange
    settings: dict[str, str] = field(default_factory=dict)
    by: str = "LOGS"
    """The variable of the log group in which the line is."""
    fires: bool = True
    """Whether the alarm fires if every minute is like what was printed; it also depends on time."""

    def __str__(self) -> str:
        return f"{self.alarm}: {self.name}"


def prod(arrange: Callable[[Cluster], object]) -> Arrange:
    """Arrange the cluster `prod`, and review it once."""

    def run(account: Account, lambdas: Lambdas) -> None:
        arrange(account.cluster())
        lambdas.review()

    return run


def _issued(more: list[str]) -> Arrange:
    """Let a certificate for the node's name and these names be issued for an approved request."""

    def run(account: Account, lambdas: Lambdas) -> None:
        cluster = account.cluster()
        name = cluster.file(1)
        lambdas.review()
        issue(cluster, name, more)
        lambdas.review()

    return run


def _unmapped(cluster: Cluster) -> None:
    cluster.map_role(f"arn:aws:iam::{ACCOUNT}:role/{NODE_ROLE}", "ops:{{SessionName}}")
    cluster.file(1, age=LONG)


def _refused(operation: str, code: str) -> Arrange:
    def run(account: Account, lambdas: Lambdas) -> None:
        account.cluster().file(1)
        lambdas.review("none")  # so that the clients exist
        lambdas.calls.refuse(operation, code)
        lambdas.review()

    return run


def _broken(cluster: Cluster) -> None:
    def fault(_call: Call, _answer: Callable[[Call], Answer]) -> Answer:
        raise ApiError(500, "InternalError", "etcd is down")

    cluster.fault = fault


def _attack(cluster: Cluster) -> None:
    item = cluster.get(cluster.file(1))
    item["spec"]["groups"] = ["\udcff"]
    cluster.seed_object(item)


def _unwritten(cluster: Cluster) -> None:
    cluster.file(1)
    cluster.fault = unwritten


def _bug(account: Account, lambdas: Lambdas) -> None:
    account.cluster().file(1)

    def boom(*_: Any) -> None:
        raise RuntimeError("boom")

    with pytest.MonkeyPatch.context() as bug:
        bug.setattr(assessment, "decider", lambda _: boom)
        lambdas.review()


def _truncated(account: Account, lambdas: Lambdas) -> None:
    cluster = account.cluster()
    for number in range(1, 4):
        cluster.file(number)
    invocation = Invocation()
    cluster.fault = cut_short(invocation)
    lambdas.review(invocation=invocation)


def _wrong_ca(account: Account, lambdas: Lambdas) -> None:
    account.cluster(ca_pem=account.ca_pem)
    lambdas.review()


def _stranger(account: Account, lambdas: Lambdas) -> None:
    account.cluster(onboarded=False)
    lambdas.review()


def _private(account: Account, lambdas: Lambdas) -> None:
    account.cluster()
    account.restrict("prod", public=False)
    lambdas.review()


def _closed(account: Account, lambdas: Lambdas) -> None:
    account.name_only(["prod"])
    account.restrict("prod", "203.0.113.0/24")
    lambdas.review()


def _down(account: Account, lambdas: Lambdas) -> None:
    account.name_only(["prod"])
    lambdas.review()


def _tagged(account: Account, lambdas: Lambdas) -> None:
    account.cluster(tags={"csr-approver:mode": "shadow"}).file(1, age=LONG)
    lambdas.review()


def _dispatched(tags: dict[str, str]) -> Arrange:
    def run(account: Account, lambdas: Lambdas) -> None:
        account.name_only(["prod"])
        account.change("prod", tags=tags)
        lambdas.dispatch()

    return run


def _unlisted(account: Account, lambdas: Lambdas) -> None:
    account.name_only(["prod"])
    lambdas.dispatch()
    lambdas.calls.refuse("ListClusters", "AccessDeniedException")
    with pytest.raises(Exception, match="ListClusters"):
        lambdas.dispatch()


SHADOW: Final = {"MODE": "shadow"}
NAMED: Final = {"CLUSTER_NAMES": "prod"}
FOREIGN: Final = prod(lambda one: one.file(1, ips=("10.9.9.9",)))
MISMATCH: Final = _issued(["evil.example"])
CODE: Final = "UnauthorizedOperation"

CAUSES: Final = (
    Cause("denied", "a foreign address", ("address is not the instance's",), FOREIGN),
    Cause(
        "denied",
        "a custom host name",
        ("DNS name is not the instance's",),
        prod(lambda one: one.file(1, dns=["web.corp.example"])),
    ),
    Cause(
        "denied",
        "a public address that moved twice",
        ("address is not the instance's",),
        prod(lambda one: one.repeat(moved(one), ["csr-0000"], earlier=timedelta(minutes=3))),
    ),
    Cause(
        "denied",
        "a public address that moved once",
        ("public address has moved",),
        prod(lambda one: moved(one, age=LONG)),
        fires=False,
    ),
    Cause("stack-denied", "a foreign address", ("denied",), FOREIGN, {"MODE": "enforce"}),
    Cause("approved-not-issued", "approved by another", ("verdict",), prod(unissued)),
    Cause(
        "signer-failed",
        "a signer that refuses",
        ("detail",),
        prod(lambda one: unissued(one, "Failed")),
    ),
    Cause(
        "issued-fewer-names",
        "a certificate without the address",
        ("detail",),
        _issued([]),
    ),
    Cause("issued-mismatch", "a name more", ("detail",), MISMATCH),
    Cause("stack-issued-mismatch", "a name more", ("issued-mismatch",), MISMATCH),
    Cause(
        "oldest-pending",
        "an unknown instance",
        ("left",),
        prod(lambda one: one.file(1, known=False, age=LONG)),
    ),
    Cause(
        "oldest-pending",
        "an unmapped role",
        ("left", "role not mapped as a node's"),
        prod(_unmapped),
    ),
    Cause(
        "oldest-pending",
        "a cluster's tag",
        ("withheld", "approve"),
        _tagged,
    ),
    Cause("evidence-unavailable", "EC2 denies", (CODE,), _refused("DescribeInstances", CODE)),
    Cause(
        "evidence-unavailable",
        "IAM denies",
        ("AccessDenied",),
        _refused("GetInstanceProfile", "AccessDenied"),
    ),
    Cause(
        "evidence-unavailable",
        "EKS throttles",
        ("ThrottlingException",),
        _refused("DescribeCluster", "ThrottlingException"),
    ),
    Cause("review-errors", "no answer", ("cluster unavailable", "connection"), _down),
    Cause("review-errors", "another CA", ("cluster unavailable", "tls"), _wrong_ca),
    Cause("review-errors", "an upgrade", ("cluster unavailable", "status"), prod(_broken)),
    Cause("review-errors", "a webhook", ("not-written",), prod(_unwritten)),
    Cause("review-errors", "an attack", ("csr unreadable",), prod(_attack)),
    Cause("review-errors", "a bug", ("ERROR",), _bug),
    Cause("list-truncated", "a failure within the list", ("status",), _truncated),
    Cause("shut-out", "no access entry", ("unauthorized",), _stranger, NAMED),
    Cause("shut-out", "no ClusterRole", ("forbidden",), prod(lambda one: one.revoke(GROUP)), NAMED),
    Cause("unreachable", "a private endpoint", ("private",), _private, NAMED),
    Cause("unreachable", "closed to Lambda", ("connection",), _closed, NAMED),
    Cause(
        "stack-shut-out", "no access entry", ("cluster not onboarded", "unauthorized"), _stranger
    ),
    Cause("stack-shut-out", "a private endpoint", ("cluster unreachable",), _private),
    Cause(
        "reviews-missing",
        "the dispatcher runs",
        ("expected",),
        _dispatched({}),
        by="DISPATCHER_LOGS",
        fires=False,
    ),
    Cause("reviews-missing", "a slow cluster", ("cluster unavailable",), _down, fires=False),
    Cause(
        "nothing-selected", "all are off", ("clusters_off",), _dispatched(OFF), by="DISPATCHER_LOGS"
    ),
    Cause(
        "stack-unexpectedly-off",
        "off though selected",
        ("reason", "csr-approver:mode=off"),
        _dispatched(OFF),
        NAMED,
        "DISPATCHER_LOGS",
    ),
    Cause(
        "unexpectedly-off",
        "off though selected",
        ("reason", "csr-approver:mode=off"),
        _dispatched(OFF),
        NAMED,
        "DISPATCHER_LOGS",
    ),
    Cause(
        "dispatcher-errors",
        "a Region that isn't enabled",
        ("AccessDeniedException",),
        _unlisted,
        by="DISPATCHER_LOGS",
        fires=False,
    ),
)


def text_of(line: Any) -> str:
    """Return the line as text, in which words are found."""
    return json.dumps(line, ensure_ascii=False)
