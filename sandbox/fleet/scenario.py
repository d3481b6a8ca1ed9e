"""What a scenario is: who asks for what, and what must come of it."""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.csr_builder import ATTACKS, HONEST, CsrBuilder, Names, der
from sandbox.csr_builder.keys import ecdsa
from sandbox.csr_builder.request import COMMON_NAME, rdn
from sandbox.fake_apiserver.objects import LETTERS
from sandbox.fleet.places import Node
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import APP_SERVING, KUBELET_SERVING, KUBELET_USAGES

#: Builds `spec.request` of the names that are the requester's, and those of its neighbour.
Ask = Callable[[Names, Names], bytes]

_FORGED: Final = {entry.id: entry for entry in (*ATTACKS, *HONEST)}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What must come of it: the verdict, the first check that refuses, and the action.

    `counted`: a gate stopped it, so that it has no log line and is counted only.
    """

    verdict: str
    check: str
    action: str
    counted: bool = False


APPROVED: Final = Outcome("approve", "", "approved")


def denied(check: str) -> Outcome:
    """Denied on the proof of this check."""
    return Outcome("deny", check, "denied")


def left(check: str) -> Outcome:
    """Left alone for want of evidence, and judged anew in each run."""
    return Outcome("leave", check, "left")


def counted(check: str) -> Outcome:
    """Stopped at a gate: nothing is asked of AWS for it."""
    return Outcome("leave", check, "left", counted=True)


def found(state: str) -> Outcome:
    """Decided earlier, and what the run finds wrong with it."""
    return Outcome("", "", state)


@dataclass(frozen=True, slots=True)
class Past:
    """A decision made before the run: a condition's type and reason, and what was issued."""

    reason: str
    failed: str = ""
    issued_also: str = ""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One CSR. `role` and `session` are the requester's, where they aren't the node's own.

    `namespace`: its ServiceAccount `issuer` files it, for the second signer; the node only tells
    the cluster then.
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
        """Whom it is for."""
        return APP_SERVING if self.namespace else KUBELET_SERVING

    @property
    def cluster(self) -> str:
        """The cluster it is filed in."""
        return self.node.cluster

    @property
    def name(self) -> str:
        """The object's name: as kubelets have them made, but the same each time."""
        digest = hashlib.sha256(self.title.encode()).digest()
        before = "web-" if self.namespace else "csr-"
        return self.name_as or before + "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:5])


# --- what workloads ask


def service_names(*dns: str, ips: Iterable[str] = (), common_name: str = "") -> Ask:
    """These names, and this CN; without names a request without attributes, as OpenSSL's."""
    subject = (rdn(COMMON_NAME, der.utf8(common_name)),) if common_name else ()
    made = CsrBuilder(ecdsa(f"{dns} {common_name}")).subject(*subject)
    if dns:
        made = made.sans(*Names("", dns, tuple(ips)).sans)
    return lambda *_: made.pem()


# --- what can be asked ---------------------------------------------------------------------------


def own_names(own: Names, _: Names) -> bytes:
    """What a kubelet asks for: the names that are the node's own."""
    return kubelet_request(own.node, dns=own.dns, ips=own.ips)[0]


def also(*, dns: Iterable[str] = (), ips: Iterable[str] = ()) -> Ask:
    """The own names and these."""
    return lambda own, _: kubelet_request(own.node, dns=(*own.dns, *dns), ips=(*own.ips, *ips))[0]


def private_names(own: Names, _: Names) -> bytes:
    """What a kubelet asks for before the cloud controller has told it of its public names."""
    return kubelet_request(own.node, dns=own.dns[:1], ips=own.ips[:1])[0]


def with_key(key: ec.EllipticCurvePrivateKey) -> Ask:
    """The own names, with this key."""
    return lambda own, _: kubelet_request(own.node, dns=own.dns, ips=own.ips, key=key)[0]


def forged(entry: str) -> Ask:
    """A request of the forge's catalogue."""
    return _FORGED[entry].build


def copied(_: Names, neighbour: Names) -> bytes:
    """The very request of the neighbour."""
    return _FORGED["honest/kubelet"].build(neighbour, neighbour)
