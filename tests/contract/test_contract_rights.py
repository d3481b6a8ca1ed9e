"""RBAC: what each right allows, and the error when it is missing."""

import pytest

from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import Rule, approver_rules
from tests.contract.objects import (
    CSRS,
    UNSIGNED,
    Json,
    a_condition,
    a_csr,
    create,
    decided,
    path_of,
    put,
    query,
    unique,
)
from tests.contract.world import WHO_AM_I, World, may
from tests.real.controlplane import Client

LIST, UPDATE, APPROVE = approver_rules(UNSIGNED)
PLURAL = "certificatesigningrequests"
RESOURCE = f"{PLURAL}.certificates.k8s.io"
GROUP = "certificates.k8s.io"


@pytest.fixture
def item(world: World) -> Json:
    pem, _ = kubelet_request("n", dns=["n"])
    return create(world.admin, a_csr(unique("rights"), pem, signer=UNSIGNED))


def username(client: Client) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    _, answer = client.request("POST", WHO_AM_I, body)
    name: str = answer["status"]["userInfo"]["username"]
    return name


def denial(client: Client, verb: str, resource: str = PLURAL, name: str = "") -> str:
    """Return the message of an RBAC refusal."""
    named = f'{RESOURCE} "{name}"' if name else RESOURCE
    return (
        f'{named} is forbidden: User "{username(client)}" cannot {verb} resource "{resource}"'
        f' in API group "{GROUP}" at the cluster scope'
    )


def test_three_rules_make_an_approver(world: World, item: Json) -> None:
    """List, approval update and signers approve suffice to list and approve; `get` isn't needed."""
    approver = world.holder(LIST, UPDATE, APPROVE)

    assert approver.request("GET", query(limit=1))[0] == 200
    assert put(approver, decided(item, a_condition()))[0] == 200


def test_an_approver_may_do_nothing_else(world: World, item: Json) -> None:
    """An approver may not get, create or delete a CSR."""
    approver, name = world.holder(LIST, UPDATE, APPROVE), item["metadata"]["name"]

    for method, verb in (("GET", "get"), ("DELETE", "delete")):
        status, answer = approver.request(method, path_of(name))

        assert (status, answer["reason"]) == (403, "Forbidden")
        assert answer["message"] == denial(approver, verb, name=name)
    status, answer = approver.request("POST", CSRS, item)
    assert (status, answer["message"]) == (403, denial(approver, "create"))


def test_without_list_nothing_is_listed(world: World) -> None:
    """403 names user, verb and resource."""
    client = world.holder(UPDATE, APPROVE)

    status, answer = client.request("GET", query(fieldSelector=f"spec.signerName={UNSIGNED}"))

    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == denial(client, "list")
    assert answer["details"] == {"group": GROUP, "kind": PLURAL}


def test_without_update_nothing_is_approved(world: World, item: Json) -> None:
    """403 names the subresource."""
    client, name = world.holder(LIST, APPROVE), item["metadata"]["name"]

    status, answer = put(client, decided(item, a_condition()))

    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == denial(client, "update", f"{PLURAL}/approval", name)
    assert answer["details"] == {"name": name, "group": GROUP, "kind": PLURAL}


@pytest.mark.parametrize(
    "rules",
    [
        (),
        (Rule(("sign",), "signers", (UNSIGNED,)),),
        (Rule(("approve",), "signers", ("contract.example/another",)),),
        (Rule(("approve",), "signers", ("example/*",)),),
    ],
    ids=["none", "another verb", "another signer", "another domain"],
)
def test_without_the_signer_nothing_is_approved(
    world: World, item: Json, rules: tuple[Rule, ...]
) -> None:
    """403 names the signer; the right needs that signer and the verb approve."""
    client = world.holder(LIST, UPDATE, *rules)

    status, answer = put(client, decided(item, a_condition()))

    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == (
        f'{RESOURCE} "{item["metadata"]["name"]}" is forbidden:'
        f' user not permitted to approve requests with signerName "{UNSIGNED}"'
    )


@pytest.mark.parametrize("names", [("contract.example/*",), ()], ids=["domain", "all"])
def test_a_wildcard_grants_the_signer_too(world: World, item: Json, names: tuple[str, ...]) -> None:
    """`DOMAIN/*` as a resource name, or no resource names, grant the approval as well."""
    client = world.holder(UPDATE, Rule(("approve",), "signers", names))

    assert put(client, decided(item, a_condition()))[0] == 200


def test_the_stored_signer_counts(world: World, item: Json) -> None:
    """Another signerName in the body doesn't avoid the right on the stored one."""
    other = "contract.example/another"
    client = world.approver(other)
    body = decided(item, a_condition())
    body["spec"] = {**body["spec"], "signerName": other}

    assert put(client, body)[0] == 403


def test_the_signer_is_asked_last(world: World, item: Json) -> None:
    """Without the signer's right, 404, 409 and 422 still come before the 403."""
    client = world.holder(UPDATE)
    missing = {**item, "metadata": {"name": unique("missing")}}
    stale = {**item, "metadata": {**item["metadata"], "resourceVersion": "1"}}

    assert put(client, decided(missing, a_condition()))[0] == 404
    assert put(client, decided(stale, a_condition()))[0] == 409
    assert put(client, decided(item, a_condition(status="False")))[0] == 422
    assert put(client, decided(item, a_condition()))[0] == 403


def test_even_a_write_of_nothing_needs_the_signer(world: World, item: Json) -> None:
    """A PUT of the unchanged object is 403 as well."""
    assert put(world.holder(UPDATE), item)[0] == 403


def test_the_right_to_update_is_asked_first(world: World, item: Json) -> None:
    """Without it an unreadable body and a missing object are 403 as well."""
    client = world.member()
    missing = {**item, "metadata": {"name": unique("missing")}}

    assert put(client, decided(missing, a_condition()))[0] == 403
    assert put(client, {**item, "spec": 1})[0] == 403


def test_a_node_approves_nothing(world: World) -> None:
    """A node may not approve any CSR, even its own."""
    node = world.node()
    own = create(node.api, a_csr(unique("own"), node.pem()))

    assert put(node.api, decided(own, a_condition()))[0] == 403


def test_a_node_is_recognized_by_group_and_name(world: World) -> None:
    """The rights of nodes need `system:nodes` and a user name that begins with `system:node:`."""
    for name, groups in (("node", ["system:nodes"]), ("system:node:a", ["system:masters-not"])):
        client = world.bearer(world.token(world.someone(name, groups)))

        assert client.request("GET", query(limit=1))[0] == 403


def test_a_mapped_identity_without_rights_is_forbidden(world: World) -> None:
    """Everything is 403, except a SelfSubjectReview."""
    client = world.member("some-group")

    assert client.request("GET", query(limit=1))[0] == 403
    assert username(client).startswith("user-")


def test_an_access_review_shows_the_rights(world: World) -> None:
    """SelfSubjectAccessReview is correct with and without each of the three rights."""
    with_rights, without = world.approver(UNSIGNED), world.member()
    asked: list[dict[str, str]] = [
        {"verb": "list", "resource": PLURAL},
        {"verb": "update", "resource": PLURAL, "subresource": "approval"},
        {"verb": "approve", "resource": "signers", "name": UNSIGNED},
    ]

    assert all(may(with_rights, group=GROUP, **right) for right in asked)
    assert not any(may(without, group=GROUP, **right) for right in asked)
    assert not may(with_rights, group=GROUP, verb="get", resource=PLURAL)
    assert not may(with_rights, group=GROUP, verb="approve", resource="signers", name="a.b/c")
    assert not may(with_rights, group="", verb="list", resource=PLURAL)
