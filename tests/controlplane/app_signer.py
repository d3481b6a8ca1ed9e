"""EKS's signer for workloads, which upstream Kubernetes lacks, and the rights of its users."""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sandbox.fake_apiserver.authority import Authority
from sandbox.fake_apiserver.goreader import read
from tests.controlplane.nodes import CSRS, RBAC, stored
from tests.real.controlplane import ControlPlane, eventually

APP_SERVING: Final = "beta.eks.amazonaws.com/app-serving"

_REVIEWS: Final = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_GROUP: Final = "certificates.k8s.io"

Rule = Mapping[str, Any]


def rule(resource: str, *verbs: str, name: str = "") -> Rule:
    names = {"resourceNames": [name]} if name else {}
    return {"apiGroups": [_GROUP], "resources": [resource], "verbs": list(verbs), **names}


FILING: Final = (rule("certificatesigningrequests", "create", "get", "delete"),)
APPROVING: Final = (
    rule("certificatesigningrequests/approval", "update"),
    rule("signers", "approve", name=APP_SERVING),
)


class AppSigner:
    """A signer as AWS's page describes it: the request's names and usages, never a CA, one year."""

    def __init__(self, plane: ControlPlane, *, of_cluster: bool = True) -> None:
        """`of_cluster`: sign with the CA that EKS shows for the cluster."""
        self._plane = plane
        self._authority = Authority("elsewhere")
        if of_cluster:
            self._authority._key = plane._serving._key
            self._authority._subject = plane._serving._certificate.subject

    def sign(self, name: str) -> None:
        """Issue the certificate of a CSR; fail unless it is approved."""
        found = stored(self._plane, name)
        assert [condition["type"] for condition in found["status"]["conditions"]] == ["Approved"], (
            found
        )
        assert found["spec"]["signerName"] == APP_SERVING, found
        request = read(base64.b64decode(found["spec"]["request"]))
        made = self._authority.issue(request, found["spec"]["usages"], None, datetime.now(UTC))
        found["status"]["certificate"] = base64.b64encode(made).decode()
        status, answer = self._plane.admin.request("PUT", f"{CSRS}/{name}/status", found)
        assert status == 200, answer


def grant(plane: ControlPlane, group: str, rules: Sequence[Rule]) -> None:
    """Grant a group these rights and no others, and wait until they take effect."""
    role = {"kind": "ClusterRole", "rules": list(rules)}
    binding = {
        "kind": "ClusterRoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": group},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
    }
    for body in (role, binding):
        whole = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": group}, **body}
        path = f"{RBAC}/{str(body['kind']).lower()}s"
        status, answer = plane.admin.request("POST", path, whole)
        assert status == 201, answer
    rights = [(rule, verb) for rule in rules for verb in rule["verbs"]]
    eventually(
        lambda: all(is_allowed(plane, group, rule, verb) for rule, verb in rights) or None,
        "the rights",
    )


def is_allowed(plane: ControlPlane, group: str, rule: Rule, verb: str) -> bool:
    """Return whether a member of the group has one right, by the API server's own answer."""
    resource, _, subresource = rule["resources"][0].partition("/")
    attributes = {
        "group": _GROUP,
        "resource": resource,
        "subresource": subresource,
        "verb": verb,
        "name": rule.get("resourceNames", [""])[0],
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": "a-member", "groups": [group], "resourceAttributes": attributes},
    }
    return bool(plane.admin.request("POST", _REVIEWS, body)[1]["status"]["allowed"])
