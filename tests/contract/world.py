"""One cluster of either kind as the contract tests use it, and its users."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from itertools import count
from pathlib import Path

from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import FakeCluster, Rule, approver_rules
from sandbox.tokens import mint, utc_now
from tests.contract.objects import Json, unique
from tests.real.controlplane import AwsIdentity, Client, ControlPlane, eventually

Plane = FakeCluster | ControlPlane

WHO_AM_I = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

MAY_I = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

RBAC = "rbac.authorization.k8s.io"

_instances = count(1)


class World:
    """A cluster with tokens and grants; each test creates its own users."""

    def __init__(self, plane: Plane, folder: Path) -> None:
        self.plane = plane
        self._ca = folder / "ca.pem"
        self._ca.write_text(plane.ca_pem)
        self.admin = self.member("system:masters")

    def bearer(self, token: str) -> Client:
        """Return a client with this bearer token."""
        return Client(self.plane.server, self._ca, token=token)

    def token(
        self, identity: AwsIdentity, *, cluster: str = "", now: datetime | None = None
    ) -> str:
        """Return an identity's token for this cluster (or `cluster`), signed now (or at `now`)."""
        return mint(identity, cluster or self.plane.cluster, self.plane.region, now or utc_now())

    def someone(self, username: str, groups: Sequence[str] = (), session: str = "") -> AwsIdentity:
        """Create an identity in STS, map it to this user, and return it."""
        identity = AwsIdentity.session(unique("Role"), session or unique("session"))
        self.plane.add_identity(identity)
        self.plane.map_role(role_arn(identity), username, groups)
        return identity

    def member(self, *groups: str) -> Client:
        """Return a client whose user is new and in these groups."""
        return self.bearer(self.token(self.someone(unique("user"), groups)))

    def holder(self, *rules: Rule) -> Client:
        """Return a client with exactly these rights, once they are in effect."""
        group = unique("group")
        if isinstance(self.plane, ControlPlane):
            bind(self.plane.admin, group, rules)
        else:
            self.plane.grant(group, rules)
        client = self.member(group)
        for rule in rules:
            eventually(partial(allowed, client, rule), f"{rule} to take effect")
        return client

    def service(
        self, namespace: str, name: str, *, kind: str = "ClusterIP", ips: Sequence[str] = ()
    ) -> None:
        """Create a Service with these cluster IPs, a headless one, or an ExternalName."""
        if isinstance(self.plane, ControlPlane):
            _make_service(self.admin, namespace, name, kind, list(ips) or ["None"])
        else:
            self.plane.put_service(namespace, name, kind=kind, ips=ips)

    def approver(self, *signers: str) -> Client:
        """Return a client that may list, and approve for these signers."""
        return self.holder(*approver_rules(*signers))

    def node(self, name: str = "") -> "Node":
        """Return a kubelet with its instance's identity."""
        number = next(_instances)
        instance = f"i-{number:017x}"
        name = name or f"ip-10-1-{number // 256}-{number % 256}.ec2.internal"
        self.plane.name_instance(instance, name)
        groups = ("system:bootstrappers", "system:nodes")
        identity = self.someone("system:node:{{EC2PrivateDNSName}}", groups, instance)
        return Node(name, identity, self.bearer(self.token(identity)))


class Node:
    """A node and its client."""

    def __init__(self, name: str, identity: AwsIdentity, api: Client) -> None:
        self.name = name
        self.identity = identity
        self.api = api

    def pem(self, *, dns: Iterable[str] | None = None, ips: Iterable[str] = ()) -> bytes:
        """Return a request as this node's kubelet makes it."""
        return kubelet_request(self.name, dns=[self.name] if dns is None else dns, ips=ips)[0]


def role_arn(identity: AwsIdentity) -> str:
    """Return the role of an assumed-role identity, as in `canonicalArn`."""
    head, role, _ = identity.arn.split("/")
    return f"{head.replace(':sts:', ':iam:').replace('assumed-role', 'role')}/{role}"


def allowed(client: Client, rule: Rule) -> bool | None:
    """Return True once every part of a rule is allowed, None before."""
    resource, _, subresource = rule.resource.partition("/")
    for verb in rule.verbs:
        for name in rule.names or ("",):
            attributes = {"group": rule.group, "verb": verb, "resource": resource, "name": name}
            if not may(client, **attributes, subresource=subresource):
                return None
    return True


def may(client: Client, **attributes: str) -> bool:
    """Return what a SelfSubjectAccessReview says."""
    status, answer = client.request(
        "POST",
        MAY_I,
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        },
    )
    assert status == 201, answer
    return bool(answer["status"]["allowed"])


def _make_service(admin: Client, namespace: str, name: str, kind: str, ips: list[str]) -> None:
    meta = {"apiVersion": "v1", "metadata": {"name": namespace}}
    assert admin.request("POST", "/api/v1/namespaces", meta)[0] in (201, 409)
    spec: Json = {"type": kind, "ports": [{"port": 443}]}
    if kind == "ExternalName":
        spec["externalName"] = "example.com"
    else:
        spec |= {"clusterIP": ips[0], "clusterIPs": ips}
    body = {"apiVersion": "v1", "metadata": {"name": name}, "spec": spec}
    path = f"/api/v1/namespaces/{namespace}/services"

    def made() -> bool | None:
        # For some moments after its start the API server can't allocate addresses.
        return True if admin.request("POST", path, body)[0] == 201 else None

    eventually(made, f"the Service {namespace}/{name}")


def bind(admin: Client, group: str, rules: Iterable[Rule]) -> None:
    """Grant rules to a group, as RBAC objects."""
    contents: dict[str, Json] = {
        "ClusterRole": {
            "rules": [
                {
                    "apiGroups": [rule.group],
                    "resources": [rule.resource],
                    "verbs": list(rule.verbs),
                    "resourceNames": list(rule.names),
                }
                for rule in rules
            ]
        },
        "ClusterRoleBinding": {
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": group},
            "subjects": [{"apiGroup": RBAC, "kind": "Group", "name": group}],
        },
    }
    for kind, content in contents.items():
        meta = {"apiVersion": f"{RBAC}/v1", "kind": kind, "metadata": {"name": group}}
        path = f"/apis/{RBAC}/v1/{kind.lower()}s"
        status, answer = admin.request("POST", path, {**meta, **content})
        assert status == 201, answer
