"""The signers of Kubernetes and EKS, and what each permits.

From: EKS User Guide, "Secure workloads with Kubernetes certificates"; the Kubernetes page
"Certificates and Certificate Signing Requests", Kubernetes signers.
"""

from collections.abc import Sequence
from typing import Final

from core.model import APP_SERVING, KUBELET_SERVING

V1: Final = "certificates.k8s.io/v1"
V1BETA1: Final = "certificates.k8s.io/v1beta1"

LEGACY_UNKNOWN: Final = "kubernetes.io/legacy-unknown"
CLIENT: Final = "kubernetes.io/kube-apiserver-client"
KUBELET_CLIENT: Final = "kubernetes.io/kube-apiserver-client-kubelet"

#: EKS issues nothing for an app-serving request whose name begins with this.
#: From: github.com/aws/containers-roadmap issue 2079.
UNISSUED_PREFIX: Final = "csr-"

SERVER_AUTH: Final = "server auth"
CLIENT_AUTH: Final = "client auth"

#: From: Kubernetes staging/src/k8s.io/api/certificates/v1/types.go, KeyUsage.
USAGES: Final = frozenset({
    "signing", "digital signature", "content commitment", "key encipherment", "key agreement",
    "data encipherment", "cert sign", "crl sign", "encipher only", "decipher only", "any",
    "server auth", "client auth", "code signing", "email protection", "s/mime",
    "ipsec end system", "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing",
    "microsoft sgc", "netscape sgc",
})  # fmt: skip

#: By signer: the required usages, and the permitted ones.
PERMITTED: Final = {
    KUBELET_SERVING: (("digital signature", SERVER_AUTH), ("key encipherment",)),
    KUBELET_CLIENT: (("digital signature", CLIENT_AUTH), ("key encipherment",)),
    CLIENT: ((CLIENT_AUTH,), ("digital signature", "key encipherment")),
    APP_SERVING: ((), ("digital signature", "key encipherment", SERVER_AUTH)),
}

#: Kubernetes's own signers. On EKS, nothing that a person or a workload files is issued by them.
BUILT_IN: Final = frozenset({KUBELET_SERVING, KUBELET_CLIENT, CLIENT})

#: Notes on each signer, for the migration.
SIGNERS: Final = {
    APP_SERVING: (
        "EKS's signer for workloads. Usages beyond digital signature, key encipherment and server "
        "auth are not permitted, so there are no client certificates. Any subject; subjectAltName "
        "and key usage are taken from the request, other extensions are dropped; never a CA. It "
        "lasts one year, which is the default and the maximum. A person approves it (`kubectl "
        "certificate approve NAME`), or this approver with AppServing=true, if a ServiceAccount "
        "asks for Services of its own namespace. Nothing is issued for a request whose name begins "
        "with `csr-`, and no client trusts the signer's CA by default."
    ),
    KUBELET_SERVING: (
        "For kubelets only: O=system:nodes, CN=system:node:NAME, at least one DNS name or address. "
        "EKS issues them for nodes only."
    ),
    KUBELET_CLIENT: (
        "For kubelets only: O=system:nodes, CN=system:node:NAME, no subjectAltName. Nodes of EKS "
        "authenticate by IAM and need none."
    ),
    CLIENT: (
        "Client certificates for the Kubernetes API server, never approved automatically. EKS "
        "documents no signer that issues client certificates, and users report approved requests "
        "that were never issued. On EKS, give people and programs access by IAM (access entries), "
        "and issue client certificates for other servers from a CA of your own."
    ),
}


def permits(signer: str, usages: Sequence[str]) -> bool:
    """Return whether the usages are all that the signer requires, and none that it refuses."""
    must, may = PERMITTED[signer]
    return set(must) <= set(usages) <= {*must, *may}
