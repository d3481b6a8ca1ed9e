"""The fleet: a fake AWS, a fake API server for each cluster, and CSRs filed there."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from sandbox.aws import ACCOUNT, FakeAws
from sandbox.csr_builder import Names
from sandbox.fake_apiserver.authority import Authority
from sandbox.fake_apiserver.bodies import time_text
from sandbox.fake_apiserver.goreader import read
from sandbox.fleet.ordinary import NEIGHBOURS
from sandbox.fleet.places import NOT_SHOWN, PLACES, Node
from sandbox.fleet.scenario import Scenario
from sandbox.fleet.workloads import SERVICES
from sandbox.identity import AwsIdentity
from sandbox.kubernetes import (
    APP_SERVING,
    KUBELET_SERVING,
    SEES_SERVICES,
    FakeCluster,
    User,
    approver_rules,
)
from sandbox.node_addresses import Family, cloud_addresses, names

_GROUP: Final = "csr-approvers"
_NODES: Final = ("system:bootstrappers", "system:nodes")
_BY_ADDRESS: Final = "system:node:{{EC2PrivateDNSName}}"
_BY_SESSION: Final = "system:node:{{SessionName}}"

#: The role of every machine is the role of its instance profile, under this path.
_PATH: Final = "/kubernetes/"


class Fleet:
    """All scenarios at one moment. Only one may be open in a process.

    `aws` and `clusters` may be changed while it is open. `settings`: the handlers' environment.
    """

    def __init__(self, scenarios: Iterable[Scenario]) -> None:
        self.scenarios = tuple(scenarios)
        self.aws = FakeAws()
        self.clusters: dict[str, FakeCluster] = {}
        self.settings: Mapping[str, str] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Open everything and file the CSRs."""
        with ExitStack() as stack:
            stack.enter_context(self.aws)
            for place in PLACES.values():
                cluster = FakeCluster(place.name, region=place.region, app_serving=True)
                self.clusters[place.name] = stack.enter_context(cluster.start())
            self._describe()
            self._file(datetime.now(UTC))
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Close everything."""
        self._open.close()

    def _describe(self) -> None:
        """Add the clusters to AWS, and the mappings of roles to the clusters."""
        for place in PLACES.values():
            cluster = self.clusters[place.name]
            self.aws.add_cluster(
                place.name,
                place.region,
                server=cluster.server,
                ca_pem=cluster.ca_pem,
                vpc_id=place.vpc_id,
                service_range=place.service_range,
                tags=place.tags,
            )
            cluster.add_identity(self.aws.identity)
            if place.onboarded:
                cluster.map_role(self.aws.role_arn, "csr-approver", [_GROUP])
                cluster.grant(_GROUP, approver_rules(KUBELET_SERVING, APP_SERVING))
                cluster.grant(_GROUP, [SEES_SERVICES])
            for role, (username, groups) in _mappings(place.name).items():
                cluster.map_role(f"arn:aws:iam::{ACCOUNT}:role/{role}", username, groups)
        self.settings = {
            "MODE": "enforce",
            "APP_SERVING": "true",
            "REGIONS": ",".join(sorted({place.region for place in PLACES.values()})),
            "QUEUE_URL": self.aws.create_queue(),
            "STACK_NAME": "csr-approver",
        }

    def _file(self, now: datetime) -> None:
        roles = {scenario.node.role for scenario in self.scenarios}
        roles |= {node.role for node in NEIGHBOURS.values()}
        profiles = {role: self.aws.add_profile(role, path=_PATH) for role in sorted(roles)}
        for node in (*NEIGHBOURS.values(), *(entry.node for entry in self.scenarios)):
            self._launch(node, now, profiles[node.role])
        for cluster, namespace, name, ip in SERVICES:
            self.clusters[cluster].put_service(namespace, name, ips=[ip] if ip else [])
        for scenario in self.scenarios:
            self._file_one(scenario, now)

    def _launch(self, node: Node, now: datetime, profile_arn: str) -> None:
        for generation in range(1, node.generation):
            gone = replace(node, generation=generation, state="terminated", up=90_000)
            self.aws.add_machine(gone.machine(now, profile_arn))
        machine = node.machine(now, profile_arn)
        if node.state != NOT_SHOWN:
            self.aws.add_machine(machine)
        self.clusters[node.cluster].name_instance(node.id, machine.name)

    def _file_one(self, scenario: Scenario, now: datetime) -> None:
        cluster = self.clusters[scenario.cluster]
        user = self.user_of(scenario)
        created = now - timedelta(seconds=scenario.age)
        own = names_of(scenario.node, user, now)
        neighbour = NEIGHBOURS[scenario.cluster]
        request = scenario.asks(own, names_of(neighbour, self._node_user(neighbour), now))
        cluster.seed(
            scenario.name,
            user,
            request,
            signer=scenario.signer,
            usages=scenario.usages,
            created=created,
            expiration_seconds=scenario.expiration_seconds,
            conditions=_conditions(scenario, created),
            certificate=_certificate(scenario, request, created),
        )

    def user_of(self, scenario: Scenario) -> User:
        """Return the requester, as the cluster's authenticator does."""
        if scenario.namespace:
            return _service_account(scenario.namespace)
        role = scenario.role or scenario.node.role
        session = scenario.session or scenario.node.id
        identity = AwsIdentity.session(role, session, account=ACCOUNT)
        return self.clusters[scenario.cluster].user_of(identity)

    def _node_user(self, node: Node) -> User:
        identity = AwsIdentity.session(node.role, node.id, account=ACCOUNT)
        return self.clusters[node.cluster].user_of(identity)


def _service_account(namespace: str) -> User:
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}")
    return User(f"system:serviceaccount:{namespace}:issuer", groups=groups)


def names_of(node: Node, user: User, now: datetime) -> Names:
    """Return what a kubelet requests once the cloud controller has seen its node.

    From: nodeadm (the EKS AMIs set `--node-ip`).
    """
    name = user.username.removeprefix("system:node:")
    families: Sequence[Family] = ("ipv6", "ipv4") if node.ipv6 else ("ipv4",)
    node_ip = node.ipv6 or node.ip
    shown = cloud_addresses(node.machine(now), name, node_ip=node_ip, families=families)
    return Names(name, *names(shown))


def _mappings(cluster: str) -> Mapping[str, tuple[str, Sequence[str]]]:
    """Return each role's username and groups: access entries, and an aws-auth edited by hand."""
    neighbour = NEIGHBOURS[cluster].machine(datetime.now(UTC)).name
    return {
        "eks-node": (_BY_ADDRESS, _NODES),
        "eks-node-by-id": (_BY_SESSION, _NODES),
        "eks-auto-node": (_BY_SESSION, _NODES),
        "eks-fargate": (_BY_SESSION, _NODES),
        "eks-hybrid-node": (_BY_SESSION, _NODES),
        "build-runner": (_BY_ADDRESS, _NODES),
        "renamed-node": (f"system:node:{neighbour}", _NODES),
        "administrator": (f"system:node:{neighbour}", _NODES),
        "builder": ("builder:{{SessionName}}", ()),
    }


def _conditions(scenario: Scenario, created: datetime) -> list[dict[str, str]]:
    past = scenario.past
    if past is None:
        return []
    moment = {"status": "True", "lastUpdateTime": time_text(created + timedelta(seconds=60))}
    approved = {"type": "Approved", "reason": past.reason, **moment}
    reason = "SignerValidationFailure"
    failed = {"type": "Failed", "reason": reason, "message": past.failed, **moment}
    return [approved, failed] if past.failed else [approved]


def _certificate(scenario: Scenario, request: bytes, created: datetime) -> bytes:
    """Return a certificate from a signer that adds a name to the request's."""
    past = scenario.past
    if past is None or not past.issued_also:
        return b""
    asked = read(request)
    misread = replace(asked, dns=(*asked.dns, past.issued_also))
    return Authority("signer").issue(misread, scenario.usages, None, created)
