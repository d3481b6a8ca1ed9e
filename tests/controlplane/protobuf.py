"""A CertificateSigningRequest in protobuf, in which a string may hold any bytes.

From: Kubernetes v1.36.2, `k8s.io/api/certificates/v1/generated.proto`,
`k8s.io/apimachinery/pkg/runtime/generated.proto` (Unknown), Protocol Buffers, "Encoding".
"""

from typing import Final

from sandbox.kubernetes import KUBELET_SERVING, KUBELET_USAGES

_MAGIC: Final = b"k8s\0"


def csr_in_protobuf(name: bytes, pem: bytes) -> bytes:
    """Return a kubelet's request under this name, as the API server takes it."""
    metadata = _field(1, name)
    usages = b"".join(_field(5, usage.encode()) for usage in KUBELET_USAGES)
    spec = _field(1, pem) + usages + _field(7, KUBELET_SERVING.encode())
    kind = _field(1, b"certificates.k8s.io/v1") + _field(2, b"CertificateSigningRequest")
    return _MAGIC + _field(1, kind) + _field(2, _field(1, metadata) + _field(2, spec))


def _field(number: int, value: bytes) -> bytes:
    """Return a field of bytes, a string or a message."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
