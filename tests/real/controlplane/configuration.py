"""The control plane's configuration files, as JSON, which is valid YAML."""

import json
from pathlib import Path

from tests.real.controlplane.certificates import KeyPair


def write_kubeconfig(
    path: Path,
    server: str,
    *,
    ca: Path | None = None,
    user: KeyPair | None = None,
    token: str = "",
) -> Path:
    """Write how to reach a server: over TLS with the `ca`, as a `user` or with a `token`.

    Return `path`.
    """
    cluster = {"server": server} | ({"certificate-authority": str(ca)} if ca else {})
    credentials = {"token": token} if token else {}
    if user:
        credentials = {"client-certificate": str(user.certificate), "client-key": str(user.key)}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "one", "cluster": cluster}],
        "users": [{"name": "one", "user": credentials}],
        "contexts": [{"name": "one", "context": {"cluster": "one", "user": "one"}}],
        "current-context": "one",
    }
    path.write_text(json.dumps(content, indent=2))
    return path


def write_egress_selection(path: Path, socket: str) -> Path:
    """Write kube-apiserver's EgressSelectorConfiguration: to nodes by this Unix socket.

    kube-apiserver 1.36.2 panics on a proxy at an `http://` address. Return `path`.
    """
    way = {"proxyProtocol": "HTTPConnect", "transport": {"uds": {"udsName": socket}}}
    content = {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [{"name": "cluster", "connection": way}],
    }
    path.write_text(json.dumps(content, indent=2))
    return path


def write_audit_policy(path: Path) -> Path:
    """Write an audit policy that logs requests about CSRs, with the objects; return `path`.

    Kubernetes's reference policy, on which EKS bases its own, logs writes of this API group at the
    same level. From: Kubernetes cluster/gce/gci/configure-helper.sh,
    create-master-audit-policy; EKS Best Practices, "Auditing and logging".
    """
    content = {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [
            {"level": "RequestResponse", "resources": [{"group": "certificates.k8s.io"}]},
            {"level": "None"},
        ],
    }
    path.write_text(json.dumps(content, indent=2))
    return path
