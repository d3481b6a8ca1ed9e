"""An attacker controls a cluster's API server: other clusters are unaffected, no secret leaks."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from threading import Event, Thread
from typing import Any

import pytest

from adapters.clock import WallClock
from adapters.csr_api import KubernetesCsrApi
from core.errors import ClusterUnavailable
from core.model import KUBELET_SERVING, WriteResult, Written
from core.review import review
from core.signers import SIGNERS
from tests.adapters.scripted_api import (
    CA_PEM,
    SERVER_TLS,
    Answering,
    ReceivedRequest,
    Reply,
    StillClock,
    a_page,
    an_item,
    an_object,
    answering,
    approval,
    echo,
    failure,
    reply,
)
from tests.builders import a_cluster, a_filed_csr, settings
from tests.core.fakes import FakeWorld

CSR = "CertificateSigningRequest"
TOKEN = "k8s-aws-v1.aHR0cHM6Ly9zdHMuZXUtd2VzdC0xLmFtYXpvbmF3cy5jb20"


def wrote(answer: Answering, *items: Any) -> tuple[list[Written], list[ReceivedRequest]]:
    """Approve all that is listed; return the results and the requests that the server saw."""

    def served(seen: ReceivedRequest) -> Reply:
        return a_page(*items) if seen.method == "GET" else answer(seen)

    with answering(answer=served) as (api, server):
        csrs = api.list_csrs(KUBELET_SERVING).csrs
        written = [result for _, result in api.write_all([approval(csr) for csr in csrs])]
    return written, [request for request in server.seen if request.method == "PUT"]


@pytest.mark.parametrize(
    "name",
    [
        "../../../api/v1/secrets",
        "x?dryRun=All",
        "x#",
        "x%2f..%2f..",
        "x/approval",
        "x\r\nX-Injected: 1",
        "\u202etxt",
        "x;y",
        "@evil.example",
    ],
)
def test_a_name_is_one_segment_of_the_path(name: str) -> None:
    """For any name, the decision goes to that object's approval subresource."""
    _, [seen] = wrote(echo, an_item(name))

    assert seen.target.startswith("/apis/certificates.k8s.io/v1/certificatesigningrequests/")
    assert seen.target.endswith("/approval")
    assert seen.target.count("/") == 6
    assert set(seen.target).isdisjoint("?#; \r\n")
    assert "X-Injected" not in seen.headers


@pytest.mark.parametrize("name", [".", ".."])
def test_an_invalid_name_is_written_to_no_other_path(name: str) -> None:
    """Only approvals are PUT, and an invalid name stops no other CSR."""
    written, seen = wrote(echo, an_item(name), an_item("csr-own"))

    assert all(request.target.endswith("/approval") for request in seen)
    assert WriteResult.WRITTEN in [result.result for result in written]


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: reply(200, {}),
        lambda _: an_object({"kind": CSR, "metadata": {}}),
        lambda _: an_object({"kind": CSR, **an_item("a")}),
        lambda _: an_object({"kind": CSR, **an_item("a", status_conditions=["x"])}),
        lambda seen: an_object(seen.json | {"metadata": an_item("another")["metadata"]}),
        lambda seen: an_object(seen.json | {"kind": f"{CSR}List"}),
        lambda seen: Reply(200, seen.body[:-1]),
        lambda _: Reply(200, b"k8s\0" + b"\xff" * 50_000),
        lambda _: Reply(204),
        lambda _: Reply(302, b"", {"Location": "https://127.0.0.1:1/"}),
    ],
)
def test_an_answer_that_doesnt_show_the_decision_isnt_counted_as_written(
    answer: Callable[[ReceivedRequest], Reply],
) -> None:
    """Such an answer doesn't count as written."""
    written, _ = wrote(answer, an_item("a"))

    assert [WriteResult.FAILED] == [result.result for result in written]


def test_of_two_objects_with_one_uid_only_the_first_is_judged() -> None:
    """The first is judged; the second, of another requester, gets no decision by the first's."""
    other = an_item("b", uid="uid-of-a", spec_username="system:node:other")
    written, seen = wrote(echo, an_item("a"), other)

    assert 1 == len(written)
    assert ["a"] == [request.json["metadata"]["name"] for request in seen]


def test_an_object_of_another_signer_is_not_judged() -> None:
    """The list asks for one signer's objects, but the server may return others."""
    item = an_item("a", spec_signerName="kubernetes.io/kube-apiserver-client")
    with answering(a_page(item)) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert () == listing.csrs


def test_a_key_listed_by_one_cluster_denies_no_node_of_another() -> None:
    """A key in an invented CSR of one cluster doesn't deny a node of another cluster."""
    made_up = FakeWorld(a_filed_csr(name="csr-made-up", node="other", words="one key"))
    review(a_cluster(name="hostile"), SIGNERS[KUBELET_SERVING], settings(), made_up.ports)
    world = FakeWorld(a_filed_csr(words="one key"))

    review(a_cluster(), SIGNERS[KUBELET_SERVING], settings(), world.ports)

    assert {"csr-7znmf": "Approved"} == world.api.conditions


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_with_the_token(status: int) -> None:
    """A redirect isn't followed, not even to the same server."""
    moved = Reply(status, b"", {"Location": "/elsewhere"})
    with answering(moved) as (api, server), pytest.raises(ClusterUnavailable):
        api.list_csrs(KUBELET_SERVING)

    assert 1 == len(server.seen)


@pytest.mark.parametrize("status", [400, 404, 422, 500])
def test_a_token_that_comes_back_in_an_error_is_hidden(status: int) -> None:
    """A proxy may repeat the request's headers in its answer."""
    quoting = failure(status, f"no: Bearer {TOKEN}")
    with (
        answering(quoting, tokens=(TOKEN,) * 3) as (api, _),
        pytest.raises(ClusterUnavailable) as no,
    ):
        api.list_csrs(KUBELET_SERVING)

    assert TOKEN not in str(no.value)
    assert "(token)" in str(no.value)


class FallingClock(StillClock):
    """A clock that advances half a second at each reading."""

    def remaining(self) -> float:
        self.seconds -= 0.5
        return self.seconds


def test_a_repeated_continue_token_ends_the_listing() -> None:
    """A continue token that was used before isn't followed."""
    circle = a_page(an_item("a"), token="again")
    with answering(circle) as (api, server):
        listing = api.list_csrs(KUBELET_SERVING)

    assert ["a"] == [csr.name for csr in listing.csrs]
    assert listing.cause == "answer: the same continue token came twice"
    assert 2 == len(server.seen)


def test_endless_pages_end_when_the_time_is_used_up() -> None:
    """Empty pages with ever new tokens end when this cluster's half of the time is used."""
    numbers = count()

    def served(_: ReceivedRequest) -> Reply:
        return a_page(token=str(next(numbers)))

    with answering(answer=served, clock=FallingClock()) as (api, _):
        listing = api.list_csrs(KUBELET_SERVING)

    assert listing.cause == "time: no time was left"


class Drip:
    """A server that sends 300 bytes, one every 20 ms, for as long as the client listens."""

    def __init__(self, begin: bytes) -> None:
        self._lines = begin + b"x" * 300
        self._over = Event()
        self.said_all = False

    @contextmanager
    def serving(self) -> Iterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as server:
            thread = Thread(target=self._serve, args=(server,))
            thread.start()
            try:
                yield f"https://127.0.0.1:{server.getsockname()[1]}"
            finally:
                self._over.set()
                thread.join()

    def _serve(self, server: socket.socket) -> None:
        raw, _ = server.accept()
        with raw, suppress(OSError), self._line(raw) as connection:
            for byte in self._lines:
                if self._over.wait(0.02):
                    return
                connection.send(bytes([byte]))
            self.said_all = True

    def _line(self, raw: socket.socket) -> socket.socket:
        connection = SERVER_TLS.wrap_socket(raw, server_side=True)
        connection.recv(65_536)
        return connection


class HandshakeDrip(Drip):
    """A server that never completes its TLS handshake."""

    def _line(self, raw: socket.socket) -> socket.socket:
        raw.recv(65_536)
        return raw


@pytest.mark.parametrize(
    "drip",
    [
        pytest.param(Drip(b"HTTP/1.1 200 OK\r\n\r\n"), id="body"),
        pytest.param(Drip(b"HTTP/1.1 200 OK\r\nX: "), id="headers"),
        pytest.param(HandshakeDrip(b"\x16\x03\x03\x40\x00"), id="handshake"),
    ],
)
def test_a_dripping_answer_ends_when_the_time_is_used_up(drip: Drip) -> None:
    """Single bytes never let a read time out; Lambda would end the run without its metrics."""
    with (
        drip.serving() as url,
        KubernetesCsrApi(url, CA_PEM, lambda: "token", WallClock(1.0)) as api,
    ):
        with pytest.raises(ClusterUnavailable):
            api.list_csrs(KUBELET_SERVING)

        assert not drip.said_all


def test_what_follows_an_answer_is_not_the_next_one() -> None:
    """It is in the connection, where a reader of sockets can't see what TLS has decrypted."""
    forged = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    too_long = Reply(204, b" " * 8_192 + forged)  # more than is read from TLS at once
    with answering(too_long, a_page(an_item())) as (api, server):
        with pytest.raises(ClusterUnavailable, match="204"):
            api.list_csrs(KUBELET_SERVING)

        assert 1 == len(api.list_csrs(KUBELET_SERVING).csrs)
        assert 2 == server.connections
