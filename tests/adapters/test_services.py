"""Reading Services: the requested path, and what each answer means."""

from collections.abc import Mapping
from typing import Any

import pytest

from core.errors import EvidenceUnavailable, OutOfTime
from core.model import Service, ServicesHidden
from core.ports import Services
from tests.adapters.scripted_api import (
    HANGS_UP,
    Json,
    ReceivedRequest,
    Reply,
    StillClock,
    answering,
    failure,
    reply,
)
from tests.service_builders import CLUSTER_IP, NAMESPACE, SERVICE, a_service

NamedServices = Mapping[str, Service | ServicesHidden | EvidenceUnavailable]


def an_object(name: str = SERVICE, namespace: str = NAMESPACE, **spec: Any) -> Json:
    """Return a Service as the API gives it."""
    given = {"type": "ClusterIP", "clusterIP": CLUSTER_IP, "clusterIPs": [CLUSTER_IP]} | spec
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "web"}},
        "spec": {"ports": [{"port": 443}], **given},
        "status": {"loadBalancer": {}},
    }


def not_found(name: str = SERVICE, **changes: Any) -> Reply:
    details = {"name": name, "kind": "services"}
    return reply(404, {"kind": "Status", "reason": "NotFound", "details": details} | changes)


def named_services(
    *replies: Reply, seconds: float = 50.0, names: tuple[str, ...] = (SERVICE,)
) -> NamedServices:
    with answering(*replies, clock=StillClock(seconds)) as (api, _):
        return api.services.named(NAMESPACE, names)


def why(answer: object) -> str:
    assert isinstance(answer, EvidenceUnavailable)
    return str(answer)


def test_is_the_port() -> None:
    """The adapter implements the core's port."""
    with answering(reply()) as (api, _):
        services: Services = api.services

        assert {} == services.named(NAMESPACE, [])


def test_each_service_is_requested_by_its_name() -> None:
    """Each Service is one GET; nothing is listed."""
    objects = {"web": an_object(), "db": an_object("db", clusterIP="None", clusterIPs=["None"])}

    def answer(seen: ReceivedRequest) -> Reply:
        return reply(200, objects[seen.target.rpartition("/")[2]])

    with answering(answer=answer) as (api, server):
        got = api.services.named(NAMESPACE, ["db", "web"])

        assert {"web": a_service(), "db": a_service("db", ips=())} == got
        assert [
            ("GET", "/api/v1/namespaces/shop/services/db"),
            ("GET", "/api/v1/namespaces/shop/services/web"),
        ] == [(seen.method, seen.target) for seen in server.seen]


@pytest.mark.parametrize(
    "invalid",
    ["../secrets", "a/b", "a%2fb", "web?x=1", "web#", "", ".", "Web", "web\n", "*", "w" * 64],
)
def test_only_dns_labels_reach_a_url(invalid: str) -> None:
    """The requester chooses it. The core passes no such name; the adapter sends none."""
    with answering(reply(200, an_object())) as (api, server):
        as_name = api.services.named(NAMESPACE, [invalid])[invalid]
        as_namespace = api.services.named(invalid, [SERVICE])[SERVICE]

        assert [] == server.seen
    assert "Service: a name that no Service can have" == why(as_name) == why(as_namespace)


def test_a_missing_service_is_absent() -> None:
    """The answer is the API server's 404 for this Service."""
    assert {} == named_services(not_found())


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(failure(404), id="without-reason"),
        pytest.param(reply(404, {"text": "page not found"}), id="a-proxy's"),
        pytest.param(not_found("other"), id="of-another"),
        pytest.param(not_found(details={"kind": "namespaces", "name": SERVICE}), id="of-a-kind"),
        pytest.param(not_found(details=None), id="without-details"),
    ],
)
def test_another_404_is_no_evidence(answer: Reply) -> None:
    """A proxy's 404 doesn't mean that the Service is missing."""
    assert why(named_services(answer)[SERVICE]).startswith("Service: 404")


def test_without_the_right_it_is_hidden_and_requested_once() -> None:
    """The namespace isn't served: this is no failure, and nothing is retried."""
    clock = StillClock()
    with answering(failure(403, "services is forbidden"), clock=clock) as (api, server):
        got = api.services.named(NAMESPACE, [SERVICE])

        assert {
            SERVICE: ServicesHidden(
                "403: services is forbidden; deploy/rbac-app-serving.yaml grants it"
            )
        } == got
        assert ([], 1) == (clock.slept, len(server.seen))


@pytest.mark.parametrize(
    ("answer", "reported"),
    [
        (failure(500, "etcd"), "500: etcd"),
        (failure(503), "503"),
        (failure(429), "429"),
        (failure(401), "401"),
        (failure(302), "302"),
        (
            HANGS_UP,
            "ProtocolError: Connection aborted: Remote end closed connection without response",
        ),
        (reply(200, []), "not a Service: no field metadata"),
        (reply(200, {"metadata": {"name": "web"}}), "not a Service: no field metadata.namespace"),
        (Reply(200, b"<html>"), "not a Service: no field metadata"),
        (reply(200, an_object("other")), "the answer is about another Service"),
        (reply(200, an_object(namespace="other")), "the answer is about another Service"),
        (reply(200, an_object(clusterIPs=["x"])), "not a Service"),
        (reply(200, an_object(clusterIPs=[167772161])), "not a Service"),
        (reply(200, an_object(clusterIPs="10.0.0.1")), "not a Service"),
    ],
)
def test_any_other_answer_is_no_evidence(answer: Reply, reported: str) -> None:
    """Any other answer shows neither that the Service exists, nor that it doesn't."""
    assert why(named_services(answer)[SERVICE]).startswith(f"Service: {reported}")


def test_a_failure_is_retried() -> None:
    """The retry policy is that of all calls."""
    assert {SERVICE: a_service()} == named_services(failure(500), HANGS_UP, reply(200, an_object()))


def test_a_failure_affects_its_own_service_only() -> None:
    """The order doesn't matter."""

    def answer(seen: ReceivedRequest) -> Reply:
        return failure(400) if seen.target.endswith("/a") else reply(200, an_object())

    with answering(answer=answer) as (api, _):
        got = api.services.named(NAMESPACE, ["a", SERVICE])

    assert "Service: 400" == why(got["a"])
    assert a_service() == got[SERVICE]


def test_nothing_is_requested_with_too_little_time() -> None:
    """The last three seconds are for the requests whose evidence is there."""
    with answering(reply(200, an_object()), clock=StillClock(3.0)) as (api, server):
        got = api.services.named(NAMESPACE, [SERVICE])

        assert [] == server.seen
    assert isinstance(got[SERVICE], OutOfTime)
    assert "Service: no time was left" == why(got[SERVICE])


def test_a_service_is_requested_once_in_a_run() -> None:
    """A Service that several slices name, or whose answer is unreadable, is requested once."""
    with answering(reply(200, {})) as (api, server):
        services = api.services
        first = services.named(NAMESPACE, [SERVICE])

        assert first == services.named(NAMESPACE, [SERVICE])
        assert 1 == len(server.seen)


# --- what is read --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "service"),
    [
        (an_object(), a_service()),
        (an_object(clusterIPs=[CLUSTER_IP, "fd12::7"]), a_service(ips=(CLUSTER_IP, "fd12::7"))),
        (an_object(clusterIPs=None), a_service()),
        (an_object(clusterIP=None, clusterIPs=None), a_service(ips=())),
        (an_object(clusterIP="", clusterIPs=[]), a_service(ips=())),
        (an_object(clusterIP="None", clusterIPs=["None"]), a_service(ips=())),
        (an_object(type="NodePort"), a_service(kind="NodePort")),
        (an_object(type="ExternalName"), a_service(kind="ExternalName", ips=())),
        (an_object(type=None), a_service(kind="")),
    ],
    ids=[
        "cluster-ip",
        "dual-stack",
        "of-an-old-server",
        "no-address-yet",
        "empty",
        "headless",
        "node-port",
        "external-name",
        "no-type",
    ],
)
def test_type_and_cluster_ips_are_read(item: Json, service: Service) -> None:
    """Addresses of load balancers and external ones aren't: the Service's owner sets them."""
    item["spec"]["externalIPs"] = ["198.51.100.1"]
    item["status"] = {"loadBalancer": {"ingress": [{"ip": "198.51.100.2"}]}}

    assert {SERVICE: service} == named_services(reply(200, item))


def test_a_service_that_is_being_deleted_is_marked() -> None:
    """A Service may be in deletion for long, because of its finalizers."""
    item = an_object()
    item["metadata"]["deletionTimestamp"] = "2026-11-24T12:00:00Z"

    assert {SERVICE: a_service(deleting=True)} == named_services(reply(200, item))
