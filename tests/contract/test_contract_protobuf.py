"""The same API in protobuf: lists, decisions and errors equal those in JSON."""

from typing import Any

from adapters.kubernetes_protobuf import read_status
from sandbox.fake_apiserver import protobuf
from sandbox.kubelet import kubelet_request
from tests.contract.objects import (
    CSRS,
    Json,
    a_condition,
    a_csr,
    create,
    decided,
    make,
    path_of,
    query,
    read,
    unique,
    without,
)
from tests.contract.world import World
from tests.real.controlplane import Client

SPEAKS = {"Content-Type": protobuf.MEDIA_TYPE, "Accept": protobuf.MEDIA_TYPE}


def ask(client: Client, method: str, path: str, body: Json | None = None) -> tuple[int, bytes]:
    sent = None if body is None else protobuf.encode(body)
    return client.send(method, path, sent, SPEAKS)


def filled(fields: Json) -> Json:
    """Return the fields without the empty texts, which Go leaves out of JSON."""
    return {key: value for key, value in fields.items() if value != ""}


def of_list(answer: bytes) -> tuple[Json, list[Any]]:
    listed = protobuf.decode(answer)
    assert listed["kind"] == "CertificateSigningRequestList"
    return listed["metadata"], listed["items"]


def test_a_list_has_the_same_items(world: World, fresh: Json) -> None:
    """Each field is equal; an empty status has none."""
    name = fresh["metadata"]["name"]

    status, answer = ask(world.admin, "GET", query(fieldSelector=f"metadata.name={name}"))

    metadata, [item] = of_list(answer)
    assert status == 200
    assert metadata["resourceVersion"]
    assert (fresh["metadata"], fresh["spec"]) == (filled(item["metadata"]), filled(item["spec"]))


def test_a_list_continues_by_its_continue_token(world: World) -> None:
    """Tokens work as in JSON. The signer is this test's own, as others file names of 140 KB."""
    signer = f"{unique('protobuf')}.example/x"
    pem, _ = kubelet_request("n", dns=["n"])
    names = [unique("protobuf") for _ in range(3)]
    for name in names:
        create(world.admin, a_csr(name, pem, signer=signer))
    found, token = list[str](), ""
    while True:
        more = {"continue": token} if token else {}
        path = query(fieldSelector=f"spec.signerName={signer}", limit=2, **more)
        metadata, items = of_list(ask(world.admin, "GET", path)[1])
        found += [item["metadata"]["name"] for item in items]
        token = metadata.get("continue", "")
        if not token:
            break

    assert sorted(names) == found


def test_a_decision_is_stored_and_the_object_is_returned(world: World, approver: Client) -> None:
    """The returned object has the decision, labels and annotations."""
    texts: Json = {"labels": {"a": "b"}, "annotations": {"c": "ü"}}
    body = decided(make(world.admin, unique("put"), **texts), a_condition())
    path = path_of(body["metadata"]["name"], "approval")

    status, answer = ask(approver, "PUT", path, body)

    after = read(world.admin, body["metadata"]["name"])
    assert (200, "Approved") == (status, after["status"]["conditions"][0]["type"])
    assert texts == {key: after["metadata"][key] for key in texts}
    assert after["status"] == protobuf.decode(answer)["status"]


def test_a_decision_without_spec_and_managed_fields_loses_nothing(
    world: World, approver: Client, fresh: Json
) -> None:
    """The server keeps the stored spec and managed fields."""
    before = read(world.admin, fresh["metadata"]["name"])
    body = decided(without(before, "managedFields"), a_condition())
    del body["spec"]

    assert ask(approver, "PUT", path_of(before["metadata"]["name"], "approval"), body)[0] == 200

    after = read(world.admin, before["metadata"]["name"])
    assert before["spec"] == after["spec"]


def test_an_error_says_the_same(approver: Client, fresh: Json) -> None:
    """An error has the same status, reason and message in protobuf and JSON."""
    path = path_of(fresh["metadata"]["name"], "approval")
    stale = decided(fresh, a_condition())
    stale["metadata"] = {**stale["metadata"], "resourceVersion": "1"}

    for client, body, method, code in (
        (approver, stale, "PUT", 409),
        (approver, None, "DELETE", 403),
    ):
        where = path if body else f"{CSRS}/{fresh['metadata']['name']}"
        status, answer = ask(client, method, where, body)
        in_json = client.request(method, where, body)[1]

        assert (code, in_json["message"]) == (status, read_status(answer).message)
