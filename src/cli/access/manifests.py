"""The approver's rights in a cluster, as manifests: the content of deploy/rbac*.yaml."""

from typing import Any, Final

from core.model import APP_SERVING, KUBELET_SERVING

#: The group that the access entry puts the approver's role into.
GROUP: Final = "csr-approver"

_RBAC: Final = "rbac.authorization.k8s.io"
_CSRS: Final = "certificates.k8s.io"

Manifest = dict[str, Any]


def manifests(*, app_serving: bool) -> list[Manifest]:
    """Return a ClusterRole and its binding; with `app_serving`, two more pairs for that signer."""
    ours = [
        _rule(_CSRS, "certificatesigningrequests", "list"),
        _rule(_CSRS, "certificatesigningrequests/approval", "update"),
        _rule(_CSRS, "signers", "approve", KUBELET_SERVING),
    ]
    if not app_serving:
        return _pair(GROUP, ours)
    # Services have a pair of their own, which RoleBindings can replace to serve some namespaces.
    approving = _pair(f"{GROUP}-app-serving", [_rule(_CSRS, "signers", "approve", APP_SERVING)])
    seeing = _pair(f"{GROUP}-services", [_rule("", "services", "get")])
    return _pair(GROUP, ours) + approving + seeing


def _pair(name: str, rules: list[Manifest]) -> list[Manifest]:
    return [
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": _metadata(name),
            "rules": rules,
        },
        {
            "apiVersion": f"{_RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": _metadata(name),
            "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": _RBAC, "kind": "Group", "name": GROUP}],
        },
    ]


def _metadata(name: str) -> Manifest:
    return {"name": name, "labels": {"app.kubernetes.io/name": GROUP}}


def _rule(group: str, resource: str, verb: str, name: str = "") -> Manifest:
    names = {"resourceNames": [name]} if name else {}
    return {"apiGroups": [group], "resources": [resource], **names, "verbs": [verb]}
