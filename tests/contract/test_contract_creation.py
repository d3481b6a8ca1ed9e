"""Filing a CSR: which fields the server sets, and the rules of the others."""

import pytest

from sandbox.fake_apiserver.rules import USAGES
from sandbox.kubelet import kubelet_request
from tests.contract.objects import (
    CSRS,
    KUBELET_SERVING,
    UNSIGNED,
    Json,
    a_condition,
    a_csr,
    create,
    read,
    unique,
)
from tests.contract.world import World


@pytest.fixture
def name() -> str:
    return unique("creation")


def refused(world: World, body: Json) -> tuple[int, Json]:
    """Return the answer to a POST by an administrator."""
    return world.admin.request("POST", CSRS, body)


def test_the_server_sets_the_requester_whatever_the_body_has(world: World, name: str) -> None:
    """The server silently replaces username, uid, groups, extra and status."""
    node = world.node()
    forged = {
        "username": "system:node:another",
        "uid": "another",
        "groups": ["system:masters"],
        "extra": {"sessionName": ["i-0123456789abcdef0"]},
    }
    body = a_csr(name, node.pem(), **forged)
    body["status"] = {"conditions": [a_condition()], "certificate": "Zm9yZ2Vk"}

    made = create(node.api, body)

    principal, session = node.identity.user_id.split(":")
    assert made["spec"]["username"] == f"system:node:{node.name}"
    assert made["spec"]["uid"] == f"aws-iam-authenticator:{node.identity.account}:{principal}"
    assert made["spec"]["groups"] == [
        "system:bootstrappers",
        "system:nodes",
        "system:authenticated",
    ]
    assert made["spec"]["extra"]["sessionName"] == [session]
    assert len(made["spec"]["extra"]) == 6
    assert made["status"] == {}
    assert read(world.admin, name) == made


def test_a_new_object_is_whole(world: World, name: str) -> None:
    """The answer to a POST carries kind, name, uid, version, time, and the spec as sent."""
    node = world.node()
    body = a_csr(name, node.pem(), expirationSeconds=86_400)
    body["metadata"] |= {"labels": {"a": "b"}, "annotations": {"c": "d"}, "uid": "mine"}

    made = create(node.api, body)

    meta = made["metadata"]
    assert (made["kind"], made["apiVersion"]) == (body["kind"], body["apiVersion"])
    assert (meta["name"], meta["labels"], meta["annotations"]) == (name, {"a": "b"}, {"c": "d"})
    assert meta["uid"] not in ("", "mine")
    assert meta["resourceVersion"].isdigit()
    assert meta["creationTimestamp"].endswith("Z")
    for field in ("request", "usages", "signerName", "expirationSeconds"):
        assert made["spec"][field] == body["spec"][field]


@pytest.mark.parametrize(
    ("field", "value", "cause", "message"),
    [
        ("usages", [], "spec.usages", "Required value"),
        ("usages", ["digital signature", "tea"], "spec.usages[1]", 'Unsupported value: "tea": '),
        ("usages", ["any", "any"], "spec.usages[1]", 'Duplicate value: "any"'),
        ("expirationSeconds", 599, "spec.expirationSeconds", "Invalid value: 599: may not "),
        ("expirationSeconds", -1, "spec.expirationSeconds", "Invalid value: -1: may not "),
        ("signerName", "", "spec.signerName", "Required value"),
        (
            "signerName",
            "kubernetes.io/legacy-unknown",
            "spec.signerName",
            'Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed',
        ),
        ("signerName", "no-slash", "spec.signerName", "Invalid value: "),
        ("signerName", "a.b/c/d", "spec.signerName", "Invalid value: "),
        ("signerName", "nodots/name", "spec.signerName", "Invalid value: "),
        ("signerName", "a.b/", "spec.signerName", "Invalid value: "),
        ("signerName", f"{KUBELET_SERVING} ", "spec.signerName", "Invalid value: "),
        ("signerName", "kubernetes.io/Kubelet-serving", "spec.signerName", "Invalid value: "),
    ],
)
def test_a_bad_spec_is_refused(
    world: World, name: str, field: str, value: object, cause: str, message: str
) -> None:
    """A violated rule of usages, lifetime or signer name is 422 and names the field."""
    pem, _ = kubelet_request("n", dns=["n"])
    body = a_csr(name, pem, **{field: value})

    status, answer = refused(world, body)

    causes = answer["details"]["causes"]
    assert (status, answer["reason"]) == (422, "Invalid")
    assert [c["field"] for c in causes] == [cause]
    assert causes[0]["message"].startswith(message)
    assert answer["message"].startswith(
        f'CertificateSigningRequest.certificates.k8s.io "{name}" is invalid: {cause}: {message}'
    )


def test_every_known_usage_is_accepted(world: World, name: str) -> None:
    """The usages that the fake API server accepts are those of Kubernetes."""
    pem, _ = kubelet_request("n", dns=["n"])

    create(world.admin, a_csr(name, pem, signer=UNSIGNED, usages=sorted(USAGES)))


@pytest.mark.parametrize("seconds", [600, 2_147_483_647])
def test_a_lifetime_from_ten_minutes_is_accepted(world: World, name: str, seconds: int) -> None:
    """Any lifetime from 600 seconds to 68 years is accepted."""
    node = world.node()

    made = create(node.api, a_csr(name, node.pem(), expirationSeconds=seconds))

    assert made["spec"]["expirationSeconds"] == seconds


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("expirationSeconds", 2**31),
        ("expirationSeconds", "600"),
        ("usages", "any"),
        ("usages", [1]),
        ("request", "*"),
        ("signerName", 1),
    ],
)
def test_a_field_of_another_type_is_refused(
    world: World, name: str, field: str, value: object
) -> None:
    """A body that can't be decoded is 400."""
    pem, _ = kubelet_request("n", dns=["n"])

    status, answer = refused(world, a_csr(name, pem, **{field: value}))

    assert (status, answer["reason"]) == (400, "BadRequest")


def test_null_is_the_same_as_absent(world: World, name: str) -> None:
    """A null field gets its default."""
    node = world.node()
    body = a_csr(name, node.pem(), expirationSeconds=None)
    body["metadata"]["labels"] = None

    made = create(node.api, body)

    assert "expirationSeconds" not in made["spec"]
    assert "labels" not in made["metadata"]


def test_a_kind_may_be_left_out(world: World, name: str) -> None:
    """The server knows the kind from the path."""
    node = world.node()
    body = a_csr(name, node.pem())
    del body["kind"], body["apiVersion"]

    create(node.api, body)


def test_v1beta1_is_gone(world: World) -> None:
    """The old version of the API answers 404."""
    status, _ = world.admin.request("GET", CSRS.replace("/v1/", "/v1beta1/"))

    assert status == 404
