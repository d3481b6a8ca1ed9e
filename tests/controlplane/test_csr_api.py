"""The adapter against a real kube-apiserver: rights, conflicts, names, pages, tokens, restarts."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from adapters.clock import WallClock
from adapters.csr_api import KubernetesCsrApi
from adapters.csr_pages import CsrPages, Limits
from adapters.eks_token import cluster_token
from core.errors import ClusterUnavailable, NotOnboarded
from core.model import Csr, OversizedRequest, Write, WriteResult, Written
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import Rule, approver_rules
from tests.contract.objects import (
    UNUSUAL_NAMES,
    Json,
    a_condition,
    a_csr,
    create,
    decided,
    path_of,
    put,
    read,
    unique,
)
from tests.contract.world import World
from tests.controlplane.etcd import compact
from tests.real.controlplane import ControlPlane

PEM, _ = kubelet_request("n", dns=["n"])
SECONDS = 50.0


@pytest.fixture(scope="module")
def plane(eks_plane: ControlPlane) -> ControlPlane:
    return eks_plane


@pytest.fixture(scope="module")
def world(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(plane, tmp_path_factory.mktemp("csr-api"))


@dataclass(frozen=True)
class Shop:
    """A signer name of the test's own, and the adapter with the rights for it."""

    world: World
    signer: str
    api: KubernetesCsrApi

    def make(self, name: str = "", pem: bytes = PEM, **metadata: object) -> Json:
        """File a CSR as an administrator, and return it."""
        body = a_csr(name or unique("csr"), pem, signer=self.signer)
        body["metadata"] |= metadata
        return create(self.world.admin, body)

    def listed(self) -> tuple[Csr, ...]:
        """Return the signer's CSRs, all of them readable."""
        listing = self.api.list_csrs(self.signer)
        assert ((), False) == (listing.unreadable, listing.truncated)
        return listing.csrs

    def write(self, *csrs: Csr, condition: str = "Approved") -> list[Written]:
        """Decide these CSRs, and return the results in their order."""
        writes = [Write(csr, condition, "ByAdapter", "tested") for csr in csrs]
        results = {write.csr.uid: result for write, result in self.api.write_all(writes)}
        return [results[csr.uid] for csr in csrs]

    def conditions(self, name: str) -> list[tuple[str, str]]:
        """Return types and reasons of an object's conditions."""
        found = read(self.world.admin, name)["status"].get("conditions", ())
        return [(condition["type"], condition["reason"]) for condition in found]


def connected(world: World, *rules: Rule) -> KubernetesCsrApi:
    """Return the adapter with exactly these rights."""
    token = world.holder(*rules)._headers["Authorization"].removeprefix("Bearer ")
    plane = world.plane
    return KubernetesCsrApi(plane.server, plane.ca_pem, lambda: token, WallClock(SECONDS))


@pytest.fixture
def shop(world: World) -> Iterator[Shop]:
    signer = f"adapter.example/{unique('signer')}"
    with connected(world, *approver_rules(signer)) as api:
        yield Shop(world, signer, api)


# --- rights -----------------------------------------------------------------------------------


def test_the_three_rights_suffice_to_approve(shop: Shop) -> None:
    """List, update of the approval, and approve for the signer are all the rights needed."""
    name = shop.make()["metadata"]["name"]

    assert [Written(WriteResult.WRITTEN)] == shop.write(*shop.listed())
    assert [("Approved", "ByAdapter")] == shop.conditions(name)


def test_the_three_rights_suffice_to_deny(shop: Shop) -> None:
    """The same rights suffice to deny."""
    name = shop.make()["metadata"]["name"]

    assert [Written(WriteResult.WRITTEN)] == shop.write(*shop.listed(), condition="Denied")
    assert [("Denied", "ByAdapter")] == shop.conditions(name)


def test_no_right_to_list(world: World) -> None:
    """Without the right to list, the cluster counts as not onboarded."""
    signer = f"adapter.example/{unique('signer')}"
    rules = approver_rules(signer)[1:]
    with connected(world, *rules) as api, pytest.raises(NotOnboarded) as raised:
        api.list_csrs(signer)

    assert raised.value.cause == "forbidden"
    assert 'cannot list resource "certificatesigningrequests"' in raised.value.detail


@pytest.mark.parametrize(
    ("missing", "words"),
    [(1, 'cannot update resource "certificatesigningrequests/approval"'), (2, "not permitted")],
    ids=["approval", "signer"],
)
def test_without_one_right_nothing_is_written(
    world: World, shop: Shop, missing: int, words: str
) -> None:
    """Without one of the other two rights nothing is written; the detail has the server's error."""
    name = shop.make()["metadata"]["name"]
    rules = [rule for at, rule in enumerate(approver_rules(shop.signer)) if at != missing]
    with connected(world, *rules) as api:
        [csr] = api.list_csrs(shop.signer).csrs
        [(_, result)] = api.write_all([Write(csr, "Approved", "ByAdapter", "tested")])

    assert result.result is WriteResult.FAILED
    assert result.detail.startswith("403: ")
    assert words in result.detail
    assert [] == shop.conditions(name)


# --- another client was first -----------------------------------------------------------------


def test_changed(shop: Shop) -> None:
    """A CSR that changed after it was listed, if only by a label, isn't decided."""
    made = shop.make()
    csrs = shop.listed()
    made["metadata"]["labels"] = {"a": "b"}
    status, _ = shop.world.admin.request("PUT", path_of(made["metadata"]["name"]), made)

    assert status == 200
    assert [WriteResult.OVERTAKEN] == [result.result for result in shop.write(*csrs)]
    assert [] == shop.conditions(made["metadata"]["name"])


def test_deleted(shop: Shop) -> None:
    """A deleted CSR is no failure."""
    name = shop.make()["metadata"]["name"]
    csrs = shop.listed()
    shop.world.admin.request("DELETE", path_of(name))
    [result] = shop.write(*csrs)

    assert result.result is WriteResult.OVERTAKEN
    assert result.detail.startswith("404: ")


def test_created_again(shop: Shop) -> None:
    """Another CSR under the same name, which wasn't judged, isn't decided."""
    name = shop.make()["metadata"]["name"]
    csrs = shop.listed()
    shop.world.admin.request("DELETE", path_of(name))
    shop.make(name)
    [result] = shop.write(*csrs)

    assert result.result is WriteResult.OVERTAKEN
    assert result.detail.startswith("409: ")
    assert [] == shop.conditions(name)


@pytest.mark.parametrize("kind", ["Approved", "Denied"])
def test_decided_first(shop: Shop, kind: str) -> None:
    """A decision that another client wrote first stays, approval or denial."""
    made = shop.make()
    csrs = shop.listed()
    assert put(shop.world.admin, decided(made, a_condition(kind)))[0] == 200
    [result] = shop.write(*csrs)

    assert result.result is WriteResult.OVERTAKEN
    assert [(kind, "Contract")] == shop.conditions(made["metadata"]["name"])


def test_a_decision_that_is_written_again_counts_as_overtaken(shop: Shop) -> None:
    """A decision that is written again, as after a lost answer, counts as overtaken."""
    shop.make()
    [csr] = shop.listed()

    assert [Written(WriteResult.WRITTEN)] == shop.write(csr)
    assert [WriteResult.OVERTAKEN] == [result.result for result in shop.write(csr)]


# --- fields that stay -------------------------------------------------------------------------


def test_labels_annotations_and_finalizers_survive_the_decision(shop: Shop) -> None:
    """Labels, annotations and finalizers survive the decision."""
    metadata: Json = {
        "labels": {"a": "b", "c": ""},
        "annotations": {"d": "e\nf", "g": "ü🙂"},
        "finalizers": ["example.com/x"],
    }
    name = shop.make(**metadata)["metadata"]["name"]
    assert [Written(WriteResult.WRITTEN)] == shop.write(*shop.listed())
    after = read(shop.world.admin, name)

    assert metadata == {key: after["metadata"][key] for key in metadata}
    assert [("Approved", "ByAdapter")] == shop.conditions(name)


def test_own_condition_types(shop: Shop) -> None:
    """Conditions of other types survive the decision."""
    made = shop.make()
    assert put(shop.world.admin, decided(made, a_condition("Seen", "False")))[0] == 200
    assert [Written(WriteResult.WRITTEN)] == shop.write(*shop.listed())

    assert [("Seen", "Contract"), ("Approved", "ByAdapter")] == shop.conditions(
        made["metadata"]["name"]
    )


def test_oversized_request(shop: Shop) -> None:
    """An oversized request is denied without sending it back, and the server keeps it."""
    padded = PEM + b"\n" * 100_000
    made = shop.make(pem=padded)
    [csr] = shop.listed()

    assert csr.request == OversizedRequest(len(padded))
    assert [Written(WriteResult.WRITTEN)] == shop.write(csr, condition="Denied")
    assert made["spec"] == read(shop.world.admin, made["metadata"]["name"])["spec"]


# --- names and numbers ------------------------------------------------------------------------


def test_odd_names(shop: Shop) -> None:
    """A CSR with any name that the API server accepts can be decided, and no other is."""
    bystander = shop.make()["metadata"]["name"]
    prefix = unique("unusual")
    names = {prefix + name for name in UNUSUAL_NAMES.values()}
    for name in names:
        shop.make(name)
    unusual = [csr for csr in shop.listed() if csr.name != bystander]

    assert names == {csr.name for csr in unusual}
    assert [Written(WriteResult.WRITTEN)] * len(names) == shop.write(*unusual)
    assert {(("Approved", "ByAdapter"),)} == {tuple(shop.conditions(name)) for name in names}
    assert [] == shop.conditions(bystander)


def test_1200_csrs_are_listed_once_each_and_decided(shop: Shop) -> None:
    """1,200 CSRs come in three pages, each once, and all of them are decided."""
    prefix = unique("many")
    names = [f"{prefix}-{number:04}" for number in range(1_200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(shop.make, names))
    listing = shop.api.list_csrs(shop.signer)

    assert names == [csr.name for csr in listing.csrs]
    assert (3, False) == (listing.pages, listing.truncated)
    assert [Written(WriteResult.WRITTEN)] * 1_200 == shop.write(*listing.csrs)
    assert all(csr.condition("Approved") for csr in shop.listed())


# --- trust, tokens, restarts ------------------------------------------------------------------


def test_a_server_of_another_ca_receives_no_request(plane: ControlPlane) -> None:
    """A server whose certificate isn't of the CA that EKS shows receives no request."""
    ca_pem = plane.signer_ca_pem
    api = KubernetesCsrApi(plane.server, ca_pem, lambda: "token", WallClock(SECONDS))
    with api, pytest.raises(ClusterUnavailable, match=r"^tls: .*CERTIFICATE_VERIFY_FAILED"):
        api.list_csrs("adapter.example/x")


def renewing(world: World, *tokens: str) -> KubernetesCsrApi:
    """Return the adapter with these tokens, one after another."""
    plane, source = world.plane, iter(tokens)
    return KubernetesCsrApi(plane.server, plane.ca_pem, lambda: next(source), WallClock(SECONDS))


def test_our_own_tokens(world: World, shop: Shop) -> None:
    """The API server accepts the tokens that this program makes."""
    shop.make()
    identity = world.someone(unique("user"), ["system:masters"])
    token = cluster_token(identity, cluster=world.plane.cluster, region=world.plane.region)
    with renewing(world, token) as api:
        assert len(api.list_csrs(shop.signer).csrs) == 1


def test_expired_token(world: World, shop: Shop) -> None:
    """A token that has expired is replaced by a new one."""
    shop.make()
    identity = world.someone(unique("user"), ["system:masters"])
    expired = world.token(identity, now=datetime.now(UTC) - timedelta(minutes=20))
    with renewing(world, expired, world.token(identity)) as api:
        assert len(api.list_csrs(shop.signer).csrs) == 1


def test_a_token_for_another_cluster_is_rejected(world: World) -> None:
    """A cluster rejects a token for another cluster."""
    identity = world.someone(unique("user"), ["system:masters"])
    others = [world.token(identity, cluster=name) for name in ("other", "another")]
    with renewing(world, *others) as api, pytest.raises(NotOnboarded) as raised:
        api.list_csrs("adapter.example/x")

    assert ("unauthorized", "401: Unauthorized") == (raised.value.cause, raised.value.detail)


def test_a_restart_before_the_write_has_no_effect(shop: Shop, plane: ControlPlane) -> None:
    """A restart between listing and writing has no effect."""
    name = shop.make()["metadata"]["name"]
    csrs = shop.listed()
    plane.restart("apiserver")

    assert [Written(WriteResult.WRITTEN)] == shop.write(*csrs)
    assert [("Approved", "ByAdapter")] == shop.conditions(name)


def test_after_a_compaction_the_rest_of_the_list_is_read(shop: Shop, plane: ControlPlane) -> None:
    """After a continue token expires, the rest of the list is read in its newer state."""
    prefix = unique("page")
    for tail in "abcd":
        shop.make(f"{prefix}-{tail}")
    pages = CsrPages(shop.api._connection, shop.signer, stop_at=0.0, limits=Limits())
    pages._limit = 2
    pages._step()
    shop.world.admin.request("DELETE", path_of(f"{prefix}-c"))
    compact(plane)
    plane.restart("apiserver")
    listing = pages.read()

    assert pages._cursor._has_restarted
    assert [f"{prefix}-{tail}" for tail in "abd"] == [csr.name for csr in listing.csrs]
    assert not listing.truncated


def test_a_continue_token_of_our_own_leads_to_a_later_place(shop: Shop) -> None:
    """A continue token of our own leads to a later place in the same list, and back."""
    prefix = unique("a")
    names = [f"{prefix}-{number:02}" for number in range(12)] + [f"zz-{prefix}"]
    for name in names:
        shop.make(name)
    pages = CsrPages(shop.api._connection, shop.signer, stop_at=0.0, limits=Limits())
    pages._limit = 2
    pages._half = SECONDS  # as if so much had passed
    listing = pages.read()

    assert [*names[:2], names[-1], *names[2:-1]] == [csr.name for csr in listing.csrs]
    assert (False, "") == (listing.truncated, listing.cause)
