"""Start a control plane on loopback, in its own folder, and stop and start its parts."""

import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import urllib3

from sandbox.identity import AwsIdentity
from tests.real.controlplane.build import BuildError, built
from tests.real.controlplane.certificates import Authority, make_key
from tests.real.controlplane.client import Client
from tests.real.controlplane.configuration import write_egress_selection, write_kubeconfig
from tests.real.controlplane.kubelets import Kubelets
from tests.real.controlplane.process import LOOPBACK, Port, Process
from tests.real.controlplane.registry import Registry

SERVICE_RANGE: Final = "10.100.0.0/16"
"""The cluster's Service addresses; kube-apiserver's own is the first, 10.100.0.1."""

CERTIFICATE_LIFE: Final = timedelta(days=365)
"""How long the signer's certificates last, unless a test sets it."""

# Relative to the processes' folder, because a Unix socket's path has 107 bytes at most.
_EGRESS: Final = "egress.sock"
_NODES: Final = "nodes"

_PROBE: Final = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(1))


class ControlPlane:
    """One cluster's control plane: `etcd`, `identity`, `egress`, `apiserver` and `signer`.

    With `KUBEBUILDER_ASSETS` set, etcd and kube-apiserver come from that folder, and there is no
    other process: nothing is issued, no token is valid, and no kubelet can be reached.
    """

    def __init__(
        self,
        cluster: str = "sandbox",
        *,
        region: str = "us-east-1",
        partition: str = "aws",
        token_cache_seconds: int = 1,
    ) -> None:
        """Define a cluster; tokens must be signed for its name, and for STS in its partition."""
        self.cluster = cluster
        self.region = region
        self.partition = partition
        self._token_cache_seconds = token_cache_seconds
        self._processes: dict[str, Process] = {}
        self._ports: list[Port] = []
        self._assets = os.environ.get("KUBEBUILDER_ASSETS")

    @property
    def has_signer(self) -> bool:
        """Return whether approved requests are issued."""
        return not self._assets

    @property
    def has_identity(self) -> bool:
        """Return whether EKS tokens are understood."""
        return not self._assets

    def start(self, directory: Path) -> Self:
        """Start all processes, with files in an empty directory, and wait until they are ready.

        Raises `BuildError` if there is no binary, and `NotReadyError` with the end of the log if a
        process doesn't become ready.
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
        """Return itself: `with ControlPlane().start(directory) as plane`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything."""
        self.close()

    def close(self) -> None:
        """Stop all processes and release the ports; the directory stays."""
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
        """Write how to reach it, with a token or as the administrator; return `path`."""
        ca, user = self._serving.pair.certificate, None if token else self._administrator
        return write_kubeconfig(path, self.server, ca=ca, user=user, token=token)

    @property
    def kubelet_client_ca(self) -> Path:
        """Return the CA certificate of the kubelets' clients, such as the API server."""
        return self._clients.pair.certificate

    def kubelets(self, *, wait: timedelta | None = None) -> Kubelets:
        """Start a process for the kubelets of nodes, without any node; the caller closes it.

        `wait`: how long they wait for a certificate, in place of the kubelet's own 15 minutes.
        Raises `BuildError` with `KUBEBUILDER_ASSETS`, which have no kubelet.
        """
        if not self._binary:
            raise BuildError("KUBEBUILDER_ASSETS has no kubelet; unset KUBEBUILDER_ASSETS")
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

    def set_certificate_life(self, life: timedelta) -> None:
        """Let certificates last this long from now on; they begin 5 minutes before their issue."""
        self._processes["signer"].stop()
        self._describe_signer(life)
        self._processes["signer"].start()

    def add_identity(self, identity: AwsIdentity) -> None:
        """Add an access key to the fake STS."""
        self._registry.add_identity(identity)

    def map_role(self, role_arn: str, username: str, groups: Sequence[str] = ()) -> None:
        """Map a role to a user, as an access entry does.

        `role_arn` is without a path, as in `canonicalArn`. The username is fixed text or a template
        of aws-iam-authenticator: `system:node:{{EC2PrivateDNSName}}`, `{{SessionName}}`.
        """
        self._registry.map_role(role_arn, username, groups)

    def name_instance(self, instance_id: str, private_dns_name: str) -> None:
        """Set an instance's private DNS name, the value of `{{EC2PrivateDNSName}}`."""
        self._registry.name_instance(instance_id, private_dns_name)

    def _describe(self, directory: Path) -> None:
        """Make keys and configuration, and define each process's command."""
        self._binary = None if self._assets else built()
        if not self._assets and not self._binary:
            raise BuildError("not built yet: run `python -m tests.real.controlplane build`")
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
            self._describe_signer(CERTIFICATE_LIFE)

    def _describe_etcd(self) -> None:
        client, peer = f"http://{self._etcd.address}", f"http://{self._port().address}"
        flags = [
            f"--data-dir={self._directory / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--socket-reuse-port",
            "--unsafe-no-fsync",
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
        accounts = make_key(self._keys, "service-accounts")
        flags = [
            f"--etcd-servers=http://{self._etcd.address}",
            f"--bind-address={LOOPBACK}",
            f"--advertise-address={LOOPBACK}",
            f"--secure-port={port.number}",
            "--permit-port-sharing",
            "--endpoint-reconciler-type=none",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            f"--tls-cert-file={serving.certificate}",
            f"--tls-private-key-file={serving.key}",
            f"--client-ca-file={self.kubelet_client_ca}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={accounts.certificate}",
            f"--service-account-signing-key-file={accounts.key}",
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
        if self._binary:
            flags += self._ways_to_kubelets()
        self._process("apiserver", "kube-apiserver", flags, self._api_is_ready)

    def _ways_to_kubelets(self) -> list[str]:
        """Return kube-apiserver's flags for its connections to kubelets.

        EKS's API server connects to a node's InternalIP, as the errors of `kubectl logs` show.
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

    def _describe_signer(self, life: timedelta) -> None:
        address = self._signer_port.address
        flags = [
            f"--listen={address}",
            f"--kubeconfig={self._signer_kubeconfig}",
            f"--ca-cert={self._signer.pair.certificate}",
            f"--ca-key={self._signer.pair.key}",
            f"--duration={life.total_seconds()}s",
        ]
        self._process("signer", "signer", flags, lambda: _answers(f"http://{address}/healthz"))

    def _process(
        self, name: str, program: str, flags: list[str], ready: Callable[[], bool]
    ) -> None:
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
