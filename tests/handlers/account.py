"""An AWS account with EKS clusters whose nodes file CSRs, and which can be made to fail."""

import base64
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from copy import copy
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from moto.eks.models import eks_backends

from sandbox.aws import ACCOUNT, HOME, Eni, FakeAws, Machine
from sandbox.fake_apiserver.api import Answer, Call
from sandbox.fake_apiserver.bodies import time_text
from sandbox.identity import AwsIdentity
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import (
    APP_SERVING,
    KUBELET_SERVING,
    SEES_SERVICES,
    FakeCluster,
    Rule,
    User,
    approver_rules,
)
from sandbox.tokens import utc_now
from tests.service_builders import USAGES, a_filed_service_csr

VPC = "vpc-0aaaaaaaaaaaaaaaa"
GROUP = "csr-approvers"
NODE_ROLE = "eks-node"
GPU_ROLE = "eks-gpu-node"

#: Old enough for approvals and denials to be due.
DUE = timedelta(minutes=7)

Fault = Callable[[Call, Callable[[Call], Answer]], Answer]


class Cluster(FakeCluster):
    """A fake cluster that records its calls and may be made to fail.

    `fault` is called between the server and the API. `connections`: a thread serves each.
    """

    def __init__(self, account: "Account", name: str, region: str, number: int) -> None:
        super().__init__(name, region=region, clock=self.now, app_serving=True)
        self.account = account
        self.number = number
        self.clock_ahead = timedelta()
        self.calls: list[Call] = []
        self.tokens: set[str] = set()
        self.connections: set[threading.Thread] = set()
        self.fault: Fault | None = None

    def now(self) -> datetime:
        """Return the time by this cluster's clock, which may be `clock_ahead` of ours."""
        return utc_now() + self.clock_ahead

    def start_process(self, name: str) -> None:
        super().start_process(name)
        if self._server is not None:
            self._server.answer = partial(self._answered, self._server.answer)
            self._server.judge = partial(self._judged, self._server.judge)

    def _judged(self, judge: Callable[[str], User], token: str) -> User:
        self.tokens.add(token)
        return judge(token)

    def _answered(self, answer: Callable[[Call], Answer], call: Call) -> Answer:
        self.calls.append(call)
        self.connections.add(threading.current_thread())
        return answer(call) if self.fault is None else self.fault(call, answer)

    def onboard(self) -> None:
        """Give the approver access, with the three rules that it needs."""
        self.map_role(self.account.aws.role_arn, "csr-approver", [GROUP])
        self.grant(GROUP, approver_rules(KUBELET_SERVING))

    def launch(self, node: int, role: str = NODE_ROLE) -> Machine:
        """Add an EC2 instance that is a node of this cluster; `node` is any small number."""
        machine = Machine(
            id=f"i-{self.number:01x}{node:016x}",
            region=self.region,
            vpc_id=VPC,
            launched=utc_now() - timedelta(hours=1),
            enis=(Eni(f"10.{self.number}.{node // 250}.{node % 250 + 1}"),),
            profile_arn=self.account.profiles[role],
            tags={f"kubernetes.io/cluster/{self.cluster}": "owned"},
        )
        self.account.aws.add_machine(machine)
        return machine

    def file(
        self,
        node: int = 1,
        *,
        name: str = "",
        role: str = NODE_ROLE,
        known: bool = True,
        ips: Sequence[str] = (),
        dns: Sequence[str] = (),
        age: timedelta = DUE,
        request: bytes = b"",
    ) -> str:
        """File the CSR of a node, valid by default; return its name.

        `known`: EC2 shows the instance. `ips`: requested instead of its own addresses. `dns`:
        requested in addition.
        """
        machine = self.launch(node, role)
        if not known:
            self.account.remove_machine(machine)
        self.name_instance(machine.id, machine.name)
        identity = AwsIdentity.session(role, machine.id, account=ACCOUNT)
        asked = ips or (machine.enis[0].ip,)
        name = name or f"csr-{node:04}"
        self.seed(
            name,
            self.user_of(identity),
            request or kubelet_request(machine.name, dns=[machine.name, *dns], ips=asked)[0],
            created=utc_now() - age,
        )
        return name

    def repeat(self, name: str, others: Iterable[str], *, earlier: timedelta = timedelta()) -> None:
        """Copy a CSR to other names, as if its requester had filed them earlier."""
        model = self.get(name)
        created = datetime.fromisoformat(model["metadata"]["creationTimestamp"]) - earlier
        for other in others:
            changed = {
                "name": other,
                "uid": f"uid-of-{other}",
                "creationTimestamp": time_text(created),
            }
            self.seed_object(model | {"metadata": model["metadata"] | changed})

    def serve_apps(self) -> None:
        """Give the approver access for the second signer, too."""
        self.grant(GROUP, [Rule(("approve",), "signers", (APP_SERVING,)), SEES_SERVICES])

    def ask(
        self,
        namespace: str = "shop",
        *,
        service: str = "web",
        name: str = "",
        dns: Sequence[str] = (),
        age: timedelta = DUE,
    ) -> str:
        """File a ServiceAccount's CSR for a Service, or for other names; return its name."""
        name = name or f"{namespace}-{service}"
        account = f"system:serviceaccount:{namespace}:issuer"
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
        asked = dns or (f"{service}.{namespace}.svc",)
        filed = a_filed_service_csr(dns=asked, ips=(), cn=None, words=f"{self.cluster} {name}")
        self.seed(
            name,
            User(account, groups=groups),
            cast("bytes", filed.request),
            signer=APP_SERVING,
            usages=USAGES,
            created=utc_now() - age,
        )
        return name

    def decision(self, name: str) -> str:
        """Return `Approved` or `Denied`; empty while it is pending."""
        conditions = self.get(name)["status"].get("conditions") or []
        return ", ".join(condition["type"] for condition in conditions)

    def certificate(self, name: str) -> bytes:
        """Return the certificate that was issued for a CSR, in PEM."""
        return base64.b64decode(self.get(name)["status"]["certificate"])

    @property
    def listings(self) -> int:
        """Return how many pages were requested."""
        return sum(call.method == "GET" for call in self.calls)

    @property
    def writes(self) -> list[str]:
        """Return the names of the CSRs for which a decision was sent, in order."""
        return sorted(call.path[4] for call in self.calls if call.method == "PUT")


class Account:
    """The fake AWS, and the clusters in it."""

    def __init__(self, aws: FakeAws, opened: ExitStack) -> None:
        self.aws = aws
        self._running = opened.enter_context(ExitStack())
        self._count = 0
        self.profiles = {NODE_ROLE: aws.add_profile(NODE_ROLE)}
        self.queue_url = aws.create_queue()

    def cluster(
        self,
        name: str = "prod",
        region: str = HOME,
        *,
        tags: Mapping[str, str] | None = None,
        ca_pem: str = "",
        onboarded: bool = True,
    ) -> Cluster:
        """Add a running cluster with access for the approver. `ca_pem`: another CA for EKS."""
        self._count += 1
        cluster = Cluster(self, name, region, self._count)
        self._running.enter_context(cluster.start())
        self.aws.add_cluster(
            name,
            region,
            server=cluster.server,
            ca_pem=ca_pem or cluster.ca_pem,
            vpc_id=VPC,
            tags=tags,
        )
        cluster.add_identity(self.aws.identity)
        for role in (NODE_ROLE, GPU_ROLE):
            cluster.map_role(
                f"arn:aws:iam::{ACCOUNT}:role/{role}",
                "system:node:{{EC2PrivateDNSName}}",
                ["system:bootstrappers", "system:nodes"],
            )
        if onboarded:
            cluster.onboard()
        return cluster

    def remove_clusters(self) -> None:
        """Stop all clusters, and delete them and their nodes' instances."""
        self._running.close()
        for backend in eks_backends[ACCOUNT].values():
            backend.clusters.clear()
        self.aws._machines.clear()

    def name_only(self, names: Iterable[str], region: str = HOME, **tags: str) -> None:
        """Add clusters that are described like any other, but have no API."""
        model: Any = None
        for name in names:
            if model is None:
                server = "https://127.0.0.1:1"
                self.aws.add_cluster(
                    name, region, server=server, ca_pem=self.ca_pem, vpc_id=VPC, tags=tags
                )
                model = self._described(name, region)
                continue
            # Moto takes long to make one, because of keys that aren't used here.
            twin = copy(model)
            twin.name = name
            eks_backends[ACCOUNT][region].clusters[name] = twin

    def change(self, name: str, region: str = HOME, **fields: Any) -> None:
        """Change DescribeCluster's answer, as `status="DELETING"`."""
        for field, value in fields.items():
            setattr(self._described(name, region), field, value)

    def restrict(self, name: str, *cidrs: str, public: bool = True, region: str = HOME) -> None:
        """Open the public endpoint to these networks only, or turn it off."""
        vpc = self._described(name, region).resources_vpc_config
        changes = {"endpointPublicAccess": public, "publicAccessCidrs": list(cidrs)}
        self.change(name, region, resources_vpc_config=vpc | changes)

    def trust(self, name: str, ca_pem: str) -> None:
        """Let EKS return another CA."""
        data = base64.b64encode(ca_pem.encode()).decode()
        self.change(name, certificate_authority={"data": data})

    def remove_machine(self, machine: Machine) -> None:
        """Remove this instance from EC2."""
        self.aws._machines[machine.region].pop(machine.id)

    @property
    def ca_pem(self) -> str:
        """Return the CA of another cluster."""
        return FakeCluster("elsewhere").ca_pem

    @staticmethod
    def _described(name: str, region: str) -> Any:
        return eks_backends[ACCOUNT][region].clusters[name]


def assigned(account: Account) -> list[str]:
    """Return the clusters of the messages on the queue, with their Regions, in order."""
    bodies = [json.loads(record["body"]) for record in account.aws.receive(account.queue_url)]
    return sorted(f"{body['region']}/{body['cluster']}" for body in bodies)
