"""Start a control plane on loopback, in its own folder, and stop and start its processes."""

import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

import urllib3

from sandbox.identity import AwsIdentity
from tests.real.controlplane.build import BuildError, built
from tests.real.controlplane.certificates import Authority, make_key
from tests.real.controlplane.client import Client
from tests.real.controlplane.configuration import (
    write_audit_policy,
    write_egress_selection,
    write_kubeconfig,
)
from tests.real.controlplane.kubelets import Kubelets
from tests.real.controlplane.process import LOOPBACK, Port, Process
from tests.real.controlplane.registry import Registry

SERVICE_RANGE: Final = "10.100.0.0/16"
"""The cluster's Service addresses; kube-apiserver's own is the first, 10.100.0.1."""

CERTIFICATE_LIFETIME: Final = timedelta(days=365)
"""How long the signer's certificates are valid, unless a test sets it."""

# Relative to the processes' folder, because a Unix socket's path may have at most 107 bytes.
_EGRESS: Final = "egress.sock"
_NODES: Final = "nodes"

_PROBE: Final = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(1))


class ControlPlane:
    """One cluster's control plane: the processes of one API server.

    - `etcd` and `apiserver`: the real ones.
    - `identity`: aws-iam-authenticator's verifier of EKS tokens, with a fake STS.
    - `egress`: the API server's connections to kubelets.
    - `signer`: issues approved requests.

    If the environment variable `KUBEBUILDER_ASSETS` is set, etcd and kube-apiserver come from that
    folder and there are no other processes: no certificate is issued, no EKS token is accepted,
    and no kubelet can be reached.
    """

    def __init__(
        self,
        cluster: str = "sandbox",
        *,
        region: str = "us-east-1",
        partition: str = "aws",
        token_cache_seconds: int = 1,
        audited: bool = False,
    ) -> None:
        """Define a cluster. EKS tokens must be signed for its name, and for STS in its partition.

        `token_cache_seconds`: how long the API server remembers a verified token. `audited`: it
        writes what happens to CSRs to `audit_log`.
        """
        self.cluster = cluster
        self.region = region
        self.partition = partition
        self._token_cache_seconds = token_cache_seconds
        self._audited = audited
        self._processes: dict[str, Process] = {}
        self._ports: list[Port] = []
        self._assets = os.environ.get("KUBEBUILDER_ASSETS")

    @property
    def has_signer(self) -> bool:
        """Return True when a certificate is issued for an approved request."""
        return not self._assets

    @property
    def has_identity(self) -> bool:
        """Return True when the API server accepts EKS tokens."""
        return not self._assets

    def start(self, directory: Path) -> Self:
        """Start all processes, with files in an empty directory, and wait until they are ready.

        Raises `BuildError` if the control plane isn't built, and `NotReadyError` with the end of
        the log if a process doesn't become ready.
        """
        try:
            self._describe(directory)
            for name in self._processes:
                self.start_process(name)
        except BaseException:
            self.close()
            raise
        return self

    def __enter__(self) -> Self:
        """Return the control plane: `with ControlPlane().start(directory) as plane`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Stop all processes."""
        self.close()

    def close(self) -> None:
        """Stop all processes and release the ports; the directory stays."""
        # In reverse, so that no process loses the API server or etcd before it stops.
        for process in reversed(self._processes.values()):
            process.stop()
        for port in self._ports:
            port.close()

    def stop(self, name: str) -> None:
        """Kill one process; its port stays reserved, its data stays on disk."""
        self._processes[name].stop()

    def start_process(self, name: str) -> None:
        """Start one process with its port and data, and wait until it is ready."""
        self._processes[name].start()

    def restart(self, name: str) -> None:
        """Kill one process and start it again."""
        self.stop(name)
        self.start_process(name)

    def pids(self) -> dict[str, int]:
        """Return the ids of the running processes, by name."""
        return {name: process.pid for name, process in self._processes.items() if process.pid}

    def client(self, token: str) -> Client:
        """Return a client with this token and no certificate."""
        return Client(self.server, self._serving.pair.certificate, token=token)

    def kubeconfig(self, path: Path, *, token: str = "") -> Path:
        """Write a kubeconfig for this token, or for the administrator; return `path`."""
        ca = self._serving.pair.certificate
        user = None if token else self._administrator
        return write_kubeconfig(path, self.server, ca=ca, user=user, token=token)

    @property
    def kubelet_client_ca(self) -> Path:
        """Return the file of the CA that kubelets trust for clients, such as the API server."""
        return self._clients.pair.certificate

    @property
    def audit_log(self) -> Path:
        """Return the file with one entry of the audit log per line."""
        return self._directory / "audit.log"

    def kubelet_socket(self, ip: str) -> Path:
        """Return the Unix socket that the API server connects to for this node's port 10250."""
        folder = self._directory / _NODES
        folder.mkdir(exist_ok=True)
        return folder / f"{ip}:10250"

    def kubelets(self, *, wait: timedelta | None = None) -> Kubelets:
        """Start one process for the kubelets of all nodes, with no node yet; the caller closes it.

        `wait`: how long a kubelet waits for a certificate, in place of its own 15 minutes.
        Raises `BuildError` if `KUBEBUILDER_ASSETS` is set, because that folder has no kubelet.
        """
        if not self._binary:
            raise BuildError("KUBEBUILDER_ASSETS has no kubelet; unset KUBEBUILDER_ASSETS")
        # A new folder each time: a control plane may have several such processes.
        folder = Path(tempfile.mkdtemp(prefix="kubelets-", dir=self._directory))
        flags = [
            f"--server={self.server}",
            f"--ca={self._serving.pair.certificate}",
            f"--client-ca={self.kubelet_client_ca}",
            f"--nodes={_NODES}",
            f"--directory={folder}",
            *([f"--wait={wait.total_seconds()}s"] if wait else []),
        ]
        return Kubelets([str(self._binary), "kubelets", *flags], self._directory, folder)

    def set_certificate_lifetime(self, lifetime: timedelta) -> None:
        """Restart the signer, so that it issues certificates of this lifetime.

        The lifetime begins 5 minutes before a certificate is issued.
        """
        self._processes["signer"].stop()
        self._describe_signer(lifetime)
        self._processes["signer"].start()

    def add_identity(self, identity: AwsIdentity) -> None:
        """Add an access key to the fake STS."""
        self._registry.add_identity(identity)

    def map_role(self, role_arn: str, username: str, groups: Sequence[str] = ()) -> None:
        """Map a role to a user, as an access entry does.

        `role_arn` has no path, because it is compared with a canonical ARN, which has none. The
        username is fixed text or a template of aws-iam-authenticator:
        `system:node:{{EC2PrivateDNSName}}`, `{{SessionName}}`.
        """
        self._registry.map_role(role_arn, username, groups)

    def name_instance(self, instance_id: str, private_dns_name: str) -> None:
        """Set an instance's private DNS name, the value of `{{EC2PrivateDNSName}}`."""
        self._registry.name_instance(instance_id, private_dns_name)

    def _describe(self, directory: Path) -> None:
        """Write the keys and the configuration, and define each process's command.

        The order in which the processes are defined is the order in which they start.
        """
        self._binary = None if self._assets else built()
        if not self._assets and not self._binary:
            raise BuildError(
                "the control plane isn't built: run `python -m tests.real.controlplane build`"
            )
        self._keys = directory / "keys"
        self._keys.mkdir(parents=True)
        self._directory = directory
        self._registry = Registry(directory / "registry.json")

        (directory / _NODES).mkdir()

        self._serving = Authority.make(self._keys, "serving-ca")
        self.ca_pem = self._serving.pem
        self._signer = Authority.make(self._keys, "signer-ca")
        self.signer_ca_pem = self._signer.pem
        self._clients = Authority.make(self._keys, "client-ca")
        self._administrator = self._clients.client(self._keys, "admin", ("system:masters",))
        self._etcd = self._port()
        self._webhook = self._port()
        api = self._port()
        self.server = f"https://{api.address}"
        self.admin = Client(
            self.server, self._serving.pair.certificate, certificate=self._administrator
        )

        self._describe_etcd()
        if self.has_identity:
            self._describe_identity()
        if self._binary:
            self._describe_egress()
        self._describe_apiserver(api)
        if self.has_signer:
            self._signer_port = self._port()
            self._signer_kubeconfig = self.kubeconfig(directory / "signer.kubeconfig")
            self._describe_signer(CERTIFICATE_LIFETIME)

    def _describe_etcd(self) -> None:
        client, peer = f"http://{self._etcd.address}", f"http://{self._port().address}"
        flags = [
            f"--data-dir={self._directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--socket-reuse-port",  # `Port` keeps the port bound
            "--unsafe-no-fsync",  # faster, and no data has to survive a crash of the machine
            "--log-level=warn",
        ]
        self._process("etcd", "etcd", flags, lambda: _answers(f"{client}/health"))

    def _describe_identity(self) -> None:
        flags = [
            f"--listen={self._webhook.address}",
            f"--registry={self._registry.path}",
            f"--cluster={self.cluster}",
            f"--partition={self.partition}",
            f"--region={self.region}",
        ]
        health = f"http://{self._webhook.address}/healthz"
        self._process("identity", "identity", flags, lambda: _answers(health))

    def _describe_egress(self) -> None:
        flags = [f"--listen={_EGRESS}", f"--nodes={_NODES}"]
        self._process("egress", "egress", flags, lambda: _listens(self._directory / _EGRESS))

    def _describe_apiserver(self, port: Port) -> None:
        serving = self._serving.server(self._keys, "apiserver", LOOPBACK)
        # The file that `certificate` names has the public key: ServiceAccounts need no certificate.
        service_account_key = make_key(self._keys, "service-accounts")
        flags = [
            f"--etcd-servers=http://{self._etcd.address}",
            f"--bind-address={LOOPBACK}",
            f"--advertise-address={LOOPBACK}",
            f"--secure-port={port.number}",
            "--permit-port-sharing",  # `Port` keeps the port bound
            # Kubernetes accepts no loopback address as an endpoint of its own Service.
            "--endpoint-reconciler-type=none",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={self.kubelet_client_ca}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={service_account_key.certificate}",
            f"--service-account-signing-key-file={service_account_key.key}",
            "--anonymous-auth=false",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--profiling=false",
        ]
        if self.has_identity:
            webhook = write_kubeconfig(
                self._directory / "webhook.kubeconfig",
                f"http://{self._webhook.address}/authenticate",
            )
            flags += [
                f"--authentication-token-webhook-config-file={webhook}",
                f"--authentication-token-webhook-cache-ttl={self._token_cache_seconds}s",
            ]
        if self._audited:
            policy = write_audit_policy(self._directory / "audit-policy.json")
            flags += [f"--audit-policy-file={policy}", f"--audit-log-path={self.audit_log}"]
        if self._binary:
            flags += self._kubelet_connection_flags()
        self._process("apiserver", "kube-apiserver", flags, self._api_is_ready)

    def _kubelet_connection_flags(self) -> list[str]:
        """Return kube-apiserver's flags for its connections to kubelets.

        InternalIP comes first, as on EKS: errors of `kubectl logs` show that its API server
        connects to that address.
        """
        client = self._clients.client(self._keys, "kube-apiserver-kubelet-client", ())
        egress = write_egress_selection(self._directory / "egress.json", _EGRESS)
        return [
            f"--kubelet-certificate-authority={self._signer.pair.certificate}",
            f"--kubelet-client-certificate={client.certificate}",
            f"--kubelet-client-key={client.key}",
            "--kubelet-preferred-address-types=InternalIP,InternalDNS,Hostname",
            f"--egress-selector-config-file={egress}",
        ]

    def _describe_signer(self, lifetime: timedelta) -> None:
        address = self._signer_port.address
        flags = [
            f"--listen={address}",
            f"--kubeconfig={self._signer_kubeconfig}",
            f"--ca-cert={self._signer.pair.certificate}",
            f"--ca-key={self._signer.pair.key}",
            f"--duration={lifetime.total_seconds()}s",
        ]
        self._process("signer", "signer", flags, lambda: _answers(f"http://{address}/healthz"))

    def _process(
        self, name: str, program: str, flags: list[str], ready: Callable[[], bool]
    ) -> None:
        """Define a process. `program`: a binary of `KUBEBUILDER_ASSETS`, or a command of ours."""
        if self._assets:
            command = [str(Path(self._assets) / program), *flags]
        else:
            command = [str(self._binary), program, *flags]
        self._processes[name] = Process(
            name, command, folder=self._directory, ready=ready, own=not self._assets
        )

    def _port(self) -> Port:
        port = Port()
        self._ports.append(port)
        return port

    def _api_is_ready(self) -> bool:
        try:
            return self.admin.request("GET", "/readyz")[0] == 200
        except urllib3.exceptions.HTTPError:
            return False


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0


def _answers(url: str) -> bool:
    try:
        return _PROBE.request("GET", url).status == 200
    except urllib3.exceptions.HTTPError:
        return False
