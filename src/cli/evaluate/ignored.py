"""Why `evaluate` ignores a CSR."""

from typing import Final

from core.model import Csr, Refusal
from core.signers import SIGNERS

#: The checks whose refusals say why a CSR isn't judged.
SIGNER_SERVED: Final = "signer-served"
PENDING: Final = "pending"

_DECISIONS: Final = ("Failed", "Denied", "Approved")


def why_ignored(csr: Csr) -> Refusal:
    """Return why a CSR isn't judged: of whose signer it is, or how it was decided."""
    if csr.signer not in SIGNERS:
        detail = f"{csr.signer} is {_owner(csr.signer)}"
        return Refusal.leave("another signer's", detail).by(SIGNER_SERVED)
    if csr.is_pending:
        detail = f"{csr.signer} is served only with APP_SERVING=true"
        return Refusal.leave("signer not served", detail).by(SIGNER_SERVED)
    found = next((one for kind in _DECISIONS if (one := csr.condition(kind)) is not None), None)
    if found is None:
        return Refusal.leave("already issued", "it has a certificate").by(PENDING)
    reason = "failed" if found.type == "Failed" else "already decided"
    return Refusal.leave(reason, f"{found.type} by {found.reason or 'unknown'}").by(PENDING)


def _owner(signer: str) -> str:
    """Return whose signer it is. From: Kubernetes, "Certificates and CSRs", built-in signers."""
    domain = signer.partition("/")[0]
    if domain == "kubernetes.io" or domain.endswith((".kubernetes.io", ".k8s.io")):
        return "one of Kubernetes's own signers, which csr-approver leaves to others"
    if domain.endswith(".amazonaws.com"):
        return "one of AWS's signers, which csr-approver leaves to others"
    return f"a signer of {domain}: its own controller must sign, neither EKS nor csr-approver does"
