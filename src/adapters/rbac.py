"""RBAC of a cluster: objects put there as they should be, by server-side apply.

From: Kubernetes, "Server-Side Apply". JSON is YAML, so the body is JSON.
"""

from collections.abc import Mapping
from typing import Any, Final

from adapters.api_connection import ApiConnection
from adapters.csr_pages import unavailable
from adapters.retry import Answer, Outcome

_ROOT: Final = "/apis/rbac.authorization.k8s.io/v1"
_PLURALS: Final = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"}

#: Who owns the fields. `force`, as a file applied by hand before is the same one.
_AS: Final = "fieldManager=csr-approver&force=true"


def apply(connection: ApiConnection, manifest: Mapping[str, Any]) -> str:
    """Put an object there; `created`, `changed` or `unchanged`.

    Raises:
        ClusterUnavailable: it isn't there now as it should be; tells why.
        NotOnboarded: likewise, as we aren't known there (401) or may not (403).
    """
    path = f"{_ROOT}/{_PLURALS[manifest['kind']]}/{manifest['metadata']['name']}"
    before = connection.call("GET", path)
    outcome = connection.call(
        "PATCH", f"{path}?{_AS}", manifest, content_type="application/apply-patch+yaml"
    )
    match outcome:
        case Answer(status=201):
            return "created"
        case Answer(status=200):
            return "unchanged" if _version(before) == _version(outcome) else "changed"
    raise unavailable(outcome)


def _version(outcome: Outcome) -> str | None:
    metadata = outcome.object().get("metadata") if isinstance(outcome, Answer) else None
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else None
