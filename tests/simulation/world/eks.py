"""EKS's own approver and signer of one cluster, as they look from outside."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum, auto
from functools import cache
from random import Random

from cryptography import x509

from core.model import Csr
from sandbox.csr_builder import request as csr_builder
from tests.builders import a_certificate, a_csr
from tests.simulation.world.nodes import FOREIGN
from tests.simulation.world.requests import Requests
from tests.simulation.world.timeline import Timeline

# From: awslabs/amazon-eks-ami issue 1944, and AWS re:Post, "Kubelet Server Certificate".
_SLOWEST_APPROVAL = 75.0
_FASTEST_APPROVAL = 3.0


class Signing(Enum):
    """What the signer does with an approved request."""

    NORMAL = auto()
    OFF = auto()
    #: It refuses every request: the condition Failed.
    FAILING = auto()
    #: It leaves out every name but the first.
    FEWER_NAMES = auto()
    #: It adds a name that no one asked for.
    MISMATCH = auto()


class ControlPlane:
    """EKS's approver, which may overlook a request, and its signer."""

    def __init__(
        self,
        timeline: Timeline,
        requests: Requests,
        random: Random,
        is_honest: Callable[[Csr], bool],
    ) -> None:
        """`is_honest`: whether EKS can verify all names of a request."""
        self._timeline = timeline
        self._requests = requests
        self._random = random
        self._is_honest = is_honest
        #: The fraction of honest requests that EKS approves itself.
        self.approves = 0.97
        self.signing = Signing.NORMAL
        #: How the signer treats single nodes, by the node's name.
        self.signing_of: dict[str, Signing] = {}
        requests.on_change.append(self._seen)

    @contextmanager
    def overlooking_all(self) -> Iterator[None]:
        """Let EKS approve no request inside, so that the approver has to."""
        approves, self.approves = self.approves, 0.0
        yield
        self.approves = approves

    def _seen(self, csr: Csr) -> None:
        if csr.is_pending:
            if self._random.random() < self.approves and self._is_honest(csr):
                wait = self._random.uniform(_FASTEST_APPROVAL, _SLOWEST_APPROVAL)
                self._timeline.after(wait, lambda: self._approve(csr.name))
        elif not csr.certificate and csr.conditions[-1].type == "Approved":
            self._timeline.after(self._random.uniform(0.1, 3.0), lambda: self._sign(csr.name))

    def _approve(self, name: str) -> None:
        if self._requests.is_up:
            self._requests.decide(name, "Approved", "AutoApproved")
        else:
            self._timeline.after(_SLOWEST_APPROVAL, lambda: self._approve(name))

    def sign_all(self) -> None:
        """Sign what was approved while the signer was off."""
        for csr in self._requests.list():
            self._sign(csr.name)

    def _sign(self, name: str) -> None:
        if not self._requests.is_up:
            self._timeline.after(_SLOWEST_APPROVAL, lambda: self._sign(name))
            return
        csr = self._requests.get(name)
        if csr is None or csr.certificate or [one.type for one in csr.conditions] != ["Approved"]:
            return
        signing = self.signing_of.get(csr.node or "", self.signing)
        if signing is Signing.OFF:
            return
        if signing is Signing.FAILING:
            self._requests.add_condition(csr, "Failed", "SignerValidationFailure")
        else:
            self._requests.issue(csr, certificate_of(csr, signing))


def certificate_of(csr: Csr, signing: Signing) -> bytes:
    """Return the certificate that the signer issues."""
    if not isinstance(csr.request, bytes):
        raise TypeError(f"{csr.name}: its request is too large to be read")
    return _certificate(csr.request, csr.node or "", signing)


@cache
def _certificate(request: bytes, node: str, signing: Signing) -> bytes:
    """Issue a certificate, or return the one issued before for the same bytes: issuing is slow."""
    names = x509.load_pem_x509_csr(request).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    sans = [
        *(csr_builder.dns(name) for name in names.value.get_values_for_type(x509.DNSName)),
        *(csr_builder.ip(str(ip)) for ip in names.value.get_values_for_type(x509.IPAddress)),
    ]
    if signing is Signing.FEWER_NAMES:
        sans = sans[:1]
    if signing is Signing.MISMATCH:
        sans.append(csr_builder.ip(FOREIGN))
    return a_certificate(a_csr(node=node, request=request), sans=sans, node=node)
