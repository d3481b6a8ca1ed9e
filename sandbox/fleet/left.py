"""Requests that are left: not due, without evidence, not ours, or decided already."""

from typing import Final

from sandbox.fleet.ordinary import NEIGHBOURS
from sandbox.fleet.places import NOT_SHOWN, Node
from sandbox.fleet.scenario import (
    Outcome,
    Past,
    Scenario,
    counted,
    found,
    from_catalogue,
    left,
    own_names,
    own_names_and,
)

_LOOPING: Final = Node("media", "2.29")

LEFT: Final = (
    # --- not due
    Scenario(
        "Filed just now: EKS may still approve it itself",
        Node("shop", "3.21"),
        Outcome("", "", "waiting", counted=True),
        own_names,
        age=20,
    ),
    Scenario(
        "Another node's name, filed two minutes ago",
        Node("media", "3.21"),
        Outcome("deny", "dns-names", "waiting"),
        from_catalogue("san/other-dns"),
    ),
    # --- stopped at a gate
    Scenario(
        "Abandoned: its kubelet has dropped the key by now",
        Node("shop", "3.22"),
        counted("fresh"),
        own_names,
        age=1_200,
    ),
    Scenario(
        "Fargate: EKS's own to judge",
        Node("media", "3.23", kind="untagged"),
        counted("node-kind"),
        own_names,
        role="eks-fargate",
        session="fargate-ip-10-30-3-23.eu-west-1.compute.internal",
    ),
    Scenario(
        "Hybrid node: EKS's own to judge",
        Node("media", "3.24", kind="untagged", state=NOT_SHOWN),
        counted("node-kind"),
        own_names,
        role="eks-hybrid-node",
        session="mi-0a1b2c3d4e5f67890",
    ),
    Scenario(
        "A person that aws-auth names like a node",
        NEIGHBOURS["shop"],
        counted("node-kind"),
        own_names,
        role="administrator",
        session="alice",
    ),
    Scenario(
        "A build job that asks for a node's certificate",
        Node("shop", "3.25", state=NOT_SHOWN),
        counted("requester-is-node"),
        own_names,
        role="builder",
        session="build-4711",
    ),
    # --- no running instance to compare with, or not enough
    Scenario(
        "Instance that EC2 doesn't show yet",
        Node("shop", "3.26", state=NOT_SHOWN),
        left("instance-known"),
        own_names,
    ),
    Scenario(
        "Instance that was stopped meanwhile",
        Node("shop", "3.27", state="stopped"),
        left("instance-running"),
        own_names,
    ),
    Scenario(
        "Instance launched after the request was filed",
        Node("shop", "3.28", up=60, kind="karpenter"),
        left("instance-launched-before"),
        own_names,
        age=300,
    ),
    Scenario(
        "Instance that bears another cluster's tag",
        Node("shop", "3.29", tagged="lab"),
        left("cluster"),
        own_names,
    ),
    Scenario(
        "Session named like an instance, of another role",
        Node("shop", "3.30"),
        left("node-role"),
        own_names,
        role="build-runner",
    ),
    Scenario(
        "Also a pod's address: a secondary one",
        Node("shop", "3.31", pod_ips=("10.20.3.131",)),
        left("ip-addresses"),
        own_names_and(ips=("10.20.3.131",)),
        age=420,
    ),
    Scenario(
        "Also a pod's address: of a delegated prefix",
        Node("shop", "3.32", pod_prefix="10.20.64.0/28"),
        left("ip-addresses"),
        own_names_and(ips=("10.20.64.7",)),
        age=420,
    ),
    # --- decided earlier, and watched
    Scenario(
        "Approved by a person, never issued",
        Node("shop", "3.33"),
        found("approved-not-issued"),
        own_names,
        age=600,
        past=Past("KubectlApprove"),
    ),
    Scenario(
        "Approved by a person, refused by the signer",
        Node("media", "3.34"),
        found("signer-failed"),
        from_catalogue("san/email"),
        age=600,
        past=Past("KubectlApprove", failed="Email subjectAltNames are not allowed"),
    ),
    Scenario(
        "Issued with a name that was not approved",
        _LOOPING,
        found("issued-mismatch"),
        own_names,
        age=600,
        past=Past("ApprovedByCsrApprover", issued_also="kubernetes.default.svc"),
    ),
    Scenario(
        "The same node asks again",
        _LOOPING,
        left("not-reissued-in-a-loop"),
        own_names,
    ),
)
