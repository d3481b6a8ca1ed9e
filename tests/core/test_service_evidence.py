"""Evidence from Services: which are requested, and what follows from each response."""

from core.claims import MAX_SERVICES
from core.errors import EvidenceUnavailable
from core.model import ServiceClaim, ServicesHidden
from core.service_evidence import ServiceEvidence, gather
from tests.core.fakes import FakeServices
from tests.service_builders import a_service

WEB = ServiceClaim("shop", ("web",))
DB_AND_WEB = ServiceClaim("shop", ("db", "web"))
THEIRS = ServiceClaim("other", ("web",))
DOWN = EvidenceUnavailable("500: etcd")
HIDDEN = ServicesHidden("403: services is forbidden")


def test_each_service_is_requested_once() -> None:
    """Any number of requests may name it."""
    services = FakeServices((a_service(), a_service("db"), a_service(namespace="other")))

    found = gather([WEB, DB_AND_WEB, WEB, THEIRS], services)

    assert [("other", "web"), ("shop", "db", "web")] == services.asked
    assert {
        WEB: ServiceEvidence((a_service(),)),
        DB_AND_WEB: ServiceEvidence((a_service("db"), a_service())),
        THEIRS: ServiceEvidence((a_service(namespace="other"),)),
    } == found


def test_the_namespace_with_the_fewest_services_comes_first() -> None:
    """Time may run out, and one namespace can name many Services."""
    many = ServiceClaim("a", ("a", "b", "c"))
    services = FakeServices(())

    gather([many, DB_AND_WEB, THEIRS], services)

    assert ["other", "shop", "a"] == [namespace for namespace, *_ in services.asked]


def test_namespaces_with_as_many_services_come_in_the_order_of_their_names() -> None:
    """The order of the calls doesn't depend on the order of the list."""
    claims = [ServiceClaim(namespace, (f"of-{namespace}",)) for namespace in "cadb"]
    services = FakeServices(())

    gather(claims, services)

    assert ["a", "b", "c", "d"] == [namespace for namespace, *_ in services.asked]


def test_a_request_may_name_ten_services() -> None:
    """Each is a call to the API server."""
    ten = ServiceClaim("shop", tuple(f"s{number}" for number in range(10)))
    services = FakeServices(())

    gather([ten], services)

    assert [("shop", *ten.names)] == services.asked


def test_a_missing_service_is_left_out_of_the_evidence() -> None:
    """A Service that doesn't exist is evidence too."""
    assert {WEB: ServiceEvidence(())} == gather([WEB], FakeServices(()))


def test_a_request_that_names_no_service_or_too_many_causes_no_call() -> None:
    """Calls take time that other requests need."""
    none = ServiceClaim("shop", ())
    many = ServiceClaim("shop", tuple(f"s{number}" for number in range(MAX_SERVICES + 1)))
    services = FakeServices(())

    assert {none: ServiceEvidence(()), many: ServiceEvidence(())} == gather([none, many], services)
    assert {many: ServiceEvidence(())} == gather([many], services)
    assert [] == services.asked


def test_an_unavailable_service_leaves_its_claims_without_evidence() -> None:
    """Claims that don't name it have their evidence."""
    services = FakeServices((a_service(), a_service("db")), overrides={("shop", "db"): DOWN})

    found = gather([WEB, DB_AND_WEB], services)

    assert {WEB: ServiceEvidence((a_service(),)), DB_AND_WEB: DOWN} == found


def test_a_hidden_service_is_reported_as_hidden() -> None:
    """An unavailable Service in the same claim outweighs it."""
    services = FakeServices((a_service(),), overrides={("shop", "db"): HIDDEN})
    assert {DB_AND_WEB: ServiceEvidence(HIDDEN)} == gather([DB_AND_WEB], services)

    broken = FakeServices((), overrides={("shop", "db"): HIDDEN, ("shop", "web"): DOWN})
    assert {DB_AND_WEB: DOWN} == gather([DB_AND_WEB], broken)
