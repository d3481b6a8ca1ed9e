"""Requests that get no certificate after an approval, or not yet, or not again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from cryptography import x509

from tests.contract.objects import (
    UNSIGNED,
    a_condition,
    a_csr,
    create,
    decided,
    issued,
    put,
    read,
    unique,
)
from tests.contract.signing import COMMON, ORGANIZATION, a_request, approved, certificate_of
from tests.contract.world import World
from tests.real.controlplane import Client


@contextmanager
def signer_down(world: World) -> Iterator[None]:
    world.plane.stop("signer")
    try:
        yield
    finally:
        world.plane.start_process("signer")


@pytest.mark.parametrize(
    ("pem", "usages", "message"),
    [
        (
            a_request(),
            ["digital signature", "server auth", "client auth"],
            "usages did not match [digital signature key encipherment server auth]",
        ),
        (
            a_request(),
            ["server auth"],
            "usages did not match [digital signature key encipherment server auth]",
        ),
        (
            a_request(names=[x509.DNSName("n"), x509.UniformResourceIdentifier("spiffe://x/y")]),
            None,
            "URI subjectAltNames are not allowed",
        ),
        (
            a_request(names=[x509.DNSName("n"), x509.RFC822Name("a@b.c")]),
            None,
            "Email subjectAltNames are not allowed",
        ),
        (a_request(names=[]), None, "DNS or IP subjectAltName is required"),
        *(
            (
                a_request(subject=[*organizations, (COMMON, "system:node:n")]),
                None,
                "subject organization is not system:nodes",
            )
            for organizations in (
                [],
                [(ORGANIZATION, "system:masters")],
                [(ORGANIZATION, "system:nodes"), (ORGANIZATION, "system:nodes")],
            )
        ),
        (
            a_request(subject=[(ORGANIZATION, "system:nodes"), (COMMON, "n")]),
            None,
            "subject common name does not begin with system:node:",
        ),
    ],
)
def test_the_signer_says_why_it_refuses(
    world: World, approver: Client, pem: bytes, usages: list[str] | None, message: str
) -> None:
    """A request that no kubelet would make gets `Failed` beside `Approved`, no certificate."""
    spec = {"usages": usages} if usages else {}

    item = approved(world, approver, pem, **spec)

    first, second = item["status"]["conditions"]
    assert first["type"] == "Approved"
    assert second.pop("lastUpdateTime")
    assert second.pop("lastTransitionTime")
    assert second == {
        "type": "Failed",
        "status": "True",
        "reason": "SignerValidationFailure",
        "message": message,
    }
    assert "certificate" not in item["status"]


def test_what_failed_stays_failed(world: World, approver: Client) -> None:
    """`Failed` can't be removed, and approving again with it kept changes nothing."""
    item = approved(world, approver, a_request(names=[]))
    condition, failure = item["status"]["conditions"]

    assert put(approver, decided(item, condition))[0] == 422
    again = put(approver, decided(item, a_condition(reason="Again"), failure))
    assert again[0] == 200
    assert "certificate" not in read(world.admin, item["metadata"]["name"])["status"]


def test_issuing_makes_the_version_stale(world: World, approver: Client) -> None:
    """After issuance, a PUT with the old version is 409, and one without keeps the certificate."""
    item = create(world.admin, a_csr(unique("stale"), a_request()))
    _, answer = put(approver, decided(item, a_condition()))
    after = issued(world.admin, item["metadata"]["name"])

    stale, _ = put(approver, decided(answer, a_condition(reason="Again")))
    del answer["metadata"]["resourceVersion"]
    forced, kept = put(approver, decided(answer, a_condition(reason="Again")))

    assert (stale, forced) == (409, 200)
    assert kept["status"]["certificate"] == after["status"]["certificate"]


def test_nothing_else_is_issued(world: World, approver: Client) -> None:
    """CSRs that are pending, denied or of another signer get no certificate.

    The test waits for a request approved after them: the signer has seen the others by then.
    """
    pending = create(world.admin, a_csr(unique("pending"), a_request()))
    denied = create(world.admin, a_csr(unique("denied"), a_request()))
    foreign = create(world.admin, a_csr(unique("foreign"), a_request(), signer=UNSIGNED))
    assert put(approver, decided(denied, a_condition("Denied")))[0] == 200
    assert put(approver, decided(foreign, a_condition()))[0] == 200

    approved(world, approver, a_request())

    for item in (pending, denied, foreign):
        assert "certificate" not in read(world.admin, item["metadata"]["name"])["status"]


def test_what_is_approved_while_the_signer_is_down_is_issued_later(
    world: World, approver: Client
) -> None:
    """While the signer is down, a CSR is approved without a certificate."""
    item = create(world.admin, a_csr(unique("down"), a_request()))
    name = item["metadata"]["name"]
    with signer_down(world):
        assert put(approver, decided(item, a_condition()))[0] == 200
        status = read(world.admin, name)["status"]
        assert [condition["type"] for condition in status["conditions"]] == ["Approved"]
        assert "certificate" not in status

    assert certificate_of(issued(world.admin, name))
