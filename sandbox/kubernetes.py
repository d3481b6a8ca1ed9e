"""The fake API server: the CSR API of one cluster, for the demo and the fast tests.

It behaves as kube-apiserver v1.36.2 was measured to behave, as far as this project depends on it;
the suite in `tests/contract/` runs against both. It answers 501 to what it doesn't support:
watches, PATCH, changes outside /approval, and options whose meaning it would have to guess.

    with FakeCluster("prod").start() as cluster:
        cluster.add_identity(identity)
        cluster.map_role(role_arn, "approver", ["csr-approvers"])
        cluster.grant("csr-approvers", approver_rules("kubernetes.io/kubelet-serving"))
        ...  # cluster.server, cluster.ca_pem, and a token for the cluster's name
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from pathlib import Path
from typing import Self

from sandbox.fake_apiserver.access import SEES_SERVICES, Access, Rule, approver_rules
from sandbox.fake_apiserver.api import Api
from sandbox.fake_apiserver.authority import Authority
from sandbox.fake_apiserver.bodies import Condition, Metadata, Spec
from sandbox.fake_apiserver.objects import approved_object, new_object
from sandbox.fake_apiserver.rules import KUBELET_SERVING
from sandbox.fake_apiserver.server import Server
from sandbox.fake_apiserver.signer import APP_SERVING, with_certificate
from sandbox.fake_apiserver.status import Json
from sandbox.fake_apiserver.store import Store
from sandbox.identity import AwsIdentity
from sandbox.tokens import Clock, TokenJudge, User, partition_of, utc_now

__all__ = [
    "APP_SERVING",
    "KUBELET_SERVING",
    "SEES_SERVICES",
    "FakeCluster",
    "Rule",
    "User",
    "approver_rules",
]

KUBELET_USAGES = ("digital signature", "server auth")


class FakeCluster:
    """One cluster: its own CA, objects, users and grants. Its parts: `apiserver` and `signer`."""

    has_signer = True
    has_identity = True

    def __init__(
        self,
        cluster: str = "sandbox",
        *,
        region: str = "us-east-1",
        clock: Clock = utc_now,
        app_serving: bool = False,
    ) -> None:
        """`app_serving`: EKS's signer for workloads issues, too; upstream has no such signer."""
        self.cluster = cluster
        self.region = region
        self.partition = partition_of(region)
        self._clock = clock
        self._judge = TokenJudge(cluster, region, clock)
        self._access = Access()
        self._store = Store()
        self._authority = Authority(cluster)
        self._serving = self._authority.serving()
        self._api = Api(self._store, self._access, self._authority, clock)
        self._api.signs_app_serving = app_serving
        self._server: Server | None = None
        self._port = 0

    # --- start and stop -----------------------------------------------------------------------

    def start(self, _directory: Path | None = None) -> Self:
        """Listen; ready when this returns. The directory is unused; `ControlPlane` needs one."""
        self.start_process("apiserver")
        return self

    def close(self) -> None:
        """Close all connections and the port."""
        self.stop("apiserver")

    def stop(self, name: str) -> None:
        """Stop the `apiserver` (its port and objects are kept) or the `signer`."""
        if name == "signer":
            self._api.signer_runs = False
        elif self._server is not None:
            self._server.stop()
            self._server = None

    def start_process(self, name: str) -> None:
        """Start a part again; the signer then signs what it has missed."""
        if name == "signer":
            self._api.signer_runs = True
            for item in self._store.all():
                self._api.sign(item["metadata"]["name"])
        elif self._server is None:
            self._server = Server(self._port, self._serving, self._judge.judge, self._api.answer)
            self._port = self._server.server_address[1]

    def restart(self, name: str) -> None:
        """Stop a part and start it again."""
        self.stop(name)
        self.start_process(name)

    def __enter__(self) -> Self:
        """Return itself: `with FakeCluster().start() as cluster`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self.close()

    # --- address and rights -------------------------------------------------------------------

    @property
    def server(self) -> str:
        """Return `https://127.0.0.1:PORT`; the port stays the same through stops and starts."""
        if not self._port:
            raise RuntimeError("the fake cluster has not been started; call start()")
        return f"https://127.0.0.1:{self._port}"

    @property
    def ca_pem(self) -> str:
        """Return the CA of the API's certificate."""
        return self._authority.pem.decode()

    @property
    def signer_ca_pem(self) -> str:
        """Return the CA of the signer: the same, as with kubeadm and kube-up."""
        return self.ca_pem

    def add_identity(self, identity: AwsIdentity) -> None:
        """Add an access key to the cluster's STS."""
        self._judge.add_identity(identity)

    def map_role(self, role_arn: str, username: str, groups: Sequence[str] = ()) -> None:
        """Map a role to a user, as an access entry does; aws-iam-authenticator's templates work."""
        self._judge.map_role(role_arn, username, groups)

    def name_instance(self, instance_id: str, private_dns_name: str) -> None:
        """Set an instance's private DNS name, which replaces `{{EC2PrivateDNSName}}`."""
        self._judge.name_instance(instance_id, private_dns_name)

    def grant(self, subject: str, rules: Iterable[Rule]) -> None:
        """Give a group (or a user name) rights. `system:masters` needs none."""
        self._access.grant(subject, rules)

    def revoke(self, subject: str) -> None:
        """Remove every granted right of a subject."""
        self._access.revoke(subject)

    def user_of(self, identity: AwsIdentity) -> User:
        """Return the user of this identity's tokens. Raises `TokenRefused`."""
        return self._judge.user_of(identity)

    # --- its objects --------------------------------------------------------------------------

    def seed(
        self,
        name: str,
        user: User,
        request: bytes,
        *,
        signer: str = KUBELET_SERVING,
        usages: Sequence[str] = KUBELET_USAGES,
        created: datetime | None = None,
        expiration_seconds: int | None = None,
        labels: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
        conditions: Iterable[Mapping[str, str]] = (),
        certificate: bytes = b"",
    ) -> Json:
        """Store a CSR as if this user had filed it at `created`, and return it.

        Nothing is checked: even a request that no parser reads may be seeded. `conditions` may
        lack their times. An object of the same name is replaced.
        """
        moment = created or self._clock()
        metadata = Metadata(
            name=name, labels=dict(labels or {}), annotations=dict(annotations or {})
        )
        spec = Spec(
            request=request,
            signerName=signer,
            expirationSeconds=expiration_seconds,
            usages=list(usages),
        )
        item = new_object(name, metadata, spec, user, moment)
        decided = [Condition(**condition) for condition in conditions]
        item = approved_object(item, metadata, decided, self._clock())
        return self.seed_object(with_certificate(item, certificate) if certificate else item)

    def seed_object(self, item: Json) -> Json:
        """Store any object, well formed or not; it needs `metadata.name`."""
        return deepcopy(self._store.write(item["metadata"]["name"], item))

    def put_service(
        self, namespace: str, name: str, *, kind: str = "ClusterIP", ips: Sequence[str] = ()
    ) -> None:
        """Create or replace a Service; without addresses it is headless."""
        self._api.services.put(namespace, name, self._clock(), kind=kind, ips=ips)

    def remove_service(self, namespace: str, name: str) -> None:
        """Delete a Service."""
        self._api.services.remove(namespace, name)

    def issue(self, name: str, certificate: bytes) -> None:
        """Issue this certificate (PEM), whatever the request asks for."""
        with self._store.lock:
            self._store.write(name, with_certificate(self._store.get(name), certificate))

    def remove(self, name: str) -> None:
        """Delete a CSR, as its owner or the cleaner would."""
        self._store.remove(name)

    def get(self, name: str) -> Json:
        """Return a copy of an object. Raises `ApiError` 404."""
        return deepcopy(self._store.get(name))

    def objects(self) -> list[Json]:
        """Return copies of all objects, in the order of lists."""
        return [deepcopy(item) for item in self._store.all()]

    def forget_lists(self) -> None:
        """Expire all continue tokens (410), as etcd's compaction and a restart do."""
        self._store.forget_lists()
