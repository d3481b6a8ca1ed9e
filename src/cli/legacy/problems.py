"""Why the v1 API refuses a manifest, or EKS issues nothing for it.

From: Kubernetes Deprecated API Migration Guide, v1.22; Kubernetes pkg/apis/certificates/helpers.go
and its v1beta1/defaults.go of v1.21.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Final

from cli.legacy.asked import Asked, Names
from cli.legacy.signers import (
    CLIENT,
    KUBELET_CLIENT,
    LEGACY_UNKNOWN,
    PERMITTED,
    SERVER_AUTH,
    UNISSUED_PREFIX,
    USAGES,
    V1,
    V1BETA1,
    permits,
)
from core.model import APP_SERVING, KUBELET_SERVING

_INSTEAD: Final = f"for a workload use {APP_SERVING}"


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


def problems(asked: Asked) -> Iterator[tuple[Problem, str]]:
    """Yield why the v1 API refuses the manifest, or EKS doesn't issue for it."""
    if asked.api_version == V1BETA1:
        yield Problem.V1BETA1, f"{V1BETA1} is not served since Kubernetes 1.22"
    if asked.signer is None:
        yield Problem.NO_SIGNER, _without_signer(asked)
    elif asked.signer == LEGACY_UNKNOWN:
        yield Problem.LEGACY_SIGNER, f"{LEGACY_UNKNOWN} is refused by {V1}"
    elif why := never_issued(asked):
        yield Problem.SIGNER_NOT_ISSUED, why
    if not asked.usages:
        yield Problem.NO_USAGES, f"no usages: {V1} requires them"
    else:
        unknown = [usage for usage in asked.usages if usage not in USAGES]
        if unknown or len(set(asked.usages)) < len(asked.usages):
            detail = f"unknown usages: {', '.join(unknown)}" if unknown else "repeated usages"
            yield Problem.BAD_USAGES, f"{detail}; {V1} refuses them"
    if asked.signer == APP_SERVING:
        yield from _unissued(asked)


def never_issued(asked: Asked) -> str:
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
        if is_service or SERVER_AUTH in usages:
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
    if names.is_node and permits(KUBELET_CLIENT, usages) and not names.sans:
        return KUBELET_CLIENT
    if names.is_node and permits(KUBELET_SERVING, usages) and names.sans:
        return KUBELET_SERVING
    return LEGACY_UNKNOWN


def _unissued(asked: Asked) -> Iterator[tuple[Problem, str]]:
    if asked.name.startswith(UNISSUED_PREFIX):
        detail = f"{APP_SERVING} issues nothing for a name that begins with {UNISSUED_PREFIX}"
        yield Problem.NAME_NOT_ISSUED, detail
    _, may = PERMITTED[APP_SERVING]
    beyond = [usage for usage in asked.usages or () if usage in USAGES and usage not in may]
    if beyond:
        yield Problem.USAGES_NOT_ISSUED, f"{APP_SERVING} does not permit {', '.join(beyond)}"
