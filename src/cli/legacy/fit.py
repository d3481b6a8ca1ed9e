"""The signer that fits a manifest in the v1 API, with its usages and name.

From: EKS User Guide, "Secure workloads with Kubernetes certificates"; Kubernetes
v1beta1/defaults.go of v1.21.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cli.legacy.asked import Asked
from cli.legacy.problems import never_issued
from cli.legacy.signers import (
    BUILT_IN,
    CLIENT,
    CLIENT_AUTH,
    KUBELET_CLIENT,
    LEGACY_UNKNOWN,
    PERMITTED,
    SERVER_AUTH,
    UNISSUED_PREFIX,
    USAGES,
    permits,
)
from core.model import APP_SERVING, KUBELET_SERVING

# The usages that v1beta1 set if there were none. From: v1beta1/defaults.go.
_DEFAULT_USAGES: Final = ("digital signature", "key encipherment")

# Why no v1 form is printed.
_OF_KUBELETS: Final = (
    "no v1 form: a node's kubelet files this request itself, and EKS issues no other"
)
_NO_FORM: Final = {
    KUBELET_SERVING: _OF_KUBELETS,
    KUBELET_CLIENT: _OF_KUBELETS,
    CLIENT: "no v1 form: EKS documents no signer that issues client certificates",
}

_SHORTEST_SECONDS: Final = 600
_YEAR_SECONDS: Final = 31_536_000


@dataclass(frozen=True, slots=True)
class Fit:
    """The signer for v1 with usages and name; `signer` is None if EKS has none."""

    signer: str | None
    why: str
    usages: tuple[str, ...]
    name: str
    notes: tuple[str, ...] = ()

    @property
    def is_issued(self) -> bool:
        """Whether EKS may issue a certificate for a manifest with this signer."""
        return self.signer is not None and self.signer not in BUILT_IN


def fit(asked: Asked) -> Fit:
    """Return the signer that fits, its usages and name, and notes."""
    wanted = asked.usages or _DEFAULT_USAGES
    usages = tuple(dict.fromkeys(usage for usage in wanted if usage in USAGES))
    signer, why = _signer(asked, usages)
    must, may = PERMITTED.get(signer or "", ((), usages))
    added = [usage for usage in must if usage not in usages]
    kept = [usage for usage in usages if usage in {*must, *may}]
    name = asked.name
    if signer == APP_SERVING and name.startswith(UNISSUED_PREFIX):
        name = name.removeprefix(UNISSUED_PREFIX) or "request"
    notes = [*_usage_notes(asked, added, kept), *_notes(asked, signer)]
    if name != asked.name:
        notes.append(f"renamed: EKS issues nothing for a name that begins with {UNISSUED_PREFIX}")
    return Fit(signer, why, (*added, *kept), name, tuple(notes))


def _signer(asked: Asked, usages: Sequence[str]) -> tuple[str | None, str]:
    if asked.signer not in {None, LEGACY_UNKNOWN} and not never_issued(asked):
        return asked.signer, "the manifest names it"
    names, server, client = asked.names, SERVER_AUTH in usages, CLIENT_AUTH in usages
    if names is not None and names.is_node and not names.is_service:
        if client and not server and not names.sans:
            return KUBELET_CLIENT, "client auth for a node's subject"
        if server and not client and names.sans:
            return KUBELET_SERVING, "server auth for a node's subject and names"
    if server:
        half = ", for its server part" if client else ""
        return APP_SERVING, f"server auth for a workload{half}"
    if client:
        return CLIENT, "client auth only"
    if permits(APP_SERVING, usages):
        return APP_SERVING, "neither server auth nor client auth, and only usages that it permits"
    return None, f"no signer of EKS issues {', '.join(usages)}: use a CA of your own"


def _usage_notes(asked: Asked, added: Sequence[str], kept: Sequence[str]) -> Iterator[str]:
    if not asked.usages:
        yield f"no usages: v1beta1 set {', '.join(_DEFAULT_USAGES)}"
    dropped = [usage for usage in dict.fromkeys(asked.usages or ()) if usage not in kept]
    if dropped:
        yield f"usages removed, as this signer doesn't issue them: {', '.join(dropped)}"
    if CLIENT_AUTH in dropped:
        yield "the client certificate must come from another CA"
    if added:
        yield f"usages added, as this signer requires them: {', '.join(added)}"


def _notes(asked: Asked, signer: str | None) -> Iterator[str]:
    names, seconds = asked.names, asked.expiration_seconds
    if signer in BUILT_IN:
        yield _NO_FORM[signer]
    if signer == APP_SERVING:
        if SERVER_AUTH not in (asked.usages or ()):
            yield "add server auth to the usages if the certificate is for a TLS server"
        if names is not None and not names.sans:
            yield (
                "the request has no subjectAltName, where TLS clients read names: create one that "
                "has them"
            )
        if names is not None and names.is_node:
            yield "a node's subject is no longer needed: create a request with the Service's names"
        if seconds is not None and seconds > _YEAR_SECONDS:
            yield "expirationSeconds: this signer's certificates last one year at most"
    if signer == CLIENT and names is not None and "system:masters" in names.organizations:
        yield "O=system:masters is refused by the API server for this signer"
    if seconds is not None and seconds < _SHORTEST_SECONDS:
        yield f"expirationSeconds: fewer than {_SHORTEST_SECONDS} are refused by the API server"
