"""Manifests of the v1beta1 API, and the requests in them."""

import base64
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.kubelet import kubelet_request


def _service_request() -> str:
    names = [x509.DNSName("web.ops.svc"), x509.IPAddress(ip_address("10.0.0.7"))]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "web.ops.svc")])
    built = (
        x509.CertificateSigningRequestBuilder(subject)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return base64.b64encode(built.public_bytes(serialization.Encoding.PEM)).decode()


SERVICE_REQUEST: Final = _service_request()
NODE_REQUEST: Final = base64.b64encode(kubelet_request("n1", dns=["n1"])[0]).decode()


def a_manifest(
    name: str = "web",
    *,
    apiVersion: str = "certificates.k8s.io/v1beta1",  # noqa: N803  the field's name
    usages: str = "[digital signature, server auth]",
    request: str = SERVICE_REQUEST,
    **spec: str,
) -> str:
    """Return a manifest as text, by default of v1beta1 without a signer; one spec field a line."""
    fields = {"request": request, **spec} | ({"usages": usages} if usages else {})
    return f"""\
# The certificate.
apiVersion: {apiVersion}
kind: CertificateSigningRequest
metadata:
  name: {name}
spec:
""" + "".join(f"  {key}: {value}\n" for key, value in fields.items())


MANIFEST: Final = a_manifest()
