"""RBAC objects of a cluster, written by server-side apply.

From: Kubernetes, "Server-Side Apply". JSON is YAML, so the body is JSON.
"""

from collections.abc import Mapping
from typing import Any, Final

from adapters.api_connection import ApiConnection
from adapters.csr_pages import unavailable
from adapters.retry import Answer, Outcome

_ROOT: Final = "/apis/rbac.authorization.k8s.io/v1"
_PLURALS: Final = {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"}

# The owner of the fields. `force` takes them from other owners, e.g. kubectl with an older file.
_AS: Final = "fieldManager=csr-approver"
_FORCE: Final = "&force=true"


def apply(connection: ApiConnection, manifest: Mapping[str, Any]) -> str:
    """Create or update an object; return `created`, `changed` or `unchanged`.

    An object of that name without our labels may belong to another approver, which would lose its
    rights without notice: it isn't forced, and the API server refuses if it differs (409).

    Raises:
        ClusterUnavailable: the object isn't as it should be; says why.
        NotOnboarded: the same, as the cluster rejects our credentials (401) or forbids it (403).
    """
    path = f"{_ROOT}/{_PLURALS[manifest['kind']]}/{manifest['metadata']['name']}"
    before = connection.call("GET", path)
    how = _AS + (_FORCE if _is_ours(before, manifest) else "")
    outcome = connection.call(
        "PATCH", f"{path}?{how}", manifest, content_type="application/apply-patch+yaml"
    )
    match outcome:
        case Answer(status=201):
            return "created"
        case Answer(status=200):
            return "unchanged" if _version(before) == _version(outcome) else "changed"
    raise unavailable(outcome)


def _is_ours(before: Outcome, manifest: Mapping[str, Any]) -> bool:
    labels = _metadata(before).get("labels")
    wanted: Mapping[str, str] = manifest["metadata"]["labels"]
    return isinstance(labels, dict) and wanted.items() <= labels.items()


def _version(outcome: Outcome) -> str | None:
    version = _metadata(outcome).get("resourceVersion")
    return version if isinstance(version, str) else None


def _metadata(outcome: Outcome) -> Mapping[str, Any]:
    metadata = outcome.object().get("metadata") if isinstance(outcome, Answer) else None
    return metadata if isinstance(metadata, dict) else {}
