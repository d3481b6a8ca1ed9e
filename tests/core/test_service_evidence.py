"""Evidence from Services: which are requested, and what follows from each response."""

import pytest

from core.claims import MAX_SERVICES, claim_of
from core.errors import EvidenceUnavailable
from core.model import ServiceClaim, ServicesHidden
from core.service_evidence import ServiceEvidence, gather
from tests.builders import names
from tests.core.fakes import FakeServices
from tests.service_builders import a_service, a_service_csr, a_service_request

WEB = ServiceClaim("shop", ("web",))
BOTH = ServiceClaim("shop", ("db", "web"))
THEIRS = ServiceClaim("other", ("web",))
DOWN = EvidenceUnavailable("500: etcd")
HIDDEN = ServicesHidden("403: services is forbidden")


# --- what a request names ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dns", "named"),
    [
        ((), ()),
        (("web.shop.svc",), ("web",)),
        (("web.shop.svc", "WEB.shop.svc.cluster.local."), ("web",)),
        (("web.shop.svc", "db.shop.svc"), ("db", "web")),
        (("web.other.svc", "example.com", "web.shop", "web"), ()),
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
    """They are of the requester's namespace only."""
    request = a_service_request(sans=names("web.shop", "db.other", "example.com"))

    assert claim_of(a_service_csr(), request, allow_short=True) == WEB


def test_a_requester_that_is_no_service_account_claims_nothing() -> None:
    """A node has no namespace."""
    csr = a_service_csr(username="system:node:a")

    assert claim_of(csr, a_service_request(), allow_short=True) is None


# --- what is requested-----------------------------------------------------------------------------


def test_each_service_is_requested_once() -> None:
    """Any number of requests may name it."""
    services = FakeServices((a_service(), a_service("db"), a_service(namespace="other")))

    found = gather([WEB, BOTH, WEB, THEIRS], services)

    assert [("other", "web"), ("shop", "db", "web")] == services.asked
    assert {
        WEB: ServiceEvidence((a_service(),)),
        BOTH: ServiceEvidence((a_service("db"), a_service())),
        THEIRS: ServiceEvidence((a_service(namespace="other"),)),
    } == found


def test_the_namespace_with_the_fewest_services_comes_first() -> None:
    """Time may run out, and one namespace can name many Services."""
    many = ServiceClaim("a", ("a", "b", "c"))
    services = FakeServices(())

    gather([many, BOTH, THEIRS], services)

    assert ["other", "shop", "a"] == [namespace for namespace, *_ in services.asked]


def test_a_missing_service_is_left_out_of_the_evidence() -> None:
    """A Service that doesn't exist is evidence too."""
    assert {WEB: ServiceEvidence(())} == gather([WEB], FakeServices(()))


def test_a_request_that_names_no_service_or_too_many_causes_no_call() -> None:
    """Calls take time that other requests need."""
    none = ServiceClaim("shop", ())
    many = ServiceClaim("shop", tuple(f"s{number}" for number in range(MAX_SERVICES + 1)))
    services = FakeServices(())

    assert {none: ServiceEvidence(()), many: ServiceEvidence(())} == gather([none, many], services)
    assert [] == services.asked


def test_an_unavailable_service_leaves_its_claims_without_evidence() -> None:
    """Claims that don't name it have their evidence."""
    services = FakeServices((a_service(), a_service("db")), instead={("shop", "db"): DOWN})

    found = gather([WEB, BOTH], services)

    assert {WEB: ServiceEvidence((a_service(),)), BOTH: DOWN} == found


def test_a_hidden_service_is_reported_as_hidden() -> None:
    """An unavailable Service in the same claim outweighs it."""
    services = FakeServices((a_service(),), instead={("shop", "db"): HIDDEN})
    assert {BOTH: ServiceEvidence(HIDDEN)} == gather([BOTH], services)

    broken = FakeServices((), instead={("shop", "db"): HIDDEN, ("shop", "web"): DOWN})
    assert {BOTH: DOWN} == gather([BOTH], broken)
