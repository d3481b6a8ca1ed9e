"""Ordinary nodes of every kind: all get their certificates."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.aws import Eni
from sandbox.fleet.places import Node
from sandbox.fleet.scenario import (
    APPROVED,
    Outcome,
    Scenario,
    counted,
    from_catalogue,
    own_names,
    private_names,
    with_key,
)

#: The nodes that attackers target, one per cluster.
NEIGHBOURS: Final = {
    "shop": Node("shop", "1.11"),
    "media": Node("media", "1.11", resource_name=True),
    "lab": Node("lab", "1.11"),
    "acquired": Node("acquired", "1.11"),
}

#: The node whose kubelet the demo starts. EKS leaves such a request pending.
#: From: github.com/aws/containers-roadmap, issue 1947.
BROKEN_KEY: Final = ec.generate_private_key(ec.SECP256R1())
BROKEN: Final = Scenario(
    "Replacement at the address of a node just gone",
    Node("shop", "1.17", kind="karpenter", up=400, generation=2),
    APPROVED,
    with_key(BROKEN_KEY),
)

_RESTARTED: Final = Node("shop", "1.21")
_THREE_USAGES: Final = ("digital signature", "key encipherment", "server auth")

ORDINARY: Final = (
    # --- shop: IPv4, us-east-1
    Scenario("Managed node group", NEIGHBOURS["shop"], APPROVED, from_catalogue("valid/kubelet")),
    Scenario("Karpenter", Node("shop", "1.12", kind="karpenter"), APPROVED, own_names),
    Scenario("Self-managed", Node("shop", "1.13", kind="self-managed"), APPROVED, own_names),
    # A kubelet asks for its public names only after it has a certificate for its private ones.
    Scenario(
        "Public subnet, first request: private names only",
        Node("shop", "1.14", public="203.0.113.14"),
        APPROVED,
        private_names,
    ),
    Scenario(
        "Public subnet, second request: also a public name and address",
        Node("shop", "1.15", public="203.0.113.15"),
        APPROVED,
        own_names,
    ),
    Scenario("Kubelet that restarted a minute ago", _RESTARTED, APPROVED, own_names),
    Scenario(
        "Its request from before it restarted",
        _RESTARTED,
        counted("newest"),
        own_names,
        age=180,
    ),
    Scenario(
        "Node named by its instance id",
        Node("shop", "1.16", role="eks-node-by-id"),
        APPROVED,
        own_names,
    ),
    BROKEN,
    Scenario(
        "Many pods, more interfaces: its own address only",
        Node(
            "shop",
            "1.18",
            pod_ips=("10.20.1.181", "10.20.1.182"),
            more=(
                Eni("10.20.1.190", secondary=("10.20.1.191",), device=1),
                Eni("10.20.1.200", kind="trunk", device=2),
            ),
        ),
        APPROVED,
        own_names,
    ),
    Scenario(
        "Kubelet with an RSA key, as it asked until 1.26",
        Node("shop", "1.19"),
        APPROVED,
        from_catalogue("valid/rsa-2048"),
        usages=_THREE_USAGES,
    ),
    Scenario(
        "Names in capitals, with a final dot",
        Node("shop", "1.20"),
        APPROVED,
        from_catalogue("valid/trailing-dot"),
    ),
    # --- media: IPv6 and resource names, eu-west-1
    Scenario(
        "Named by resource name", NEIGHBOURS["media"], APPROVED, from_catalogue("valid/kubelet")
    ),
    Scenario(
        "IPv6 node",
        Node("media", "1.12", ipv6="2001:db8:30::12", pod_prefix="2001:db8:30:1::/80"),
        APPROVED,
        own_names,
    ),
    Scenario(
        "Auto Mode, an EC2 managed instance",
        Node("media", "1.13", kind="auto mode", role="eks-auto-node"),
        APPROVED,
        own_names,
    ),
    # --- lab: the verdict is the same, but nothing is written because of its tag
    Scenario(
        "A good node of a cluster in shadow mode",
        NEIGHBOURS["lab"],
        Outcome("approve", "", "withheld"),
        own_names,
    ),
)
