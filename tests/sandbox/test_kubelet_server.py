"""The sandbox kubelet's port: the TLS alert of a real kubelet until its certificate is there."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.fake_apiserver.authority import Authority
from sandbox.fake_apiserver.goreader import read
from sandbox.kubelet import kubelet_request
from sandbox.kubelet_server import INTERNAL_ERROR, KubeletServer, read_log
from sandbox.kubernetes import KUBELET_USAGES
from sandbox.tokens import utc_now

IP = "10.20.1.17"
PATH = "/containerLogs/default/web/app"


class Kubelet:
    """A node's kubelet whose certificate the test sets."""

    def __init__(self) -> None:
        self.authority = Authority("cluster")
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = b""
        self.server = KubeletServer(self.key, lambda: self.certificate)

    def issue(self, ip: str = IP, authority: Authority | None = None) -> None:
        """Give it a certificate for one address."""
        pem, _ = kubelet_request("node-1", dns=["node-1"], ips=[ip], key=self.key)
        by = authority or self.authority
        self.certificate = by.issue(read(pem), KUBELET_USAGES, None, utc_now())

    def log(self, path: str = PATH) -> str:
        """Read a log, or return the error, as the API server would."""
        return read_log(self.server.port, IP, path, self.authority.pem.decode())


@pytest.fixture
def kubelet() -> Iterator[Kubelet]:
    started = Kubelet()
    yield started
    started.server.stop()


def test_without_a_certificate_the_handshake_ends_with_an_internal_error(kubelet: Kubelet) -> None:
    """Go's words for the alert are those that kubectl prints."""
    assert INTERNAL_ERROR == kubelet.log()
    assert "remote error: tls: internal error" == INTERNAL_ERROR


def test_it_serves_logs_as_soon_as_the_certificate_is_there(kubelet: Kubelet) -> None:
    """No restart is needed."""
    assert INTERNAL_ERROR == kubelet.log()

    kubelet.issue()

    assert "app of default/web" == kubelet.log()


def test_a_certificate_for_another_address_is_not_trusted(kubelet: Kubelet) -> None:
    """The client verifies the address, as the API server does."""
    kubelet.issue("10.20.1.99")

    assert "IP address mismatch" in kubelet.log()


def test_a_certificate_of_another_ca_is_not_trusted(kubelet: Kubelet) -> None:
    kubelet.issue(authority=Authority("other"))

    assert "certificate verify failed" in kubelet.log()


@pytest.mark.parametrize("path", ["/", "/containerLogs/default/web", "/exec/default/web/app"])
def test_nothing_but_logs_is_served(kubelet: Kubelet, path: str) -> None:
    kubelet.issue()

    assert "404" in kubelet.log(path)
