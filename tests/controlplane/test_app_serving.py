"""The second signer on a real kube-apiserver, with real tokens of ServiceAccounts, and Services.

Only EKS serves this signer, so nothing is issued here. The tests show who gets an approval with
the unchanged manifests of deploy/.
"""

import base64
import io
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger

from adapters.clock import WallClock
from adapters.csr_api import KubernetesCsrApi
from adapters.ec2 import Ec2Fleet
from adapters.eks_token import cluster_token
from adapters.iam import InstanceProfiles
from core.errors import EvidenceUnavailable
from core.model import APP_SERVING, Record, Run, Service, ServicesHidden
from core.ports import Ports
from core.ports import Services as ServicesPort
from core.review import review as review_signer
from core.settings import ReviewSettings
from core.signers import SIGNERS
from sandbox.aws import FakeAws
from sandbox.csr_builder import der, keys
from sandbox.csr_builder import request as csr_builder
from tests.builders import a_cluster
from tests.controlplane.nodes import APPROVERS, RBAC, REGION, conditions, join, message, reviewer
from tests.controlplane.nodes import stored as stored_csr
from tests.controlplane.workloads import (
    GROUP,
    Account,
    Namespace,
    apply,
    binding,
    let_accounts_ask,
    put,
    remove,
    take_back,
)
from tests.real.controlplane import ControlPlane, eventually

APPROVED = {"Approved": "ApprovedByCsrApprover"}
DENIED = {"Denied": "DeniedByCsrApprover"}
LEFT: dict[str, str] = {}
SEES = f"{RBAC}/clusterrolebindings/csr-approver-services"


@pytest.fixture(scope="module")
def eks(plane: ControlPlane, aws: FakeAws) -> Iterator[ControlPlane]:
    """Yield the cluster with deploy/rbac.yaml and deploy/rbac-app-serving.yaml applied."""
    plane.map_role(aws.role_arn, "slice:approver", [APPROVERS, GROUP])
    apply(plane, "rbac.yaml", "rbac-app-serving.yaml")
    let_accounts_ask(plane)
    yield plane
    take_back(plane, "rbac.yaml", "rbac-app-serving.yaml")


@pytest.fixture
def shop(eks: ControlPlane) -> Namespace:
    """Return a namespace that no other test uses, with the Service `web`."""
    return Namespace(eks)


@pytest.fixture
def account(shop: Namespace) -> Account:
    return shop.account()


def review(plane: ControlPlane, **settings: str) -> list[Mapping[str, Any]]:
    """Review one message as from a cold start, and return the lines that it logs."""
    stream = io.StringIO()
    logger = Logger(service=f"serving-{next(_services)}", stream=stream)
    reviewer(logger, **{"APP_SERVING": "true"} | settings).handle(message(plane), WallClock(50))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


_services: Iterator[int] = iter(range(10_000))


def line_of(lines: list[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next(line for line in lines if line.get("csr") == name)


def refusals(lines: list[Mapping[str, Any]], name: str) -> list[tuple[str, str]]:
    return [(refusal["check"], refusal["effect"]) for refusal in line_of(lines, name)["refusals"]]


# --- what is approved ----------------------------------------------------------------------------


def test_a_service_account_gets_its_namespaces_service(shop: Namespace, account: Account) -> None:
    """A ServiceAccount gets both full names and the cluster IP, also with a CN."""
    names = [shop.dns(), f"{shop.dns()}.cluster.local"]
    name = account.file(dns=names, ips=[shop.web], cn=shop.dns())

    lines = review(shop.plane)

    assert APPROVED == conditions(shop.plane, name)
    [condition] = stored_csr(shop.plane, name)["status"]["conditions"]
    assert f"Services web of the requester's namespace {shop.name} have" in condition["message"]
    assert line_of(lines, name)["services"] == [f"web ClusterIP {shop.web}"]


def test_several_services_of_one_account_are_all_approved(shop: Namespace) -> None:
    """Unlike a kubelet's, its requests don't supersede each other."""
    shop.service("db")
    account = shop.account()
    names = [account.file(dns=[shop.dns(text)]) for text in ("web", "db", "web")]

    review(shop.plane)

    assert [APPROVED] * 3 == [conditions(shop.plane, name) for name in names]


def test_a_headless_service_gets_its_name_and_no_address(shop: Namespace, account: Account) -> None:
    """The name leads to pods of the namespace; no Service confirms their addresses."""
    shop.service("peers", clusterIP="None")
    named = account.file(dns=[shop.dns("peers")])
    addressed = account.file(dns=[shop.dns("peers")], ips=["10.0.0.9"])

    lines = review(shop.plane)

    assert (APPROVED, LEFT) == (conditions(shop.plane, named), conditions(shop.plane, addressed))
    assert [("service-addresses", "leave")] == refusals(lines, addressed)


def test_a_service_that_was_created_again_counts_as_it_is_now(
    shop: Namespace, account: Account
) -> None:
    """The Service's name is approved; the address that it had before isn't."""
    before = shop.web
    named, addressed = account.file(), account.file(ips=[before])
    shop.delete_service()
    other = shop.service("other", clusterIP=before)
    shop.service("web")

    lines = review(shop.plane)

    assert before == other
    assert (APPROVED, LEFT) == (conditions(shop.plane, named), conditions(shop.plane, addressed))
    assert [("service-addresses", "leave")] == refusals(lines, addressed)


def test_both_signers_are_served_and_the_cluster_is_completed_once(
    shop: Namespace,
    account: Account,
    aws: FakeAws,
    profile: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A node and a ServiceAccount are approved in the same run."""
    kubelets, _ = join(shop.plane, aws, profile).file()
    workloads = account.file()
    capsys.readouterr()

    review(shop.plane)

    assert APPROVED == conditions(shop.plane, kubelets) == conditions(shop.plane, workloads)
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    completed = [line["Completed"] for line in printed if "Completed" in line]
    assert [[1.0]] == completed


# --- attacks, and requests that only a person may approve ----------------------------------------

Ask = Callable[[Namespace, Account], str]


def _of_neighbour(shop: Namespace, account: Account) -> str:
    return account.file(dns=[shop.dns(), Namespace(shop.plane).dns()])


def _addressed_elsewhere(shop: Namespace, account: Account) -> str:
    return account.file(dns=[shop.dns()], ips=[Namespace(shop.plane).web])


def _external(shop: Namespace, account: Account) -> str:
    shop.service("out", type="ExternalName", externalName="example.com")
    return account.file(dns=[shop.dns("out")])


def _ca(shop: Namespace, account: Account) -> str:
    constraints = csr_builder.extension("2.5.29.19", der.sequence(der.element(1, b"\xff")), b"")
    made = csr_builder.CsrBuilder(keys.ecdsa(shop.name)).extensions(
        csr_builder.san_extension(csr_builder.dns(shop.dns())), constraints
    )
    return account.file(pem=made.pem())


def _client_in_request(shop: Namespace, account: Account) -> str:
    purposes = der.sequence(der.oid("1.3.6.1.5.5.7.3.1"), der.oid("1.3.6.1.5.5.7.3.2"))
    made = csr_builder.CsrBuilder(keys.ecdsa(shop.name)).extensions(
        csr_builder.san_extension(csr_builder.dns(shop.dns())),
        csr_builder.extension("2.5.29.37", purposes),
    )
    return account.file(pem=made.pem())


def _page_example(shop: Namespace, account: Account) -> str:
    """File what `openssl req -new -subj /CN=…` makes: a request without attributes."""
    subject = csr_builder.rdn(csr_builder.COMMON_NAME, der.utf8(shop.dns()))
    return account.file(pem=csr_builder.CsrBuilder(keys.ecdsa(shop.name)).subject(subject).pem())


ATTACKS: dict[str, tuple[Ask, dict[str, str], list[tuple[str, str]]]] = {
    "another-namespaces-service": (_of_neighbour, LEFT, [("service-names", "leave")]),
    "loopback": (
        lambda shop, account: account.file(dns=[shop.dns(), "localhost"], ips=["127.0.0.1"]),
        LEFT,
        [("reserved-names", "leave"), ("service-names", "leave"), ("service-addresses", "leave")],
    ),
    "the-api-server": (
        lambda shop, account: account.file(dns=[shop.dns(), "kubernetes.default.svc"]),
        DENIED,
        [("reserved-names", "deny"), ("service-names", "leave")],
    ),
    "the-api-servers-address": (
        lambda _, account: account.file(ips=["10.100.0.1"]),
        DENIED,
        [("reserved-names", "deny"), ("service-addresses", "leave")],
    ),
    "no-such-service": (
        lambda shop, account: account.file(dns=[shop.dns("none")]),
        LEFT,
        [("service-known", "leave")],
    ),
    "a-name-that-leads-elsewhere": (_external, LEFT, [("service-known", "leave")]),
    "a-wildcard": (
        lambda shop, account: account.file(dns=[f"*.{shop.name}.svc"]),
        DENIED,
        [("san-kinds", "deny"), ("reserved-names", "deny"), ("service-names", "leave")],
    ),
    "another-namespaces-address": (_addressed_elsewhere, LEFT, [("service-addresses", "leave")]),
    "client-auth": (
        lambda _, account: account.file(usages=["server auth", "client auth"]),
        DENIED,
        [("service-usages", "deny")],
    ),
    "client-auth-in-the-request": (_client_in_request, DENIED, [("service-extensions", "deny")]),
    "to-be-a-ca": (_ca, DENIED, [("service-extensions", "deny")]),
    "a-short-name": (
        lambda shop, account: account.file(dns=[f"web.{shop.name}"]),
        LEFT,
        [("service-names", "leave")],
    ),
    "a-pods-name": (
        lambda shop, account: account.file(dns=[f"web-0.{shop.dns()}.cluster.local"]),
        LEFT,
        [("service-names", "leave")],
    ),
    "a-public-name": (
        lambda shop, account: account.file(dns=[shop.dns(), "www.example.com"]),
        LEFT,
        [("service-names", "leave")],
    ),
    "an-address-alone": (
        lambda shop, account: account.file(dns=[], ips=[shop.web]),
        LEFT,
        [("service-names", "leave"), ("service-addresses", "leave")],
    ),
    "another-cn": (
        lambda _, account: account.file(cn="system:node:a"),
        LEFT,
        [("service-subject", "leave")],
    ),
    "the-example-of-awss-page": (
        _page_example,
        LEFT,
        [("service-subject", "leave"), ("service-names", "leave")],
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_not_the_namespaces_own_is_not_approved(
    shop: Namespace, account: Account, attack: str
) -> None:
    """Such a request is denied on proof, and otherwise left to a person."""
    ask, outcome, reported = ATTACKS[attack]
    name = ask(shop, account)

    lines = review(shop.plane)

    assert outcome == conditions(shop.plane, name)
    assert reported == refusals(lines, name)


def test_a_service_account_of_another_namespace_gets_nothing(shop: Namespace) -> None:
    """The stranger's own request is left to a person, and its copy of the owner's is denied."""
    owner, thief = shop.account(), Namespace(shop.plane).account()
    own = owner.file()
    stolen = thief.file(dns=[shop.dns()])
    original = stored_csr(shop.plane, own)["spec"]["request"]
    copied = thief.file(pem=base64.b64decode(original))

    lines = review(shop.plane)

    assert APPROVED == conditions(shop.plane, own)
    assert LEFT == conditions(shop.plane, stolen)
    assert DENIED == conditions(shop.plane, copied)
    assert ("key-not-reused", "deny") in refusals(lines, copied)
    assert ("service-names", "leave") in refusals(lines, stolen)


def test_short_names_are_approved_where_allowed(shop: Namespace, account: Account) -> None:
    """Only short names of the requester's own namespace are approved."""
    own = account.file(dns=[shop.dns(), f"web.{shop.name}"])
    others = account.file(dns=[shop.dns(), "web.example"])

    review(shop.plane, ALLOW_SHORT_SERVICE_NAMES="true")

    assert (APPROVED, LEFT) == (conditions(shop.plane, own), conditions(shop.plane, others))


def test_a_node_as_requester_stops_at_the_gate(shop: Namespace, aws: FakeAws, profile: str) -> None:
    """A node may file such a request, but only a person may approve it."""
    node = join(shop.plane, aws, profile)
    name = Account(shop.name, node.api).file()

    lines = review(shop.plane)

    assert LEFT == conditions(shop.plane, name)
    assert "not a ServiceAccount" in run_of(lines)["gated"]


def test_a_name_that_eks_never_issues_stops_at_the_gate(shop: Namespace, account: Account) -> None:
    """An approval of such a name would have no effect."""
    name = account.file(name="csr-")

    lines = review(shop.plane)

    assert LEFT == conditions(shop.plane, name)
    assert "EKS never issues this name" in run_of(lines)["gated"]


def run_of(lines: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    return next(line for line in lines if line.get("signer") == APP_SERVING and "gated" in line)


def test_without_the_setting_the_signer_is_not_even_listed(
    shop: Namespace, account: Account
) -> None:
    """Opt-in."""
    name = account.file()

    lines = review(shop.plane, APP_SERVING="false")

    assert LEFT == conditions(shop.plane, name)
    assert all(line.get("signer") != APP_SERVING for line in lines)


# --- rights --------------------------------------------------------------------------------------


def test_a_namespace_without_the_binding_is_left_and_affects_no_other(eks: ControlPlane) -> None:
    """RoleBindings, in place of the ClusterRoleBinding, select the namespaces."""
    served, other = Namespace(eks), Namespace(eks)
    ours, theirs = served.account().file(), other.account().file()
    remove(eks, SEES)
    meta = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "csr-approver"},
    }
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{served.name}/rolebindings"
    put(eks, path, binding(meta, "csr-approver-services", GROUP))
    _wait_for(eks, other, allowed=False)
    _wait_for(eks, served, allowed=True)

    lines = review(eks)
    apply(eks, "rbac-app-serving.yaml")
    _wait_for(eks, other, allowed=True)

    assert (APPROVED, LEFT) == (conditions(eks, ours), conditions(eks, theirs))
    assert [("service-known", "leave")] == refusals(lines, theirs)
    assert (
        "deploy/rbac-app-serving.yaml grants it" in line_of(lines, theirs)["services_not_readable"]
    )


def _wait_for(plane: ControlPlane, namespace: Namespace, *, allowed: bool) -> None:
    """Wait until the API server allows, or refuses, reading the namespace's Services."""
    attributes = {"verb": "get", "resource": "services", "namespace": namespace.name}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": "a-member", "groups": [GROUP], "resourceAttributes": attributes},
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"

    def settled() -> bool | None:
        answer = plane.admin.request("POST", path, body)[1]
        return True if bool(answer["status"]["allowed"]) is allowed else None

    eventually(settled, "the grant")


# --- time ----------------------------------------------------------------------------------------


class NoLedger:
    """A ledger that discards everything."""

    def record(self, _: Record) -> None:
        """Discard it."""

    def finish(self, _: Run) -> None:
        """Discard it."""


class ThenDeleted:
    """Services that are deleted as soon as they are read."""

    def __init__(self, services: ServicesPort, shop: Namespace) -> None:
        self._services = services
        self._shop = shop

    def named(
        self, namespace: str, names: Collection[str]
    ) -> Mapping[str, Service | ServicesHidden | EvidenceUnavailable]:
        shown = self._services.named(namespace, names)
        if namespace == self._shop.name:
            self._shop.delete_service()
        return shown


def test_what_remains_is_a_service_deleted_within_the_run(
    shop: Namespace, account: Account, aws: FakeAws
) -> None:
    """A Service deleted in the milliseconds between evidence and approval is approved.

    The certificate's name was the namespace's a moment before, just as if the Service had been
    deleted after the approval, and only the same namespace can create that name again. A cluster IP
    may later belong to another namespace: anyone who trusts addresses must know that certificates
    can outlive them by up to a year.
    """
    name = account.file(ips=[shop.web])
    clock = WallClock(50)
    plane = shop.plane

    def tokens() -> str:
        return cluster_token(aws.identity, cluster=plane.cluster, region=REGION)

    settings = ReviewSettings.model_validate(
        {"approve_after_seconds": 0, "app_serving": True, "mode": "approve-only"}
    )
    with KubernetesCsrApi(plane.server, plane.ca_pem, tokens, clock) as api:
        ec2 = boto3.client("ec2", REGION)
        fleet = Ec2Fleet(ec2, InstanceProfiles(aws.client("iam"), clock.now), clock)
        ports = Ports(api, fleet, clock, NoLedger(), ThenDeleted(api.services, shop))
        review_signer(a_cluster(), SIGNERS[APP_SERVING], settings, ports)

    assert APPROVED == conditions(plane, name)
