"""A kubelet's certificate request for its serving certificate."""

import ipaddress
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def kubelet_request(
    node_name: str,
    *,
    dns: Iterable[str] = (),
    ips: Iterable[str] = (),
    key: ec.EllipticCurvePrivateKey | None = None,
) -> tuple[bytes, ec.EllipticCurvePrivateKey]:
    """Return a PKCS#10 request in PEM, as kubelet makes it for this node name, and its key.

    ECDSA P-256, O and CN in that order, and one subjectAltName (none without names, as with Go).
    From: Kubernetes v1.36.2, `pkg/kubelet/certificate/kubelet.go` (newGetTemplateFn).
    """
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "system:nodes"),
            x509.NameAttribute(NameOID.COMMON_NAME, f"system:node:{node_name}"),
        ]
    )
    names: list[x509.GeneralName] = [x509.DNSName(name) for name in dns]
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ips]
    request = x509.CertificateSigningRequestBuilder(subject)
    if names:
        request = request.add_extension(x509.SubjectAlternativeName(names), critical=False)
    signed = request.sign(key, hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM), key
