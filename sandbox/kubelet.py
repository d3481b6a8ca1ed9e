"""A kubelet's certificate request for its serving certificate, byte for byte, key aside."""

from collections.abc import Iterable
from ipaddress import ip_address

from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.csr_builder import CsrBuilder, Names
from sandbox.csr_builder.keys import of_private
from sandbox.csr_builder.request import kubelet_rdns


def kubelet_request(
    node_name: str,
    *,
    dns: Iterable[str] = (),
    ips: Iterable[str] = (),
    key: ec.EllipticCurvePrivateKey | None = None,
) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    """Return a PKCS#10 request in PEM, as kubelet makes it for this node name, and its key.

    ECDSA P-256, O and CN in that order, and one subjectAltName (none without names, as with Go)
    with each name once, sorted as text, DNS names first.
    From: Kubernetes v1.36.2, `pkg/kubelet/certificate/kubelet.go` (newGetTemplateFn).
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    addresses = {str(ip_address(ip)) for ip in ips}
    names = Names(node_name, tuple(sorted(set(dns))), tuple(sorted(addresses)))
    request = CsrBuilder(of_private(key)).subject(*kubelet_rdns(node_name))
    if names.sans:
        request = request.sans(*names.sans)
    return request.pem(), key
