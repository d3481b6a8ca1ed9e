"""Where a token is sent, which CA is trusted, and how the connection's failures are named."""

import base64
import socket
from collections.abc import Callable, Iterator
from threading import Event

import pytest
from botocore.exceptions import CredentialRetrievalError

from adapters.csr_api import KubernetesCsrApi
from adapters.csr_pages import CSRS
from adapters.retry import Retries
from core.budget import SHORT_CONNECT_SECONDS
from core.errors import ClusterUnavailable
from core.model import KUBELET_SERVING
from tests.adapters.scripted_api import (
    CA_PEM,
    HANGS_UP,
    OTHER_CA_PEM,
    SERVER_TLS,
    Reply,
    ScriptedApi,
    StillClock,
    a_page,
    answering,
    dropping,
    failure,
    in_turn,
    listener,
    scripted_api,
)


def failing(
    url: str,
    *,
    ca_pem: str = CA_PEM,
    tokens: Callable[[], str] = lambda: "token",
    clock: StillClock | None = None,
    is_doubtful: bool = False,
    use_environment_proxy: bool = False,
) -> ClusterUnavailable:
    """Return the error of a listing that fails."""
    clock = clock or StillClock()
    with (
        pytest.raises(ClusterUnavailable) as raised,
        KubernetesCsrApi(
            url,
            ca_pem,
            tokens,
            clock,
            retries=Retries(clock, sleep=clock.sleep, jitter=lambda: 1.0, is_doubtful=is_doubtful),
            use_environment_proxy=use_environment_proxy,
        ) as api,
    ):
        api.list_csrs(KUBELET_SERVING)
    return raised.value


@pytest.fixture
def server() -> Iterator[ScriptedApi]:
    with scripted_api(in_turn(a_page())) as started:
        yield started


# --- trust ------------------------------------------------------------------------------------


def test_a_ca_without_key_identifiers_is_trusted(server: ScriptedApi) -> None:
    """A CA without key identifiers, as EKS made them, is trusted on every Python version."""
    with KubernetesCsrApi(server.url, CA_PEM, lambda: "token", StillClock()) as api:
        assert () == api.list_csrs(KUBELET_SERVING).items


def test_a_server_of_another_ca_gets_no_token(server: ScriptedApi) -> None:
    """A server of another CA gets no token; that is final, and a TLS failure."""
    clock = StillClock()
    error = failing(server.url, ca_pem=OTHER_CA_PEM, clock=clock)

    assert error.cause == "tls"
    assert "CERTIFICATE_VERIFY_FAILED" in error.detail
    assert ([], []) == (server.seen, clock.slept)


def test_a_certificate_for_another_host_is_refused(server: ScriptedApi) -> None:
    """A certificate for another host is refused, even if its CA is the right one."""
    error = failing(server.url.replace("127.0.0.1", "localhost"))

    assert error.cause == "tls"
    assert [] == server.seen


@pytest.mark.parametrize("pem", ["", "no PEM", "ü", CA_PEM[:200]])
def test_without_a_ca_no_server_is_trusted(server: ScriptedApi, pem: str) -> None:
    """Without a CA nothing is trusted, least of all the CAs of the system."""
    error = failing(server.url, ca_pem=pem)

    assert str(error) == "tls: the cluster's CA is not a PEM certificate"
    assert server.connections == 0


@pytest.mark.parametrize("endpoint", ["http://example.com", "https://127.0.0.1:65536"])
def test_no_token_is_made_for_a_bad_endpoint(endpoint: str) -> None:
    """The error is the cluster's, also where the HTTP library would raise its own."""
    made: list[str] = []

    def tokens() -> str:
        made.append("token")
        return "token"

    error = failing(endpoint, tokens=tokens)

    assert str(error) == f"endpoint: got {endpoint}, expected https://host or https://host:port"
    assert [] == made


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server: ScriptedApi, status: int) -> None:
    """A redirect isn't followed: not to another host, and not on the same one."""
    for location in (f"{server.url}/else", CSRS):
        with answering(Reply(status, b"", {"Location": location})) as (api, first):
            with pytest.raises(ClusterUnavailable, match=f"{status}, redirects are not followed"):
                api.list_csrs(KUBELET_SERVING)

            assert len(first.seen) == 1
    assert [] == server.seen


# --- tokens -----------------------------------------------------------------------------------


def test_expired_token() -> None:
    """A token that is refused is replaced by a new one, which all later calls use."""
    replies = (failure(401), a_page(token="t"), a_page())
    with answering(*replies) as (api, server):
        api.list_csrs(KUBELET_SERVING)

        tokens = [seen.headers["Authorization"] for seen in server.seen]
    assert ["Bearer token-1", "Bearer token-2", "Bearer token-2"] == tokens


def test_an_identical_token_is_tried_only_once_more() -> None:
    """A token made within the same second is identical, and is tried one more time only."""
    with answering(failure(401), tokens=("same", "same")) as (api, server):
        with pytest.raises(ClusterUnavailable, match="unauthorized"):
            api.list_csrs(KUBELET_SERVING)

        assert len(server.seen) == 2


def test_the_failure_of_our_credentials_is_the_cause(server: ScriptedApi) -> None:
    """If our own credentials fail, the cause says so, without the provider's message."""

    def tokens() -> str:
        raise CredentialRetrievalError(provider="p", error_msg="secret words")

    error = failing(server.url, tokens=tokens)

    assert str(error) == "token: AWS credentials: CredentialRetrievalError"


def test_the_reason_why_no_token_is_made_is_the_cause(server: ScriptedApi) -> None:
    """If no token can be made for the cluster, the cause says why."""

    def tokens() -> str:
        raise ValueError("Region: got 'x', expected one of a known AWS partition")

    error = failing(server.url, tokens=tokens)

    assert str(error) == "token: Region: got 'x', expected one of a known AWS partition"


@pytest.mark.parametrize("token", ["", "a\nb", "a b", "ü", "a\r\nX-Evil: 1"])
def test_a_token_that_would_break_a_header_is_neither_sent_nor_shown(
    server: ScriptedApi, token: str
) -> None:
    """A token that would break a header is neither sent nor shown."""
    error = failing(server.url, tokens=lambda: token)

    assert str(error) == "token: the token has characters that a bearer token can't have"
    assert [] == server.seen


def test_a_token_in_an_answer_is_hidden() -> None:
    """If an answer repeats the token, the error doesn't."""
    with (
        answering(failure(400, "Bearer token-1 is bad")) as (api, _),
        pytest.raises(ClusterUnavailable) as raised,
    ):
        api.list_csrs(KUBELET_SERVING)

    assert raised.value.detail == "400: Bearer (token) is bad"


# --- failures on the way ----------------------------------------------------------------------


def test_refused() -> None:
    """A refused connection is tried again, and is then a connection failure."""
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    clock = StillClock()
    error = failing(f"https://127.0.0.1:{port}", clock=clock)

    assert error.cause == "connection"
    assert error.detail.startswith("NewConnectionError")
    assert len(clock.slept) == 3


def test_a_doubtful_endpoint_is_tried_once() -> None:
    """There may be no way to it, and other clusters wait."""
    with listener(lambda _: None) as (url, served):
        clock = StillClock()
        error = failing(url, clock=clock, is_doubtful=True)

    assert error.cause == "connection"
    assert ([1], []) == (served, clock.slept)


def test_a_doubtful_endpoint_has_little_time_to_accept_a_connection() -> None:
    """A packet filter drops what isn't allowed, so that no answer comes at all."""
    with dropping() as url:
        error = failing(url, is_doubtful=True)

    assert f"(connect timeout={SHORT_CONNECT_SECONDS})" in error.detail


def test_once_it_has_answered_a_doubtful_endpoint_is_treated_like_any_other() -> None:
    """After an answer, the endpoint's next calls are retried."""
    clock = StillClock()
    replies = (a_page(token="more"), HANGS_UP, a_page())
    with (
        scripted_api(in_turn(*replies)) as server,
        KubernetesCsrApi(
            server.url,
            CA_PEM,
            lambda: "token",
            clock,
            retries=Retries(clock, sleep=clock.sleep, jitter=lambda: 1.0, is_doubtful=True),
        ) as api,
    ):
        assert not api.list_csrs(KUBELET_SERVING).truncated

    assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("ca_pem", "is_connected"), [(CA_PEM, True), (OTHER_CA_PEM, False)], ids=["its CA", "another"]
)
def test_a_connection_is_one_that_the_clusters_ca_vouches_for(
    ca_pem: str, *, is_connected: bool
) -> None:
    """It shows that there is a way to the API server, even if no answer comes."""
    clock = StillClock()
    with (
        scripted_api(in_turn(HANGS_UP)) as server,
        KubernetesCsrApi(
            server.url, ca_pem, lambda: "token", clock, retries=Retries(clock, sleep=clock.sleep)
        ) as api,
    ):
        assert not api.has_connected
        with pytest.raises(ClusterUnavailable):
            api.list_csrs(KUBELET_SERVING)

        assert api.has_connected is is_connected


def test_an_unknown_host_is_a_connection_failure() -> None:
    """An unknown host name is a connection failure."""
    error = failing("https://nowhere.invalid")

    assert error.cause == "connection"
    assert error.detail.startswith("NameResolutionError")


def test_a_connection_closed_in_the_handshake_is_retried() -> None:
    """A server that hangs up in the handshake, as when it stops, is asked again."""
    with listener(lambda _: None) as (url, served):
        error = failing(url)

    assert error.cause == "connection"
    assert len(served) == 4


def test_a_server_without_tls_is_a_final_tls_failure() -> None:
    """A server without TLS is a TLS failure, which is final."""
    with listener(lambda one: one.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")) as (url, served):
        error = failing(url)

    assert error.cause == "tls"
    assert len(served) == 1


def test_bytes_that_are_not_tls_are_a_connection_failure() -> None:
    """Bytes that aren't TLS within an answer are a connection failure, which is tried again."""

    def garble(connection: socket.socket) -> None:
        with SERVER_TLS.wrap_socket(connection, server_side=True) as tls:
            tls.recv(65_536)
            tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
            with socket.socket(fileno=tls.detach()) as plain:
                plain.sendall(b"no TLS at all" * 100)

    with listener(garble) as (url, served):
        error = failing(url)

    assert error.cause == "connection"
    assert error.detail.startswith("SSLError")
    assert len(served) == 4


def test_a_server_that_does_not_answer_is_a_connection_failure() -> None:
    """A server that doesn't answer in the time that is left is a connection failure."""
    done = Event()

    def silent(_: object) -> Reply:
        done.wait()
        return HANGS_UP

    clock = StillClock(seconds=0.5)
    with scripted_api(silent) as server:
        error = failing(server.url, clock=clock)
        done.set()

    assert error.cause == "connection"
    assert "timed out" in error.detail
    assert [] == clock.slept


def test_an_errors_body_is_read_up_to_a_limit() -> None:
    """An error's body is read up to a limit, and the error is short."""
    with (
        answering(Reply(400, b"x" * 5_000_000)) as (api, _),
        pytest.raises(ClusterUnavailable) as raised,
    ):
        api.list_csrs(KUBELET_SERVING)

    assert str(raised.value) == "status: 400"


# --- proxies ----------------------------------------------------------------------------------


def test_the_environments_proxy_is_used_only_on_request(
    server: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment's proxy is used only on request."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with listener(lambda _: None) as (proxy, served):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("https:", "http:"))
        with KubernetesCsrApi(server.url, CA_PEM, lambda: "token", StillClock()) as api:
            api.list_csrs(KUBELET_SERVING)

        assert [] == served
        assert failing(server.url, use_environment_proxy=True).cause == "connection"
        assert len(served) == 4
    assert len(server.seen) == 1


def test_the_proxy_gets_the_credentials_of_its_url(
    server: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password may have any character, in percent-encoding."""
    asked: list[bytes] = []
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with listener(lambda line: asked.append(line.recv(4096))) as (proxy, _):
        monkeypatch.setenv("HTTPS_PROXY", proxy.replace("https://", "http://me:p%40ss@"))
        failing(server.url, use_environment_proxy=True)

    expected = b"Basic " + base64.b64encode(b"me:p@ss")
    assert asked
    assert all(b"\r\nproxy-authorization: " + expected + b"\r\n" in one for one in asked)


def test_a_proxys_password_is_not_shown_in_an_error(
    server: ScriptedApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is in a report that people pass on."""
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@[::1")

    with pytest.raises(ClusterUnavailable) as raised:
        KubernetesCsrApi(
            server.url, CA_PEM, lambda: "token", StillClock(), use_environment_proxy=True
        )

    assert ("proxy", "its URL can't be read") == (raised.value.cause, raised.value.detail)


@pytest.mark.parametrize("proxy", ["foo://proxy:1", "not a url", "http://[::1"])
def test_an_invalid_proxy_is_reported(
    server: ScriptedApi, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    """The cause is the environment, not a bug."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    with pytest.raises(ClusterUnavailable) as raised:
        KubernetesCsrApi(
            server.url, CA_PEM, lambda: "token", StillClock(), use_environment_proxy=True
        )

    assert "proxy" == raised.value.cause
