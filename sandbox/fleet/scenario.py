"""A scenario: who requests what, and the expected result."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.csr_builder import ATTACKS, VALID, CsrBuilder, Names, der
from sandbox.csr_builder.keys import ecdsa
from sandbox.csr_builder.request import COMMON_NAME, rdn
from sandbox.fake_apiserver.objects import LETTERS
from sandbox.fleet.places import Node
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import APP_SERVING, KUBELET_SERVING, KUBELET_USAGES

#: Builds `spec.request` from the requester's own names and its neighbour's.
Ask = Callable[[Names, Names], bytes]

#: The addresses of all clusters' VPCs.
_VPCS: Final = ip_network("10.0.0.0/8")

_CATALOGUE: Final = {entry.id: entry for entry in (*ATTACKS, *VALID)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """The expected result: the verdict, the first check that refuses, and the action.

    `counted`: a gate stopped it: it has no log line and is only counted.
    """

    verdict: str
    check: str
    action: str
    counted: bool = False


APPROVED: Final = Outcome("approve", "", "approved")


def denied(check: str) -> Outcome:
    """Return the outcome of a request that this check denies."""
    return Outcome("deny", check, "denied")


def left(check: str) -> Outcome:
    """Return the outcome of a request that this check leaves; later runs evaluate it again."""
    return Outcome("leave", check, "left")


def counted(check: str) -> Outcome:
    """Return the outcome of a request that stops at a gate, so that AWS isn't asked about it."""
    return Outcome("leave", check, "left", counted=True)


def found(state: str) -> Outcome:
    """Return the outcome of a request that was decided earlier; `state` is what the run finds."""
    return Outcome("", "", state)


@dataclass(frozen=True, slots=True)
class Past:
    """A decision made before the run: a condition's type and reason, and what was issued."""

    reason: str
    failed: str = ""
    issued_also: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One CSR. `role` and `session` are the requester's, if they aren't the node's own.

    `namespace`: its ServiceAccount `issuer` files the CSR, for the second signer. The node then
    only sets the cluster.
    """

    title: str
    node: Node
    expect: Outcome
    asks: Ask
    age: int = 120
    role: str = ""
    session: str = ""
    usages: tuple[str, ...] = KUBELET_USAGES
    expiration_seconds: int | None = None
    name_as: str = ""
    past: Past | None = None
    namespace: str = ""

    @property
    def signer(self) -> str:
        """Return the signer's name."""
        return APP_SERVING if self.namespace else KUBELET_SERVING

    @property
    def cluster(self) -> str:
        """Return the name of the cluster in which the CSR is filed."""
        return self.node.cluster

    @property
    def name(self) -> str:
        """Return the object's name, like a kubelet's generated one, but the same each time."""
        digest = hashlib.sha256(self.title.encode()).digest()
        before = "web-" if self.namespace else "csr-"
        return self.name_as or before + "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:5])


# --- what workloads request


def service_names(*dns: str, ips: Iterable[str] = (), common_name: str = "") -> Ask:
    """Request these names and this CN; without names the request has no attributes."""
    subject = (rdn(COMMON_NAME, der.utf8(common_name)),) if common_name else ()
    made = CsrBuilder(ecdsa(f"{dns} {common_name}")).subject(*subject)
    if dns:
        made = made.sans(*Names("", dns, tuple(ips)).sans)
    return lambda *_: made.pem()


# --- what can be asked ---------------------------------------------------------------------------


def own_names(own: Names, _: Names) -> bytes:
    """Request the node's own names, as its kubelet does."""
    return kubelet_request(own.node, dns=own.dns, ips=own.ips)[0]


def own_names_and(*, dns: Iterable[str] = (), ips: Iterable[str] = ()) -> Ask:
    """Request the node's own names and these."""
    return lambda own, _: kubelet_request(own.node, dns=(*own.dns, *dns), ips=(*own.ips, *ips))[0]


def private_names(own: Names, _: Names) -> bytes:
    """Request the node's name and private address, as before the cloud controller has seen it."""
    private = [ip for ip in own.ips if ip_address(ip) in _VPCS]
    return kubelet_request(own.node, dns=[own.node], ips=private)[0]


def with_key(key: ec.EllipticCurvePrivateKey) -> Ask:
    """Request the node's own names, with this key."""
    return lambda own, _: kubelet_request(own.node, dns=own.dns, ips=own.ips, key=key)[0]


def from_catalogue(entry: str) -> Ask:
    """Send a request of the catalogue."""
    return _CATALOGUE[entry].build


def copied(_: Names, neighbour: Names) -> bytes:
    """Send the neighbour's own request."""
    return _CATALOGUE["valid/kubelet"].build(neighbour, neighbour)
