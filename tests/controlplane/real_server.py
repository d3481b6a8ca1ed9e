"""The real control plane as the server of `tests.faults.rig`, with the approver's access."""

import base64
from datetime import timedelta
from functools import partial

from adapters.eks_token import cluster_token
from sandbox.aws import Machine
from sandbox.kubernetes import KUBELET_SERVING, approver_rules
from tests.contract.objects import path_of, read, unique
from tests.contract.world import allowed, bind
from tests.faults.rig import node_identity
from tests.handlers.account import NODE_ROLE, Account
from tests.real.controlplane import Client, ControlPlane, eventually

_CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


class RealServer:
    """A cluster that can't set the age of CSRs: settings must make every CSR due at once."""

    def __init__(self, plane: ControlPlane, account: Account) -> None:
        self.plane = plane
        self.server = plane.server
        self.ca_pem = plane.ca_pem
        self._kubelets: dict[str, Client] = {}
        self._grant_access(account)
        plane.map_role(
            f"arn:aws:iam::{account.aws.identity.account}:role/{NODE_ROLE}",
            "system:node:{{EC2PrivateDNSName}}",
            ["system:bootstrappers", "system:nodes"],
        )

    def file(self, name: str, machine: Machine, request: bytes, age: timedelta) -> None:
        del age  # the API server sets the creation time
        body = {
            "apiVersion": "certificates.k8s.io/v1",
            "kind": "CertificateSigningRequest",
            "metadata": {"name": name},
            "spec": {
                "request": base64.b64encode(request).decode(),
                "signerName": KUBELET_SERVING,
                "usages": ["digital signature", "server auth"],
            },
        }
        status, answer = self._kubelet(machine).request("POST", _CSRS, body)
        assert status == 201, answer

    def decision(self, name: str) -> str:
        conditions = read(self.plane.admin, name)["status"].get("conditions") or []
        return ", ".join(condition["type"] for condition in conditions)

    def remove(self, name: str) -> None:
        assert self.plane.admin.request("DELETE", path_of(name))[0] == 200

    def remove_all(self) -> None:
        """Delete all kubelet-serving CSRs, so that no other test's are left."""
        query = f"{_CSRS}?fieldSelector=spec.signerName%3D{KUBELET_SERVING.replace('/', '%2F')}"
        for item in self.plane.admin.request("GET", query)[1]["items"]:
            self.remove(item["metadata"]["name"])

    def _kubelet(self, machine: Machine) -> Client:
        if machine.id not in self._kubelets:
            identity = node_identity(machine)
            self.plane.add_identity(identity)
            self.plane.name_instance(machine.id, machine.name)
            token = cluster_token(identity, cluster=self.plane.cluster, region=self.plane.region)
            self._kubelets[machine.id] = self.plane.client(token)
        return self._kubelets[machine.id]

    def _grant_access(self, account: Account) -> None:
        group, rules = unique("faults"), approver_rules(KUBELET_SERVING)
        self.plane.add_identity(account.aws.identity)
        self.plane.map_role(account.aws.role_arn, "faults:approver", [group])
        bind(self.plane.admin, group, rules)
        identity = account.aws.identity
        token = cluster_token(identity, cluster=self.plane.cluster, region=self.plane.region)
        for rule in rules:
            eventually(partial(allowed, self.plane.client(token), rule), f"{rule} to take effect")
