"""A real Kubernetes control plane for the tests: etcd, kube-apiserver, signer, EKS's tokens.

The Go module in this folder is the control plane, one binary; the Python package builds and
drives it:

    python -m tests.real.controlplane build

    with ControlPlane("prod").start(directory) as plane:
        plane.admin.request("GET", "/version")
"""

from sandbox.identity import AwsIdentity
from tests.real.controlplane.build import BuildError, build, built
from tests.real.controlplane.client import Client
from tests.real.controlplane.kubelets import KubeletEvent, Kubelets
from tests.real.controlplane.launch import ControlPlane
from tests.real.controlplane.process import NotReadyError, eventually

__all__ = [
    "AwsIdentity",
    "BuildError",
    "Client",
    "ControlPlane",
    "KubeletEvent",
    "Kubelets",
    "NotReadyError",
    "build",
    "built",
    "eventually",
]
