"""What the API accepts: admission and validation of CSRs.

From: Kubernetes v1.36.2, pkg/apis/certificates/validation/validation.go,
plugin/pkg/admission/noderestriction/admission.go (admitCSR),
pkg/apis/core/validation/validation.go (ValidateSignerName).
"""

import base64
import re
from collections.abc import Sequence

from sandbox.fake_apiserver.access import is_node
from sandbox.fake_apiserver.bodies import Condition, Spec
from sandbox.fake_apiserver.goreader import Unreadable, read
from sandbox.fake_apiserver.status import Fault, Json, forbidden
from sandbox.tokens import User

KUBELET_SERVING = "kubernetes.io/kubelet-serving"
_NODE_SIGNERS = (KUBELET_SERVING, "kubernetes.io/kube-apiserver-client-kubelet")

#: Conditions that can only be True, and can't be removed.
FINAL = ("Approved", "Denied", "Failed")

USAGES = frozenset(
    (
        "signing",
        "digital signature",
        "content commitment",
        "key encipherment",
        "key agreement",
        "data encipherment",
        "cert sign",
        "crl sign",
        "encipher only",
        "decipher only",
        "any",
        "server auth",
        "client auth",
        "code signing",
        "email protection",
        "s/mime",
        "ipsec end system",
        "ipsec tunnel",
        "ipsec user",
        "timestamping",
        "ocsp signing",
        "microsoft sgc",
        "netscape sgc",
    )
)

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def admit(user: User, name: str, spec: Spec) -> None:
    """Apply NodeRestriction: a node may only request its own name. Raises `ApiError` 403."""
    if not is_node(user) or spec.signerName not in _NODE_SIGNERS:
        return
    try:
        common_name = read(spec.request).common_name
    except Unreadable as error:
        raise forbidden(name, f"unable to parse csr: {error}") from None
    if common_name != user.username:
        raise forbidden(name, f"can only create a node CSR with CN={user.username}")


def creation_faults(name: str, spec: Spec) -> list[Fault]:
    """Return what is wrong with a new CSR; its name is checked only if nothing else is wrong."""
    faults = [] if name else [Fault.required("metadata.name", "name or generateName is required")]
    faults += _request_faults(spec.request)
    faults += _usage_faults(spec.usages)
    faults += _signer_faults(spec.signerName)
    if spec.expirationSeconds is not None and spec.expirationSeconds < 600:
        detail = "may not specify a duration less than 600 seconds (10 minutes)"
        faults.append(Fault.invalid("spec.expirationSeconds", spec.expirationSeconds, detail))
    if not faults and (problem := name_problem(name)):
        faults.append(Fault.invalid("metadata.name", name, problem))
    return faults


def name_problem(name: str) -> str:
    """Return why no object can have this name; empty if the name is valid.

    From: k8s.io/apimachinery, pkg/api/validate/content (IsPathSegmentName).
    """
    if name in (".", ".."):
        return f"may not be '{name}'"
    return next((f"may not contain '{mark}'" for mark in "/%" if mark in name), "")


def condition_faults(new: Sequence[Condition], old: Sequence[Json]) -> list[Fault]:
    """Return what is wrong with conditions that would replace others through /approval."""
    path = "status.conditions"
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, condition in enumerate(new):
        faults += _condition_faults(f"{path}[{index}]", condition)
        if {"Approved": "Denied", "Denied": "Approved"}.get(condition.type) in seen:
            detail = "Approved and Denied conditions are mutually exclusive"
            faults.append(Fault.invalid(path, condition.type, detail))
        if condition.type in seen:
            faults.append(Fault.duplicate(f"{path}[{index}].type", condition.type))
        seen.add(condition.type)
    for kind in FINAL:
        if _count(kind, [c.type for c in new]) < _count(kind, [c.get("type") for c in old]):
            detail = f'updates may not remove a condition of type "{kind}"'
            faults.append(Fault.forbidden(path, detail))
    return faults


def _count(kind: str, types: Sequence[object]) -> int:
    return sum(other_type == kind for other_type in types)


def _condition_faults(path: str, condition: Condition) -> list[Fault]:
    faults = [] if condition.type else [Fault.required(f"{path}.type")]
    allowed = ("True",) if condition.type in FINAL else ("True", "False", "Unknown")
    if not condition.status:
        faults.append(Fault.required(f"{path}.status"))
    elif condition.status not in allowed:
        faults.append(Fault.unsupported(f"{path}.status", condition.status, allowed))
    return faults


def _request_faults(pem: bytes) -> list[Fault]:
    try:
        problem = "" if read(pem).signature_is_valid() else "x509: signature is not valid"
    except Unreadable as error:
        problem = str(error)
    shown = base64.b64encode(pem).decode()
    return [Fault.invalid("spec.request", shown, problem)] if problem else []


def _usage_faults(usages: Sequence[str]) -> list[Fault]:
    path = "spec.usages"
    faults = [] if usages else [Fault.required(path)]
    for index, usage in enumerate(usages):
        if usage not in USAGES:
            faults.append(Fault.unsupported(f"{path}[{index}]", usage, USAGES))
        if usage in usages[:index]:
            faults.append(Fault.duplicate(f"{path}[{index}]", usage))
    return faults


def _signer_faults(signer: str) -> list[Fault]:
    path = "spec.signerName"
    if not signer:
        return [Fault.required(path)]
    if signer == "kubernetes.io/legacy-unknown":
        detail = "the legacy signerName is not allowed via this API version"
        return [Fault.invalid(path, signer, detail)]
    domain, slash, rest = signer.partition("/")
    if not slash or "/" in rest:
        detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [Fault.invalid(path, signer, detail)]
    labels = domain.split(".")
    fine = len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels + rest.split("."))
    return [] if fine else [Fault.invalid(path, signer, "is not of DNS labels")]
