"""Namespaces of a control plane, with Services, and ServiceAccounts that file CSRs for these."""

import base64
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import yaml

from core.model import APP_SERVING
from tests.controlplane.nodes import CSRS, RBAC
from tests.real.controlplane import Client, ControlPlane, eventually
from tests.service_builders import USAGES, a_filed_service_csr

CORE: Final = "/api/v1"
DEPLOY: Final = Path(__file__).parents[2] / "deploy"

#: The group to which the manifests of deploy/ grant rights.
GROUP: Final = "csr-approver"

# Tests share no namespace, key or object name.
_numbers: Iterator[int] = itertools.count(1)


@dataclass(frozen=True)
class Account:
    """A ServiceAccount with its token's client."""

    namespace: str
    api: Client

    def file(
        self,
        *,
        dns: Sequence[str] | None = None,
        ips: Sequence[str] = (),
        cn: str | None = None,
        usages: Sequence[str] = USAGES,
        name: str = "",
        pem: bytes = b"",
    ) -> str:
        """File a request, by default for the Service `web`; return the object's name."""
        number = next(_numbers)
        names = [f"web.{self.namespace}.svc"] if dns is None else dns
        filed = a_filed_service_csr(dns=names, ips=ips, cn=cn, words=f"workload {number}")
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": f"{name}workload-{number}"},
            "spec": {
                "request": base64.b64encode(pem or cast("bytes", filed.request)).decode(),
                "signerName": APP_SERVING,
                "usages": list(usages),
            },
        }
        status, made = self.api.request("POST", CSRS, body)
        assert status == 201, made
        return str(made["metadata"]["name"])


class Namespace:
    """A new namespace with the Service `web`."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.name = f"shop-{next(_numbers)}"
        create(plane.admin, f"{CORE}/namespaces", {"metadata": {"name": self.name}})
        self.web = self.service("web")

    @property
    def path(self) -> str:
        return f"{CORE}/namespaces/{self.name}"

    def dns(self, service: str = "web") -> str:
        return f"{service}.{self.name}.svc"

    def service(self, name: str, **spec: object) -> str:
        """Create a Service; return the cluster IP that the API server allocated."""
        body = {"metadata": {"name": name}, "spec": {"ports": [{"port": 443}], **spec}}
        return str(create(self.plane.admin, f"{self.path}/services", body)["spec"].get("clusterIP"))

    def delete_service(self, name: str = "web") -> None:
        status, answer = self.plane.admin.request("DELETE", f"{self.path}/services/{name}")
        assert status == 200, answer

    def account(self, name: str = "issuer") -> Account:
        """Return a ServiceAccount, by the token that its pods would have."""
        create(self.plane.admin, f"{self.path}/serviceaccounts", {"metadata": {"name": name}})
        path = f"{self.path}/serviceaccounts/{name}/token"
        asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        status, answer = self.plane.admin.request("POST", path, asked)
        assert status == 201, answer
        account = Account(self.name, self.plane.client(answer["status"]["token"]))

        def may_list() -> bool | None:
            return True if account.api.request("GET", f"{CSRS}?limit=1")[0] == 200 else None

        eventually(may_list, "the ServiceAccounts' grant to take effect")
        return account


def create(admin: Client, path: str, body: Mapping[str, Any]) -> Any:
    """Create an object; retry while the API server can't allocate addresses yet."""

    def made() -> Any:
        status, answer = admin.request("POST", path, body)
        return answer if status == 201 else None

    return eventually(made, f"{path} {body['metadata']['name']}")


def manifests(file: str) -> Iterator[tuple[str, Any]]:
    """Yield each manifest of a file of deploy/, with the path of its kind."""
    for manifest in yaml.safe_load_all((DEPLOY / file).read_text()):
        yield f"{RBAC}/{manifest['kind'].lower()}s", manifest


def apply(plane: ControlPlane, *files: str) -> None:
    """Apply manifests of deploy/ as they are."""
    for path, manifest in (found for file in files for found in manifests(file)):
        put(plane, path, manifest)


def take_back(plane: ControlPlane, *files: str) -> None:
    """Delete what was applied: other tests use the same names for other objects."""
    for path, manifest in (found for file in files for found in manifests(file)):
        remove(plane, f"{path}/{manifest['metadata']['name']}")


def let_accounts_ask(plane: ControlPlane) -> None:
    """Allow every ServiceAccount to create and list CSRs."""
    asks = {"apiGroups": ["certificates.k8s.io"], "resources": ["certificatesigningrequests"]}
    meta = {"metadata": {"name": "workloads-ask"}, "apiVersion": "rbac.authorization.k8s.io/v1"}
    role = {**meta, "kind": "ClusterRole", "rules": [{**asks, "verbs": ["create", "list"]}]}
    put(plane, f"{RBAC}/clusterroles", role)
    put(
        plane,
        f"{RBAC}/clusterrolebindings",
        binding(meta, "workloads-ask", "system:serviceaccounts"),
    )


def binding(meta: Mapping[str, Any], role: str, group: str) -> Mapping[str, Any]:
    """Return a binding of a ClusterRole to a group, in a namespace or everywhere."""
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    return {**meta, "roleRef": reference, "subjects": [subject]}


def put(plane: ControlPlane, path: str, body: Mapping[str, Any]) -> None:
    """Create an object, or replace it."""
    status, answer = plane.admin.request("PUT", f"{path}/{body['metadata']['name']}", body)
    if status == 404:
        status, answer = plane.admin.request("POST", path, body)
    assert status in (200, 201), answer


def remove(plane: ControlPlane, path: str) -> None:
    status, answer = plane.admin.request("DELETE", path)
    assert status == 200, answer
