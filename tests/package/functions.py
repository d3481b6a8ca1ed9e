"""The two functions as Lambda runs them, and the events that they are tested with."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from package.runtime_api import LambdaFunction
from sandbox.aws import ACCOUNT, HOME, Eni, FakeAws, Machine
from sandbox.identity import AwsIdentity
from sandbox.kubelet import kubelet_request
from sandbox.kubernetes import FakeCluster
from sandbox.tokens import utc_now
from tests.package.conftest import CLUSTER, VPC
from tests.template.sam import transformed
from tests.template.templates import ROOT

DISPATCH: Final = "handlers.dispatch.handler"
REVIEW: Final = "handlers.review.handler"
FUNCTIONS: Final = {DISPATCH: "DispatcherFunction", REVIEW: "ReviewerFunction"}
EVENTS: Final = {
    DISPATCH: ("schedule",),
    REVIEW: ("review", "review-excluded", "review-unreadable", "review"),
}

INSTANCE: Final = "i-0123456789abcdef0"


def event(name: str) -> Any:
    return json.loads((ROOT / "events" / f"{name}.json").read_text())


def environment(handler: str, aws: FakeAws, **parameters: str) -> dict[str, str]:
    """Return a function's environment in the fake account, for a stack with these parameters."""
    stack = transformed().stack(**parameters)
    found = {**stack.environment(FUNCTIONS[handler]), **aws.environment()}
    if handler == DISPATCH:
        found["QUEUE_URL"] = aws.create_queue()
    return found


def function(build: Path, handler: str, aws: FakeAws, **parameters: str) -> LambdaFunction:
    """Return a function in the fake account, of a stack with these parameters."""
    return LambdaFunction(
        build / FUNCTIONS[handler], handler, environment(handler, aws, **parameters)
    )


def file_csr(cluster: FakeCluster, aws: FakeAws, *, address: str) -> str:
    """Add a node's instance, file its CSR for this address, and return the CSR's name."""
    now = utc_now()
    aws.add_machine(
        Machine(
            id=INSTANCE,
            region=HOME,
            vpc_id=VPC,
            launched=now - timedelta(hours=1),
            enis=(Eni(ip="10.0.1.10"),),
            profile_arn=aws.add_profile("eks-node"),
            tags={f"kubernetes.io/cluster/{CLUSTER}": "owned"},
        )
    )
    node = "ip-10-0-1-10.ec2.internal"
    cluster.name_instance(INSTANCE, node)
    identity = AwsIdentity.session("eks-node", INSTANCE, account=ACCOUNT)
    cluster.map_role(
        f"arn:aws:iam::{ACCOUNT}:role/eks-node",
        "system:node:{{EC2PrivateDNSName}}",
        ["system:bootstrappers", "system:nodes"],
    )
    request, _ = kubelet_request(node, dns=[node], ips=[address])
    cluster.seed("csr-1", cluster.user_of(identity), request, created=now - timedelta(minutes=7))
    return "csr-1"


def conditions(cluster: FakeCluster, name: str) -> list[str]:
    return [condition["type"] for condition in cluster.get(name)["status"].get("conditions", [])]
