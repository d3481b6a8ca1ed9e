"""A real Kubernetes control plane for the tests: etcd, kube-apiserver, signer, EKS's tokens.

The Go module in this folder is the control plane, one binary; the Python package builds and
drives it:

    python -m sandbox.controlplane build

    with ControlPlane("prod").start(directory) as plane:
        plane.admin.request("GET", "/version")
"""

from sandbox.controlplane.build import BuildError, build, built
from sandbox.controlplane.client import Client
from sandbox.controlplane.kubelets import AddressType, KubeletEvent, Kubelets
from sandbox.controlplane.launch import ControlPlane
from sandbox.controlplane.process import NotReadyError, eventually
from sandbox.identity import AwsIdentity

__all__ = [
    "AddressType",
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
