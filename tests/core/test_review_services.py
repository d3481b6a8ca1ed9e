"""A review of the Services' signer with in-memory ports."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.checks.service import MAX_AT_ONCE
from core.errors import EvidenceUnavailable
from core.memo import weight_of
from core.model import (
    APP_SERVING,
    KUBELET_SERVING,
    Action,
    IssueState,
    NoEvidence,
    Run,
)
from core.review import review
from core.signers import SIGNERS, served
from sandbox.csr_builder import der, keys
from sandbox.csr_builder import request as csr_builder
from tests.builders import NODE, a_certificate, a_cluster, a_filed_csr, an_extra, approved, settings
from tests.core.fakes import FakeServices, FakeWorld
from tests.service_builders import (
    CLUSTER_IP,
    DNS,
    a_filed_service_csr,
    a_service,
    a_service_csr,
    an_account,
)


def run(world: FakeWorld, **changes: Any) -> Run:
    return review(a_cluster(), SIGNERS[APP_SERVING], settings(**changes), world.ports)


def test_a_service_accounts_csr_is_approved_with_its_own_message() -> None:
    """The CSR is listed, judged by the Service, written and recorded; AWS isn't called."""
    world = FakeWorld(a_filed_service_csr())

    run(world)

    [write] = world.api.written
    assert (
        "Approved",
        f"Services web of the requester's namespace shop have these names: {DNS}, {CLUSTER_IP}",
    ) == (write.condition, write.message)
    assert [("web-tls", "approved")] == world.ledger.actions
    assert [] == world.fleet.asked


def test_the_settings_select_the_served_signers() -> None:
    """The nodes' signer comes first, because clusters break without it."""
    assert (SIGNERS[KUBELET_SERVING],) == served(settings())
    assert tuple(SIGNERS.values()) == served(settings(app_serving=True))


def test_only_the_nodes_run_counts_the_cluster_as_reviewed() -> None:
    """With two signers it would be counted twice."""
    runs = [
        review(a_cluster(), signer, settings(), FakeWorld().ports) for signer in SIGNERS.values()
    ]

    assert {KUBELET_SERVING: True, APP_SERVING: False} == {
        summary.signer: summary.completes for summary in runs
    }


def test_what_was_read_is_kept_for_each_signer() -> None:
    """Otherwise each signer's review would forget what the other's has read."""
    ports = FakeWorld(a_filed_csr(), a_filed_service_csr()).ports

    for signer in SIGNERS.values():
        review(a_cluster(), signer, settings(), ports)

    kept = [ports.memo.reader("eu-west-1", "prod", name).weight for name in SIGNERS]

    assert [weight_of(b"")] * 2 == kept


def test_without_a_port_for_services_there_is_no_evidence() -> None:
    """The requests of Services are then undecided."""
    world = FakeWorld(a_filed_service_csr())
    ports = replace(world.ports, services=None)

    review(a_cluster(), SIGNERS[APP_SERVING], settings(mode="enforce"), ports)

    assert [("web-tls", "undecided")] == world.ledger.actions


def test_a_request_of_an_unavailable_service_is_undecided() -> None:
    """The CSR isn't denied even if its request alone would be; other CSRs are approved."""
    bad = a_filed_service_csr(name="bad", dns=("db.shop.svc",), cn=None, usages=("client auth",))
    services = FakeServices(
        (a_service(),), overrides={("shop", "db"): EvidenceUnavailable("500: etcd")}
    )
    world = FakeWorld(bad, a_filed_service_csr(words="b"), services=services)

    run(world, mode="enforce")

    assert [("bad", "undecided"), ("web-tls", "approved")] == world.ledger.actions
    assert isinstance(world.ledger.records[0].evaluation, NoEvidence)


def test_the_example_of_awss_page_is_left_with_advice() -> None:
    """`openssl req -new -subj /CN=…` makes a request without any attribute, which is no attack."""
    subject = csr_builder.rdn(csr_builder.COMMON_NAME, der.utf8("myserver.default.svc"))
    pem = csr_builder.CsrBuilder(keys.ecdsa("page")).subject(subject).pem()
    world = FakeWorld(replace(a_filed_service_csr(**an_account("default")), request=pem))

    run(world, mode="enforce")

    [record] = world.ledger.records
    assert record.action is Action.LEFT
    assert record.evaluation.verdict is not None
    assert (
        "got CN=myserver.default.svc; file it again with "
        "-addext subjectAltName=DNS:myserver.default.svc"
    ) == record.evaluation.verdict.refusals[0].detail


def test_a_nodes_request_without_any_attribute_is_refused() -> None:
    """A kubelet's request has its names in the one allowed attribute."""
    pem = csr_builder.CsrBuilder(keys.ecdsa("bare")).subject(*csr_builder.kubelet_rdns(NODE)).pem()
    world = FakeWorld(replace(a_filed_csr(), request=pem))

    review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(), world.ports)

    [record] = world.ledger.records
    assert record.evaluation.verdict is not None
    assert "request-well-formed" == record.evaluation.verdict.refusals[0].check


# --- how many at once ----------------------------------------------------------------------------


def test_requests_of_one_service_account_dont_supersede_each_other() -> None:
    """A run judges the twenty newest requests of a namespace, in any order of the list."""
    csrs = [
        a_filed_service_csr(name=f"t{n:02}", words=f"key {n}", age=timedelta(seconds=400 - n))
        for n in range(MAX_AT_ONCE + 3)
    ]
    theirs = {"dns": ("a.b.svc",), "ips": (), "cn": None, **an_account("b")}
    other = a_filed_service_csr(name="other", words="o", age=timedelta(seconds=800), **theirs)
    services = FakeServices((a_service(), a_service("a", namespace="b")))
    world = FakeWorld(*csrs[::2], other, *csrs[1::2][::-1], services=services)

    done = run(world)

    assert {"too many pending in the namespace": 3} == done.gated
    assert ["other", *(f"t{n:02}" for n in range(3, MAX_AT_ONCE + 3))] == [
        write.csr.name for write in world.api.written
    ]


def test_decided_csrs_dont_count_as_pending_in_the_namespace() -> None:
    """Decided CSRs no longer wait, so they don't use up the namespace's limit."""
    decided = [
        a_filed_service_csr(
            name=f"d{n}",
            words=f"{n}",
            age=timedelta(seconds=60),
            conditions=(approved(ago=timedelta(0)),),
        )
        for n in range(MAX_AT_ONCE)
    ]
    world = FakeWorld(*decided, a_filed_service_csr())

    assert {} == run(world).gated
    assert {"web-tls": "Approved"} == world.api.conditions


# --- keys ----------------------------------------------------------------------------------------


def test_one_key_in_two_namespaces_is_denied_in_both() -> None:
    """Each asks for its own names, but neither is the only holder of the key."""
    other = a_filed_service_csr(name="other", dns=("a.b.svc",), cn=None, ips=(), **an_account("b"))
    services = FakeServices((a_service(), a_service("a", namespace="b")))
    world = FakeWorld(a_filed_service_csr(), other, services=services)

    run(world, mode="enforce")

    assert {"web-tls": "Denied", "other": "Denied"} == world.api.conditions


@pytest.mark.parametrize(
    "thief",
    [
        pytest.param(an_account("b"), id="of-another-namespace"),
        pytest.param({"username": "alice"}, id="a-person"),
        pytest.param(
            {"username": "system:node:a", "extra": an_extra(), "groups": ("system:nodes",)},
            id="a-node",
        ),
    ],
)
@pytest.mark.parametrize("named", [True, False], ids=["named", "nameless"])
def test_a_copy_of_a_request_blocks_no_other(thief: dict[str, Any], named: bool) -> None:  # noqa: FBT001
    """A copy's names aren't the copier's; a request without names doesn't prove whose it is."""
    names: dict[str, Any] = {} if named else {"dns": (), "ips": (CLUSTER_IP,), "cn": None}
    copy = a_filed_service_csr(name="copy", **names, **thief)
    world = FakeWorld(a_filed_service_csr(), copy)

    run(world, mode="enforce")

    assert "Approved" == world.api.conditions["web-tls"]
    assert "Approved" != world.api.conditions.get("copy")


def test_a_request_with_anothers_key_and_no_valid_signature_blocks_no_other() -> None:
    """Public keys are public: only its signature proves that a requester has the private key."""
    forged = csr_builder.CsrBuilder(keys.ecdsa("a Service's key")).signed_by(keys.ecdsa("thief"))
    request = forged.sans(csr_builder.dns("a.b.svc")).pem()
    thief = a_service_csr(name="forged", request=request, **an_account("b"))
    world = FakeWorld(a_filed_service_csr(), thief)

    run(world, mode="enforce")

    assert {"web-tls": "Approved", "forged": "Denied"} == world.api.conditions


# --- what was issued -----------------------------------------------------------------------------


def test_an_approved_csr_without_a_certificate_has_a_finding_with_a_verdict() -> None:
    """In this example a person approved the CSR, and EKS never issues its name."""
    csr = a_filed_service_csr(name="csr-web", conditions=(approved("KubectlApprove"),))

    [finding] = run(FakeWorld(csr)).findings

    assert finding.state is IssueState.NOT_ISSUED
    assert finding.evaluation is not None
    assert finding.evaluation.verdict is not None
    assert ["issuable-name"] == [refusal.check for refusal in finding.evaluation.verdict.refusals]


def test_a_nodes_request_to_this_signer_has_a_finding_too() -> None:
    """The node's EC2 identity doesn't matter here."""
    node: dict[str, Any] = {
        "username": "system:node:a",
        "extra": an_extra(),
        "groups": ("system:nodes",),
    }
    csr = a_filed_service_csr(conditions=(approved("KubectlApprove"),), **node)

    [finding] = run(FakeWorld(csr)).findings

    assert finding.state is IssueState.NOT_ISSUED


@pytest.mark.parametrize(
    ("sans", "state"),
    [
        ((csr_builder.dns(DNS), csr_builder.ip(CLUSTER_IP)), None),
        ((csr_builder.dns(DNS),), IssueState.FEWER_NAMES),
        (
            (csr_builder.dns(DNS), csr_builder.ip(CLUSTER_IP), csr_builder.dns("db.shop.svc")),
            IssueState.MISMATCH,
        ),
    ],
    ids=["as-requested", "fewer", "more"],
)
def test_a_certificate_must_be_as_requested(
    sans: tuple[bytes, ...], state: IssueState | None
) -> None:
    """The expected CN is the request's, not the requester's username."""
    asked = a_filed_service_csr(conditions=(approved(),), cn="system:node:x")
    issued = replace(asked, certificate=a_certificate(asked, sans=sans, node="x"))

    found = run(FakeWorld(issued)).findings

    assert [state] * (state is not None) == [finding.state for finding in found]


def test_a_certificate_with_another_cn_is_a_mismatch() -> None:
    """Some clients still read the CN."""
    asked = a_filed_service_csr(conditions=(approved(),))
    names = (csr_builder.dns(DNS), csr_builder.ip(CLUSTER_IP))
    issued = replace(asked, certificate=a_certificate(asked, sans=names, node="x"))

    [finding] = run(FakeWorld(issued)).findings

    assert finding.state is IssueState.MISMATCH
    assert "system:node:x" in finding.detail
