"""Which Services a request names."""

import pytest

from core.claims import claim_of, placed
from core.model import ServiceClaim
from tests.builders import names
from tests.service_builders import a_service_csr, a_service_request


@pytest.mark.parametrize(
    ("dns", "named"),
    [
        ((), ()),
        (("web.shop.svc",), ("web",)),
        (("web.shop.svc", "WEB.shop.svc.cluster.local."), ("web",)),
        (("web.shop.svc", "db.shop.svc"), ("db", "web")),
        (("web.other.svc", "web.zoo.svc", "example.com", "web.shop", "web"), ()),
        ((f"{'a' * 63}.shop.svc", f"{'a' * 64}.shop.svc"), ("a" * 63,)),
        (("*.shop.svc", "a_b.shop.svc", ".shop.svc", "a.b.shop.svc", "-.shop.svc"), ()),
    ],
)
def test_names_of_the_requesters_namespace_are_claimed(
    dns: tuple[str, ...], named: tuple[str, ...]
) -> None:
    """Only valid labels are claimed, because they become part of a URL."""
    request = a_service_request(sans=names(*dns))

    assert ServiceClaim("shop", named) == claim_of(a_service_csr(), request, allow_short=False)


def test_short_names_are_claimed_where_allowed() -> None:
    """Short names are claimed for the requester's namespace only."""
    request = a_service_request(sans=names("web.shop", "DB.Shop.", "db.other", "example.com"))
    claim = claim_of(a_service_csr(), request, allow_short=True)

    assert ServiceClaim("shop", ("db", "web")) == claim


def test_a_requester_that_is_no_service_account_claims_nothing() -> None:
    """A node has no namespace."""
    csr = a_service_csr(username="system:node:a")

    assert claim_of(csr, a_service_request(), allow_short=True) is None


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("web.shop.svc", ("web", "shop")),
        ("WEB.shop.svc.cluster.local.", ("web", "shop")),
        ("a.b.web.shop.svc", ("a.b.web", "shop")),
        ("shop.svc", None),
        ("web.shop", None),
        ("web.shop.svc.example", None),
    ],
)
def test_a_full_name_is_split_at_its_namespace(name: str, place: tuple[str, str] | None) -> None:
    """The namespace is the last label before `svc`; everything before it stays one text."""
    assert place == placed(name)
