"""The signing controller: issues approved requests, or sets the condition `Failed`.

From: Kubernetes v1.36.2, pkg/controller/certificates/signer/signer.go and
pkg/apis/certificates/helpers.go (ValidateKubeletServingCSR).
"""

import base64
from copy import deepcopy
from datetime import datetime

from sandbox.fake_apiserver.authority import Authority
from sandbox.fake_apiserver.bodies import time_text
from sandbox.fake_apiserver.goreader import Request, Unreadable, read
from sandbox.fake_apiserver.rules import KUBELET_SERVING
from sandbox.fake_apiserver.status import Json

APP_SERVING = "beta.eks.amazonaws.com/app-serving"

_SERVING_USAGES = (
    {"digital signature", "server auth"},
    {"digital signature", "key encipherment", "server auth"},
)


def sign(item: Json, authority: Authority, now: datetime, *, app_serving: bool) -> Json | None:
    """Return the object with its certificate or with `Failed`; None if it stays as it is."""
    spec = item["spec"]
    if not _is_due(item):
        return None
    try:
        request = read(base64.b64decode(spec["request"]))
    except (Unreadable, ValueError, TypeError):
        # As upstream: a request that can't be parsed is retried, never marked Failed.
        return None
    if spec.get("signerName") == KUBELET_SERVING:
        problem = validation_problem(request, spec["usages"])
        if problem:
            return _failed(item, problem, time_text(now))
    elif not app_serving or not _is_issued_by_app_serving(item):
        return None
    certificate = authority.issue(request, spec["usages"], spec.get("expirationSeconds"), now)
    return with_certificate(item, certificate)


def with_certificate(item: Json, certificate: bytes) -> Json:
    """Return the object with this certificate in its status."""
    issued = deepcopy(item)
    issued.setdefault("status", {})["certificate"] = base64.b64encode(certificate).decode()
    return issued


def validation_problem(request: Request, usages: list[str]) -> str:
    """Return why the kubelet-serving signer marks the request as Failed; empty if it signs it."""
    if request.organizations != ("system:nodes",):
        return "subject organization is not system:nodes"
    if not request.dns and not request.ips:
        return "DNS or IP subjectAltName is required"
    if request.emails:
        return "Email subjectAltNames are not allowed"
    if request.uris:
        return "URI subjectAltNames are not allowed"
    if set(usages) not in _SERVING_USAGES:
        return "usages did not match [digital signature key encipherment server auth]"
    if not request.common_name.startswith("system:node:"):
        return "subject common name does not begin with system:node:"
    return ""


def _is_due(item: Json) -> bool:
    """Return whether the object is approved, not failed and not issued."""
    status = item.get("status") or {}
    kinds = {c.get("type") for c in status.get("conditions") or () if c.get("status") == "True"}
    return "Approved" in kinds and "Failed" not in kinds and not status.get("certificate")


def _is_issued_by_app_serving(item: Json) -> bool:
    """Return whether EKS's signer for workloads issues: not if the name begins with `csr-`.

    From: github.com/aws/containers-roadmap, issue 2079.
    """
    named_by_hand = not item["metadata"]["name"].startswith("csr-")
    return item["spec"].get("signerName") == APP_SERVING and named_by_hand


def _failed(item: Json, problem: str, now: str) -> Json:
    failed = deepcopy(item)
    failed["status"]["conditions"].append(
        {
            "type": "Failed",
            "status": "True",
            "reason": "SignerValidationFailure",
            "message": problem,
            "lastUpdateTime": now,
            "lastTransitionTime": now,
        }
    )
    return failed
