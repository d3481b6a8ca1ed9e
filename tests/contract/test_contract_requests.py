"""Filing a CSR: who may request which names, and how the server parses `spec.request`."""

import base64

import pytest

from sandbox.kubelet import kubelet_request
from tests.contract.objects import CSRS, UNSIGNED, Json, a_csr, create, unique
from tests.contract.world import World


@pytest.fixture
def name() -> str:
    return unique("creation")


def refused(world: World, body: Json) -> tuple[int, Json]:
    """Return the answer to a POST by an administrator."""
    return world.admin.request("POST", CSRS, body)


def test_a_node_may_not_request_another_nodes_common_name(world: World, name: str) -> None:
    """NodeRestriction: a node's CN must be its own name."""
    node = world.node()
    other, _ = kubelet_request("another", dns=["another"])

    status, answer = node.api.request("POST", CSRS, a_csr(name, other))

    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == (
        f'certificatesigningrequests.certificates.k8s.io "{name}" is forbidden:'
        f" can only create a node CSR with CN=system:node:{node.name}"
    )


def test_a_node_may_ask_another_signer_for_any_name(world: World, name: str) -> None:
    """NodeRestriction applies to the kubelet signers only."""
    other, _ = kubelet_request("another", dns=["another"])

    create(world.node().api, a_csr(name, other, signer=UNSIGNED))


def test_a_node_may_ask_for_any_san(world: World, name: str) -> None:
    """The server doesn't check SANs: this is the approver's task."""
    node = world.node()

    create(node.api, a_csr(name, node.pem(dns=["kubernetes.default.svc"], ips=["10.0.0.1"])))


def test_another_requester_may_request_any_nodes_name(world: World, name: str) -> None:
    """NodeRestriction restricts nodes; other requesters may request any name."""
    pem, _ = kubelet_request("any-node", dns=["any-node"])

    made = create(world.admin, a_csr(name, pem))

    assert made["spec"]["groups"] == ["system:masters", "system:authenticated"]


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"nonsense",
        b"-----BEGIN CERTIFICATE REQUEST-----\nTm8=\n-----END CERTIFICATE REQUEST-----\n",
    ],
)
def test_an_unreadable_request_is_refused(world: World, name: str, pem: bytes) -> None:
    """The answer is 403 for a node, by NodeRestriction, and 422 for others."""
    node = world.node()

    by_node, answer = node.api.request("POST", CSRS, a_csr(name, pem))
    by_admin, _ = refused(world, a_csr(name, pem))

    assert (by_node, by_admin) == (403, 422)
    assert "unable to parse csr: " in answer["message"]


def test_a_request_by_another_name_is_refused(world: World, name: str) -> None:
    """`NEW CERTIFICATE REQUEST` is not a CERTIFICATE REQUEST."""
    node = world.node()
    pem = node.pem().replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST")

    status, answer = node.api.request("POST", CSRS, a_csr(name, pem))

    assert status == 403
    assert "PEM block type must be CERTIFICATE REQUEST" in answer["message"]


def test_a_wrong_signature_is_refused(world: World, name: str) -> None:
    """The request must be signed with its own key."""
    node = world.node()
    lines = node.pem().splitlines()
    der = bytearray(base64.b64decode(b"".join(lines[1:-1])))
    der[-1] ^= 1
    pem = b"\n".join([lines[0], base64.b64encode(der), lines[-1]])

    status, answer = node.api.request("POST", CSRS, a_csr(name, pem))

    assert (status, answer["details"]["causes"][0]["field"]) == (422, "spec.request")


@pytest.mark.parametrize(
    "framing",
    [
        "text\n{own}",
        "{own}text",
        "{own}{other}",
        "x{other}{own}",
        " {other}{own}",
        "X-A: 1\n{own}",
        "{other_but_for_its_end}\n{own}",
    ],
)
def test_the_first_pem_block_that_go_finds_counts(world: World, name: str, framing: str) -> None:
    """The CN of a request inside other text is that of the first block that Go finds."""
    node = world.node()
    own, other = node.pem().decode(), kubelet_request("another", dns=["x"])[0].decode()
    cut = other.strip().rsplit("\n", 1)[0]
    pem = framing.format(own=own, other=other, other_but_for_its_end=cut)

    made = create(node.api, a_csr(name, pem.encode()))

    assert base64.b64decode(made["spec"]["request"]) == pem.encode()


def test_a_second_block_does_not_count(world: World, name: str) -> None:
    """Only the first of two requests counts."""
    node = world.node()
    pem = kubelet_request("another", dns=["x"])[0] + node.pem()

    status, _ = node.api.request("POST", CSRS, a_csr(name, pem))

    assert status == 403


def test_a_large_request_is_accepted(world: World, name: str) -> None:
    """A request with a megabyte of text around it is accepted."""
    node = world.node()

    create(node.api, a_csr(name, node.pem() + b"x" * 1_000_000))


def test_a_larger_body_is_refused(world: World, name: str) -> None:
    """The server refuses bodies over 3 MiB."""
    node = world.node()

    status, answer = node.api.request("POST", CSRS, a_csr(name, b"x" * 3_000_000))

    assert (status, answer["reason"]) == (413, "RequestEntityTooLarge")
    assert "limit is 3145728" in answer["message"]
