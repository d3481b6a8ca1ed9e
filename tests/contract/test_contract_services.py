"""Services: the fields of one, and the errors when it is missing or may not be read."""

import pytest

from adapters.service_items import service_of
from core.model import Service
from sandbox.kubernetes import SEES_SERVICES
from tests.contract.objects import Json, unique
from tests.contract.test_contract_rights import username
from tests.contract.world import World, may
from tests.service_builders import a_service

NAMESPACE = "contract-shop"


def path_of(name: str, namespace: str = NAMESPACE) -> str:
    return f"/api/v1/namespaces/{namespace}/services/{name}"


def read(world: World, name: str) -> Json:
    status, answer = world.holder(SEES_SERVICES).request("GET", path_of(name))
    assert status == 200, answer
    return answer


@pytest.mark.parametrize(
    ("kind", "ips"),
    [
        ("ClusterIP", ["10.100.7.21"]),
        ("NodePort", ["10.100.7.22"]),
        ("LoadBalancer", ["10.100.7.23"]),
        ("ClusterIP", []),
        ("ExternalName", []),
    ],
    ids=["cluster-ip", "node-port", "load-balancer", "headless", "external-name"],
)
def test_the_right_to_get_shows_a_service(world: World, kind: str, ips: list[str]) -> None:
    """A Service shows its type and cluster IPs; headless and ExternalName ones have none."""
    name = unique("web")
    world.service(NAMESPACE, name, kind=kind, ips=ips)

    answer = read(world, name)

    expected: Service = a_service(name, namespace=NAMESPACE, kind=kind, ips=ips)
    assert expected == service_of(answer)
    assert (answer["kind"], answer["apiVersion"]) == ("Service", "v1")


@pytest.mark.parametrize("namespace", [NAMESPACE, "contract-nowhere"])
def test_a_service_that_is_not_there_is_not_found(world: World, namespace: str) -> None:
    """404 names the Service, also when the namespace is missing."""
    client = world.holder(SEES_SERVICES)

    status, answer = client.request("GET", path_of("missing", namespace))

    assert (status, answer["reason"]) == (404, "NotFound")
    assert answer["message"] == 'services "missing" not found'
    assert answer["details"] == {"name": "missing", "kind": "services"}


@pytest.mark.parametrize("name", ["missing", "seen"])
def test_without_the_right_the_answer_hides_whether_the_service_exists(
    world: World, name: str
) -> None:
    """403 names user, verb, resource and namespace, whether or not the Service exists."""
    if name == "seen":
        name = unique("seen")
        world.service(NAMESPACE, name)
    client = world.member()

    status, answer = client.request("GET", path_of(name))

    assert (status, answer["reason"]) == (403, "Forbidden")
    assert answer["message"] == (
        f'services "{name}" is forbidden: User "{username(client)}" cannot get resource "services"'
        f' in API group "" in the namespace "{NAMESPACE}"'
    )
    assert answer["details"] == {"name": name, "kind": "services"}


def test_an_access_review_shows_the_right_on_services(world: World) -> None:
    """SelfSubjectAccessReview shows whether Services may be read."""
    assert may(world.holder(SEES_SERVICES), group="", verb="get", resource="services")
    assert not may(world.member(), group="", verb="get", resource="services")
