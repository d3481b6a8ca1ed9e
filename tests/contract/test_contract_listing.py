"""Lists: selectors, pages, and the shape of their items."""

from collections.abc import Iterator

import pytest

from sandbox.kubelet import kubelet_request
from tests.contract.objects import CSRS, Json, a_csr, create, path_of, query, unique
from tests.contract.world import World
from tests.real.controlplane import Client


@pytest.fixture
def signer() -> str:
    return f"contract.example/{unique('list')}"


@pytest.fixture
def names(world: World, signer: str) -> list[str]:
    """Create five objects of one signer, and return their names in byte order."""
    prefix = unique("page")
    names = [f"{prefix}-{tail}" for tail in ("B", "a", "b", "é", "🙂")]
    pem, _ = kubelet_request("n", dns=["n"])
    for name in reversed(names):
        create(world.admin, a_csr(name, pem, signer=signer))
    return names


def get(client: Client, path: str) -> Json:
    status, answer = client.request("GET", path)
    assert status == 200, answer
    return answer


def pages(client: Client, limit: int, **parameters: str) -> Iterator[Json]:
    token = ""
    while True:
        more = {"continue": token} if token else {}
        page = get(client, query(limit=limit, **parameters, **more))
        yield page
        token = page["metadata"].get("continue", "")
        if not token:
            return


def names_of(*pages: Json) -> list[str]:
    return [item["metadata"]["name"] for page in pages for item in page["items"]]


def test_a_signers_objects_are_listed_in_the_order_of_their_names(
    world: World, signer: str, names: list[str]
) -> None:
    """`spec.signerName=` gives that signer's objects, sorted by the bytes of their names."""
    listing = get(world.admin, query(fieldSelector=f"spec.signerName={signer}"))

    assert names_of(listing) == names
    assert listing["kind"] == "CertificateSigningRequestList"
    assert listing["apiVersion"] == "certificates.k8s.io/v1"
    assert listing["metadata"].keys() == {"resourceVersion"}


def test_items_carry_no_kind(world: World, signer: str, names: list[str]) -> None:
    """An item is the object as read alone, without kind and apiVersion."""
    listing = get(world.admin, query(fieldSelector=f"spec.signerName={signer}"))

    alone = get(world.admin, path_of(names[0]))
    assert listing["items"][0] == {
        key: value for key, value in alone.items() if key not in ("kind", "apiVersion")
    }


def test_an_empty_list_has_items(world: World) -> None:
    """Of a signer without objects, `items` is an empty list."""
    listing = get(world.admin, query(fieldSelector="spec.signerName=contract.example/nothing"))

    assert listing["items"] == []


def test_a_name_can_be_selected(world: World, signer: str, names: list[str]) -> None:
    """`metadata.name` and `!=` work, and all terms must match."""
    first = f"metadata.name={names[0]},spec.signerName={signer}"
    others = f"spec.signerName={signer},metadata.name!={names[0]}"

    assert names_of(get(world.admin, query(fieldSelector=first))) == names[:1]
    assert names_of(get(world.admin, query(fieldSelector=others))) == names[1:]


@pytest.mark.parametrize("field", ["spec.username", "status.conditions", "status.certificate"])
def test_other_fields_are_refused(world: World, field: str) -> None:
    """Requester and state can't be selected."""
    status, answer = world.admin.request("GET", query(fieldSelector=f"{field}=x"))

    assert (status, answer["reason"]) == (400, "BadRequest")
    assert f"field label not supported: {field}" in answer["message"]


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 500])
def test_pages_make_up_the_list(world: World, signer: str, names: list[str], limit: int) -> None:
    """Pages hold at most `limit` items, link to the next, and don't say how many remain."""
    selected = {"fieldSelector": f"spec.signerName={signer}"}

    read = list(pages(world.admin, limit, **selected))

    assert names_of(*read) == names
    assert len(read) - -(-len(names) // limit) in (0, 1)
    assert all(len(page["items"]) <= limit for page in read)
    assert not any("remainingItemCount" in page["metadata"] for page in read)


def test_a_full_page_may_lead_to_an_empty_one(world: World, signer: str, names: list[str]) -> None:
    """The next page shows whether items follow: other signers' objects cause a token too."""
    pem, _ = kubelet_request("n", dns=["n"])
    create(world.admin, a_csr(f"{names[-1]}-after", pem, signer=f"{signer}-other"))

    first, last = pages(world.admin, len(names), fieldSelector=f"spec.signerName={signer}")

    assert (names_of(first), last["items"]) == (names, [])


def test_without_selector_a_page_says_how_many_are_left(world: World, names: list[str]) -> None:
    """`remainingItemCount` is there when nothing was selected."""
    page = get(world.admin, query(limit=1))

    assert page["metadata"]["remainingItemCount"] >= len(names) - 1


def test_pages_show_one_moment(world: World, signer: str, names: list[str]) -> None:
    """Objects deleted or created between two pages don't change the later pages."""
    selected = {"fieldSelector": f"spec.signerName={signer}"}
    read = pages(world.admin, 2, **selected)
    first = next(read)
    pem, _ = kubelet_request("n", dns=["n"])
    create(world.admin, a_csr(f"{names[-1]}-late", pem, signer=signer))
    assert world.admin.request("DELETE", path_of(names[3]))[0] == 200

    rest = list(read)

    assert names_of(first, *rest) == names
    versions = {page["metadata"]["resourceVersion"] for page in [first, *rest]}
    assert len(versions) == 1


@pytest.mark.parametrize("token", ["garbage", "Z2FyYmFnZQ", "*"])
def test_an_invented_continue_token_is_refused(world: World, token: str) -> None:
    """The server accepts only its own continue tokens."""
    status, answer = world.admin.request("GET", query(limit=1, **{"continue": token}))

    assert (status, answer["reason"]) == (400, "BadRequest")


def test_a_limit_must_be_a_number(world: World) -> None:
    """`limit=x` is 400."""
    assert world.admin.request("GET", query(limit="x"))[0] == 400


def test_limit_0_lists_everything(world: World, signer: str, names: list[str]) -> None:
    """`limit=0` gives everything at once."""
    listing = get(world.admin, query(limit=0, fieldSelector=f"spec.signerName={signer}"))

    assert names_of(listing) == names


def test_a_node_lists_all_csrs_and_deletes_none(
    world: World, signer: str, names: list[str]
) -> None:
    """Nodes may list and read all CSRs, and delete none, not even their own."""
    node = world.node()
    own = create(node.api, a_csr(unique("own"), node.pem()))["metadata"]["name"]

    listing = get(node.api, query(fieldSelector=f"spec.signerName={signer}"))

    assert names_of(listing) == names
    assert node.api.request("GET", path_of(names[0]))[0] == 200
    assert node.api.request("DELETE", path_of(own))[0] == 403


def test_a_large_list_is_compressed_for_clients_that_accept_gzip(world: World, signer: str) -> None:
    """With `Accept-Encoding: gzip` a list over 128 KiB can be read."""
    pem, _ = kubelet_request("n", dns=["n"])
    name = unique("large")
    create(world.admin, a_csr(name, pem + b"x" * 200_000, signer=signer))

    status, listing = world.admin.request(
        "GET", query(fieldSelector=f"spec.signerName={signer}"), headers={"Accept-Encoding": "gzip"}
    )

    assert (status, names_of(listing)) == (200, [name])


def test_a_slash_at_the_end_of_the_path_makes_no_difference(world: World) -> None:
    """A slash at the end of the path makes no difference."""
    assert get(world.admin, f"{CSRS}/?limit=1")["kind"] == "CertificateSigningRequestList"
