"""Names of CSRs: almost any name is allowed, and each leads to its own object."""

import pytest

from sandbox.kubelet import kubelet_request
from tests.contract.objects import (
    CSRS,
    UNUSUAL_NAMES,
    Json,
    a_condition,
    a_csr,
    create,
    decided,
    make,
    path_of,
    put,
    query,
    read,
    unique,
    without,
    written,
)
from tests.contract.world import World
from tests.real.controlplane import Client

APPROVED = a_condition()


@pytest.fixture
def name() -> str:
    return unique("creation")


def refused(world: World, body: Json) -> tuple[int, Json]:
    """Return the answer to a POST by an administrator."""
    return world.admin.request("POST", CSRS, body)


def test_a_generated_name_begins_as_asked(world: World) -> None:
    """With `generateName` alone the server adds five letters or digits."""
    node = world.node()
    body = a_csr("", node.pem())
    body["metadata"] = {"generateName": "csr-"}

    made = [create(node.api, body)["metadata"]["name"] for _ in range(2)]

    assert all(name.startswith("csr-") and len(name) == 9 for name in made)
    assert made[0] != made[1]


@pytest.mark.parametrize("bad", ["a/b", "a%b", "/", "%", ".", "..", ""])
def test_only_unusable_names_are_refused(world: World, bad: str) -> None:
    """Only slashes, percent signs, `.`, `..` and no name at all are refused."""
    pem, _ = kubelet_request("n", dns=["n"])

    status, answer = refused(world, a_csr(bad, pem))

    assert (status, answer["details"]["causes"][0]["field"]) == (422, "metadata.name")


@pytest.mark.parametrize("unusual", UNUSUAL_NAMES.values(), ids=UNUSUAL_NAMES)
def test_unusual_names_are_accepted(world: World, unusual: str) -> None:
    """A node may call its CSR almost anything; it is listed, read and deleted by that name."""
    node, signer = world.node(), f"contract.example/{unique('unusual')}"
    create(node.api, a_csr(unusual, node.pem(), signer=signer))

    status, listing = world.admin.request("GET", query(fieldSelector=f"spec.signerName={signer}"))

    assert (status, [item["metadata"]["name"] for item in listing["items"]]) == (200, [unusual])
    assert read(world.admin, unusual)["metadata"]["name"] == unusual
    assert world.admin.request("DELETE", path_of(unusual))[0] == 200
    assert world.admin.request("GET", path_of(unusual))[0] == 404


def test_a_taken_name_is_a_conflict(world: World, name: str) -> None:
    """A second object of the same name is 409 AlreadyExists for any requester."""
    node, other = world.node(), world.node()
    create(node.api, a_csr(name, node.pem()))

    status, answer = other.api.request("POST", CSRS, a_csr(name, other.pem()))

    assert (status, answer["reason"]) == (409, "AlreadyExists")
    assert answer["message"] == (
        f'certificatesigningrequests.certificates.k8s.io "{name}" already exists'
    )


def test_the_name_in_the_body_must_be_that_of_the_path(approver: Client, fresh: Json) -> None:
    """Another name in the body, or none, is 400."""
    path = path_of(fresh["metadata"]["name"], "approval")
    body = decided(fresh, APPROVED)

    for metadata in ({**fresh["metadata"], "name": "another"}, without(fresh, "name")["metadata"]):
        status, answer = approver.request("PUT", path, {**body, "metadata": metadata})

        assert (status, answer["reason"]) == (400, "BadRequest")


@pytest.mark.parametrize("unusual", UNUSUAL_NAMES.values(), ids=UNUSUAL_NAMES)
def test_unusual_names_are_approved_by_their_encoded_path(
    world: World, approver: Client, unusual: str
) -> None:
    """Fully percent-encoded, any name leads to its own object and no other."""
    item = make(world.admin, unusual)

    answer = written(approver, decided(item, APPROVED))

    assert answer["metadata"]["name"] == unusual
    assert answer["metadata"]["uid"] == item["metadata"]["uid"]
    assert world.admin.request("DELETE", path_of(unusual))[0] == 200


def test_a_name_is_decoded_once(world: World, approver: Client, fresh: Json) -> None:
    """A name encoded twice holds a percent sign, which no name may: 400, not the object."""
    name = fresh["metadata"]["name"].replace("-", "%2D")
    body = decided({**fresh, "metadata": {"name": name}}, APPROVED)

    status, answer = world.admin.request("GET", path_of(name))

    assert (status, answer["reason"]) == (400, "BadRequest")
    assert answer["message"] == f"Name parameter invalid: \"{name}\": may not contain '%'"
    assert put(approver, body)[0] == 400
    assert world.admin.request("DELETE", path_of(name))[0] == 400
