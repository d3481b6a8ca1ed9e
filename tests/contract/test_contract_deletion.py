"""Deleting a CSR: only the one that was read, if it hasn't changed since."""

import pytest

from tests.contract.objects import Json, path_of, read
from tests.contract.world import World


def delete(world: World, name: str, **preconditions: str) -> tuple[int, Json]:
    body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
    return world.admin.request("DELETE", path_of(name), body)


def test_what_was_seen_is_deleted(world: World, fresh: Json) -> None:
    meta = fresh["metadata"]

    status, answer = delete(
        world, meta["name"], uid=meta["uid"], resourceVersion=meta["resourceVersion"]
    )

    assert (status, answer["status"]) == (200, "Success")
    assert world.admin.request("GET", path_of(meta["name"]))[0] == 404


@pytest.mark.parametrize(
    ("field", "other", "words"),
    [
        ("uid", "7e2f2c9d-0000", "the UID in the precondition (7e2f2c9d-0000) does not match the"),
        ("resourceVersion", "1", "the ResourceVersion in the precondition (1) does not match the"),
    ],
)
def test_another_uid_or_version_keeps_it(
    world: World, fresh: Json, field: str, other: str, words: str
) -> None:
    """A CSR that was issued, or deleted and created again, since it was read stays."""
    name = fresh["metadata"]["name"]

    status, answer = delete(world, name, **{field: other})

    assert (status, answer["reason"]) == (409, "Conflict")
    refusal = "Operation cannot be fulfilled on CertificateSigningRequest.certificates.k8s.io"
    assert answer["message"].startswith(f'{refusal} "{name}": {words}')
    assert read(world.admin, name) == fresh


def test_what_is_gone_is_not_found(world: World) -> None:
    assert 404 == delete(world, "never-filed", uid="7e2f2c9d")[0]
