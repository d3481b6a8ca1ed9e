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

# Who owns the fields. `force` takes them from others, such as who applied an older file by hand.
_AS: Final = "fieldManager=csr-approver"
_FORCE: Final = "&force=true"


def apply(connection: ApiConnection, manifest: Mapping[str, Any]) -> str:
    """Put an object there; `created`, `changed` or `unchanged`.

    One of that name without our labels is somebody else's: another approver would be without its
    rights from then on, and nobody told. The API server refuses where it isn't the same (409).

    Raises:
        ClusterUnavailable: it isn't there now as it should be; tells why.
        NotOnboarded: likewise, as we aren't known there (401) or may not (403).
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
