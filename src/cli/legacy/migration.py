"""The migration from `certificates.k8s.io/v1beta1` and `kubernetes.io/legacy-unknown`.

The problems of a CSR's manifest, and the signer that fits it. From: EKS User Guide,
"Secure workloads with Kubernetes certificates"; Kubernetes Deprecated API Migration Guide, v1.22;
Kubernetes pkg/apis/certificates/helpers.go and its v1beta1/defaults.go of v1.21.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
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

_SERVER_AUTH: Final = "server auth"
_CLIENT_AUTH: Final = "client auth"

# The usages that v1beta1 set if there were none. From: v1beta1/defaults.go.
_DEFAULT_USAGES: Final = ("digital signature", "key encipherment")

# From: Kubernetes staging/src/k8s.io/api/certificates/v1/types.go, KeyUsage.
_USAGES: Final = frozenset({
    "signing", "digital signature", "content commitment", "key encipherment", "key agreement",
    "data encipherment", "cert sign", "crl sign", "encipher only", "decipher only", "any",
    "server auth", "client auth", "code signing", "email protection", "s/mime",
    "ipsec end system", "ipsec tunnel", "ipsec user", "timestamping", "ocsp signing",
    "microsoft sgc", "netscape sgc",
})  # fmt: skip

# By signer: the required usages, and the permitted ones. From: the Kubernetes page
# "Certificates and Certificate Signing Requests", Kubernetes signers; the EKS page for app-serving.
_PERMITTED: Final = {
    KUBELET_SERVING: (("digital signature", _SERVER_AUTH), ("key encipherment",)),
    KUBELET_CLIENT: (("digital signature", _CLIENT_AUTH), ("key encipherment",)),
    CLIENT: ((_CLIENT_AUTH,), ("digital signature", "key encipherment")),
    APP_SERVING: ((), ("digital signature", "key encipherment", _SERVER_AUTH)),
}

#: Kubernetes's own signers. On EKS, nothing that a person or a workload files is issued by them.
_BUILT_IN: Final = frozenset({KUBELET_SERVING, KUBELET_CLIENT, CLIENT})

_INSTEAD: Final = f"for a workload use {APP_SERVING}"

#: Why no v1 form is printed.
_OF_KUBELETS: Final = (
    "no v1 form: a node's kubelet files this request itself, and EKS issues no other"
)
_NO_FORM: Final = {
    KUBELET_SERVING: _OF_KUBELETS,
    KUBELET_CLIENT: _OF_KUBELETS,
    CLIENT: "no v1 form: EKS documents no signer that issues client certificates",
}

_SERVICE_ENDINGS: Final = (".svc", ".svc.cluster.local")

_SHORTEST_SECONDS: Final = 600
_YEAR_SECONDS: Final = 31_536_000

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


_NODE: Final = "system:node:"


def is_of_service(name: str) -> bool:
    """Return whether a name, or the CN of a request that poses as a node's, is a Service's."""
    return name.endswith(_SERVICE_ENDINGS)


class Problem(Enum):
    """A problem of a manifest or a line of text; the values are a stable contract."""

    V1BETA1 = "v1beta1"
    LEGACY_SIGNER = "legacy-signer"
    NO_SIGNER = "no-signer"
    NO_USAGES = "no-usages"
    BAD_USAGES = "bad-usages"
    SIGNER_NOT_ISSUED = "signer-not-issued"
    NAME_NOT_ISSUED = "name-not-issued"
    USAGES_NOT_ISSUED = "usages-not-issued"


@dataclass(frozen=True, slots=True)
class Names:
    """The names in a readable request. `sans`: all subjectAltNames, as text."""

    common_name: str
    organizations: tuple[str, ...]
    dns: tuple[str, ...]
    sans: tuple[str, ...]

    @property
    def is_node(self) -> bool:
        """Whether the subject is a kubelet's."""
        return self.organizations == ("system:nodes",) and self.common_name.startswith(_NODE)

    @property
    def is_service(self) -> bool:
        """Whether a name is a Service's, as in a workload's request with a node's subject."""
        return any(is_of_service(name) for name in (*self.dns, self.common_name))


@dataclass(frozen=True, slots=True)
class Asked:
    """The contents of a manifest. `usages`: None if absent; `names`: None if unreadable."""

    api_version: str
    name: str = ""
    signer: str | None = None
    usages: tuple[str, ...] | None = None
    expiration_seconds: int | None = None
    names: Names | None = None


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
        """Whether a certificate can come of a manifest with this signer."""
        return self.signer is not None and self.signer not in _BUILT_IN


def problems(asked: Asked) -> Iterator[tuple[Problem, str]]:
    """Yield why the v1 API refuses the manifest, or EKS doesn't issue for it."""
    if asked.api_version == V1BETA1:
        yield Problem.V1BETA1, f"{V1BETA1} is not served since Kubernetes 1.22"
    if asked.signer is None:
        yield Problem.NO_SIGNER, _without_signer(asked)
    elif asked.signer == LEGACY_UNKNOWN:
        yield Problem.LEGACY_SIGNER, f"{LEGACY_UNKNOWN} is refused by {V1}"
    elif why := _never_issued(asked):
        yield Problem.SIGNER_NOT_ISSUED, why
    if not asked.usages:
        yield Problem.NO_USAGES, f"no usages: {V1} requires them"
    else:
        unknown = [usage for usage in asked.usages if usage not in _USAGES]
        if unknown or len(set(asked.usages)) < len(asked.usages):
            detail = f"unknown usages: {', '.join(unknown)}" if unknown else "repeated usages"
            yield Problem.BAD_USAGES, f"{detail}; {V1} refuses them"
    if asked.signer == APP_SERVING:
        yield from _unissued(asked)


def _never_issued(asked: Asked) -> str:
    """Return why EKS never issues this with the signer that it names; empty if it may.

    From: AWS's statement quoted in admiraltyio/admiralty#120 (kubelet-serving is for kubelets);
    Kubernetes, "Certificates and Certificate Signing Requests", Kubernetes signers (usages).
    """
    names, usages = asked.names, asked.usages or ()
    if asked.signer in {KUBELET_SERVING, KUBELET_CLIENT}:
        if names is not None and names.is_node and not names.is_service:
            return ""
        return f"EKS issues {asked.signer} only for a kubelet's own request: {_INSTEAD}"
    if asked.signer == CLIENT:
        is_service = names.is_service if names is not None else ".svc" in asked.name
        if is_service or _SERVER_AUTH in usages:
            return f"{CLIENT} issues no certificates for servers: {_INSTEAD}"
    return ""


def _without_signer(asked: Asked) -> str:
    if asked.api_version != V1BETA1:
        return f"no signerName: {V1} requires it"
    if asked.names is None:
        return f"no signerName: v1beta1 set {LEGACY_UNKNOWN}, unless it was a kubelet's"
    return f"no signerName: v1beta1 set {_defaulted(asked.names, asked.usages or ())}"


def _defaulted(names: Names, usages: Sequence[str]) -> str:
    """Return v1beta1's default signer. From: v1beta1/defaults.go, DefaultSignerNameFromSpec."""
    if names.is_node and _is_exactly(KUBELET_CLIENT, usages) and not names.sans:
        return KUBELET_CLIENT
    if names.is_node and _is_exactly(KUBELET_SERVING, usages) and names.sans:
        return KUBELET_SERVING
    return LEGACY_UNKNOWN


def _is_exactly(signer: str, usages: Sequence[str]) -> bool:
    must, may = _PERMITTED[signer]
    return set(must) <= set(usages) <= {*must, *may}


def _unissued(asked: Asked) -> Iterator[tuple[Problem, str]]:
    if asked.name.startswith(UNISSUED_PREFIX):
        detail = f"{APP_SERVING} issues nothing for a name that begins with {UNISSUED_PREFIX}"
        yield Problem.NAME_NOT_ISSUED, detail
    _, may = _PERMITTED[APP_SERVING]
    beyond = [usage for usage in asked.usages or () if usage in _USAGES and usage not in may]
    if beyond:
        yield Problem.USAGES_NOT_ISSUED, f"{APP_SERVING} does not permit {', '.join(beyond)}"


def fit(asked: Asked) -> Fit:
    """Return the signer that fits, its usages and name, and notes."""
    wanted = asked.usages or _DEFAULT_USAGES
    usages = tuple(dict.fromkeys(usage for usage in wanted if usage in _USAGES))
    signer, why = _signer(asked, usages)
    must, may = _PERMITTED.get(signer or "", ((), usages))
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
    if asked.signer not in {None, LEGACY_UNKNOWN} and not _never_issued(asked):
        return asked.signer, "the manifest names it"
    names, server, client = asked.names, _SERVER_AUTH in usages, _CLIENT_AUTH in usages
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
    if _is_exactly(APP_SERVING, usages):
        return APP_SERVING, "neither server auth nor client auth, and only usages that it permits"
    return None, f"no signer of EKS issues {', '.join(usages)}: use a CA of your own"


def _usage_notes(asked: Asked, added: Sequence[str], kept: Sequence[str]) -> Iterator[str]:
    if not asked.usages:
        yield f"no usages: v1beta1 set {', '.join(_DEFAULT_USAGES)}"
    dropped = [usage for usage in dict.fromkeys(asked.usages or ()) if usage not in kept]
    if dropped:
        yield f"usages removed, as this signer doesn't issue them: {', '.join(dropped)}"
    if _CLIENT_AUTH in dropped:
        yield "the client certificate must come from another CA"
    if added:
        yield f"usages added, as this signer requires them: {', '.join(added)}"


def _notes(asked: Asked, signer: str | None) -> Iterator[str]:
    names, seconds = asked.names, asked.expiration_seconds
    if signer in _BUILT_IN:
        yield _NO_FORM[signer]
    if signer == APP_SERVING:
        if _SERVER_AUTH not in (asked.usages or ()):
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
