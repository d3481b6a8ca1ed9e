"""Requests as people reported them in public: each must lead to the advice that would have helped.

Each is rebuilt with keys and names of our own. `docs/kubelets.md` says what the real kubelet sends.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pytest

from cli.diagnose.advice import advise
from cli.diagnose.cause import Cause, Need
from cli.diagnose.run import ClusterDiagnosis
from core.model import Csr, Decision
from tests.builders import (
    ADDRESS,
    INSTANCE_ID,
    NODE,
    PUBLIC_ADDRESS,
    PUBLIC_NAME,
    a_filed_csr,
    an_extra,
    an_instance,
    an_interface,
    approved,
    settings,
)
from tests.cli.diagnosed_world import World, the_one

YOUNG: Final = timedelta(seconds=15)
THREE_MINUTES: Final = timedelta(seconds=200)
HOST: Final = NODE.partition(".")[0]
FARGATE: Final = "fargate-ip-10-0-5-77.eu-west-1.compute.internal"
HYBRID: Final = "mi-0a1b2c3d4e5f67890"
HYPERPOD: Final = "hyperpod-i-0000000000000005a"


@dataclass(frozen=True)
class FieldCase:
    """A report, and what diagnose must say of it. `words`: each is in the remedy."""

    report: str
    world: Callable[[], World]
    cause: Cause
    words: tuple[str, ...] = ()
    verdict: Decision = Decision.LEAVE

    @property
    def need(self) -> Need:
        return self.cause.need


def _asking(**asked: Any) -> World:
    return World([a_filed_csr(**{"age": THREE_MINUTES, **asked})])


def _by_session(node: str, session: str, **asked: Any) -> World:
    return _asking(node=node, dns=(node,), extra=an_extra(session), **asked)


def _workload(**asked: Any) -> Csr:
    """Return a CSR with the subject of a node, of a Job that wants a webhook's certificate."""
    name = "cache-server.shop.svc"
    account = "system:serviceaccount:shop:deployer"
    filed = {"node": name, "dns": (name,), "ips": (), "username": account, "extra": {}}
    return a_filed_csr(name="cache-server.shop", age=THREE_MINUTES, **{**filed, **asked})


def _of_domain(name: str) -> FieldCase:
    """Return a node whose operating system has another name or domain than EC2."""
    return FieldCase(
        "kubernetes/kops#13399, bottlerocket-os/bottlerocket#3013",
        lambda: _asking(dns=(NODE, name)),
        Cause.HOST_NAME,
        (name, f"--hostname-override and the name that EC2 shows ({NODE})"),
        Decision.DENY,
    )


CASES: Final[dict[str, FieldCase]] = {
    "public names that a setting refuses": FieldCase(
        "awslabs/amazon-eks-ami#60, #75",
        lambda: World(
            [a_filed_csr(dns=(NODE, PUBLIC_NAME), ips=(ADDRESS, PUBLIC_ADDRESS))],
            settings=settings(allow_public_addresses=False),
        ),
        Cause.NAMES_NEED_SETTING,
        (PUBLIC_NAME, PUBLIC_ADDRESS, "--set ALLOW_PUBLIC_ADDRESSES=true"),
    ),
    **{
        f"a node's role mapped to {username}": FieldCase(
            "kubernetes/autoscaler#2337, eksctl-io/eksctl#1324, aws/karpenter-provider-aws#7558",
            lambda username=username, groups=groups: _asking(username=username, groups=groups),  # type: ignore[misc]
            Cause.ROLE_NOT_MAPPED,
            (
                f"On {INSTANCE_ID} the kubelet asks as {username}",
                "system:node:{{EC2PrivateDNSName}}",
                "--principal-arn arn:aws:iam::111122223333:role/eks-node --type EC2_LINUX",
            ),
        )
        for username, groups in {
            "arn:aws:iam::111122223333:role/eks-node": ("system:nodes", "system:authenticated"),
            "node-role": ("system:masters", "system:authenticated"),
            f"arn:aws:sts::111122223333:assumed-role/eks-node/{INSTANCE_ID}": ("admin",),
        }.items()
    },
    "Fargate": FieldCase(
        "kubernetes-sigs/aws-load-balancer-controller#2202",
        lambda: _by_session(FARGATE, FARGATE),
        Cause.FARGATE,
        ("pod execution role", "FARGATE_LINUX", "system:node-proxier"),
    ),
    "Fargate, whose role is mapped to another name": FieldCase(
        "kubernetes-sigs/aws-load-balancer-controller#2202",
        lambda: _by_session(FARGATE, FARGATE, username="arn:aws:iam::111122223333:role/eks-node"),
        Cause.FARGATE,
        ("pod execution role", "describe-access-entry"),
    ),
    "HyperPod": FieldCase(
        "awslabs/ai-on-sagemaker-hyperpod",
        lambda: World(_by_session(HYPERPOD, "i-0000000000000005a").items, instances=()),
        Cause.HYPERPOD,
        ("HYPERPOD_LINUX", "SageMaker"),
    ),
    "HyperPod, with a session name of SageMaker's": FieldCase(
        "awslabs/ai-on-sagemaker-hyperpod",
        lambda: _by_session(HYPERPOD, "SageMaker-i-0000000000000005a"),
        Cause.HYPERPOD,
        ("HYPERPOD_LINUX",),
    ),
    "a DHCP domain of two labels": FieldCase(
        "kubernetes/kops#13399",
        lambda: _asking(dns=(NODE, f"{HOST}.zone.example")),
        Cause.NAMES_NEED_SETTING,
        ("--set EXTRA_DNS_SUFFIXES=zone.example",),
        Decision.DENY,
    ),
    "a DHCP domain of one label": _of_domain(f"{HOST}.corp"),
    "a host name without domain": _of_domain(HOST),
    "a company's host name": _of_domain("eksw-fra-0251.corp.example"),
    "the domain of another Region": _of_domain(f"{HOST}.ec2.internal"),
    "a webhook in a kubelet's clothes": FieldCase(
        "kubeflow/pipelines#7273, minio/operator#743",
        lambda: World([_workload()]),
        Cause.WORKLOAD,
        (
            "beta.eks.amazonaws.com/app-serving",
            "kubectl --context CONTEXT delete csr cache-server.shop",
        ),
    ),
    "an operator's, that it approved itself": FieldCase(
        "minio/operator#796, postfinance/kubelet-csr-approver#61",
        lambda: World([_workload(conditions=(approved("MinIOOperatorAutoApproval"),))]),
        Cause.WORKLOAD,
        ("beta.eks.amazonaws.com/app-serving",),
    ),
    "a peered VPC": FieldCase(
        "aws/containers-roadmap#153",
        lambda: World([a_filed_csr()], [an_instance(vpc_id="vpc-0b")]),
        Cause.OTHER_VPC,
        ("--set ALLOW_OTHER_VPCS=true",),
    ),
    "another account": FieldCase(
        "aws/karpenter-provider-aws#9466, aws/containers-roadmap#307",
        lambda: World([a_filed_csr()], instances=()),
        Cause.NO_INSTANCE,
        ("credentials of the node's account 111122223333",),
    ),
    "a public address that EC2 doesn't show yet": FieldCase(
        "eksctl-io/eksctl#440",
        lambda: World(
            [
                a_filed_csr(
                    age=timedelta(seconds=30),
                    dns=(NODE, PUBLIC_NAME),
                    ips=(ADDRESS, PUBLIC_ADDRESS),
                )
            ],
            [an_instance(public_dns_name="", interfaces=(an_interface(public=()),))],
        ),
        Cause.NAMES_MAY_LAG,
        ("Wait",),
        Decision.DENY,
    ),
    "a hybrid node by Roles Anywhere": FieldCase(
        "aws/eks-hybrid#149",
        lambda: _by_session("rack7-node2.dc.example", "rack7-node2.dc.example"),
        Cause.HYBRID,
        ("eks.amazonaws.com/compute-type=hybrid", "HYBRID_LINUX", "remote node networks"),
    ),
    "a hybrid node by SSM": FieldCase(
        "aws/eks-hybrid#149", lambda: _by_session(HYBRID, HYBRID), Cause.HYBRID, ("HYBRID_LINUX",)
    ),
    "a young Fargate node": FieldCase(
        "kubernetes-sigs/aws-load-balancer-controller#2202",
        lambda: _by_session(FARGATE, FARGATE, age=YOUNG),
        Cause.WAITING,
    ),
    "a young hybrid node": FieldCase(
        "kubernetes-sigs/aws-load-balancer-controller#2202",
        lambda: _by_session(HYBRID, HYBRID, age=YOUNG),
        Cause.WAITING,
    ),
    "a VPC without DNS host names": FieldCase(
        "terraform-aws-modules/terraform-aws-eks#446",
        lambda: World([a_filed_csr()], [an_instance(private_dns_name="", public_dns_name="")]),
        Cause.NO_PRIVATE_NAME,
        ("enableDnsHostnames", "InstanceIdNodeName", "modify-vpc-attribute"),
    ),
    "a VPC without DNS host names, and a node named by its id": FieldCase(
        "awsdocs/amazon-eks-user-guide#136",
        lambda: World(
            [a_filed_csr(node=INSTANCE_ID, dns=(INSTANCE_ID,))],
            [an_instance(private_dns_name="", public_dns_name="")],
        ),
        Cause.NOT_APPROVED,
        ("review prod --region eu-west-1 --apply",),
        Decision.APPROVE,
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_a_reported_request_leads_to_the_right_advice(what: str) -> None:
    case = CASES[what]
    world = case.world()

    found = the_one(world)

    assert ([case.cause], case.verdict) == ([one.cause for one in found.causes], found.verdict)
    diagnosed = ClusterDiagnosis("prod", "eu-west-1", "1.33", world.diagnosis())
    advice = advise(case.cause, [(found.causes[0], found)], diagnosed)
    remedy = " ".join((advice.text, *advice.commands))
    assert [] == [word for word in case.words if word not in remedy]


def test_a_role_is_never_advised_to_be_mapped_as_a_nodes_for_a_session_name_alone() -> None:
    """Anyone who assumes a role may choose a session name like Fargate's."""
    world = _by_session(FARGATE, FARGATE, username="mallory")
    found = the_one(world)
    diagnosed = ClusterDiagnosis("prod", "eu-west-1", "1.33", world.diagnosis())

    commands = advise(found.causes[0].cause, [(found.causes[0], found)], diagnosed).commands

    assert [] == [one for one in commands if "create" in one or "update" in one]


def test_a_refused_public_name_is_left_and_the_refusal_names_the_setting() -> None:
    evaluation = the_one(CASES["public names that a setting refuses"].world()).evaluation

    assert evaluation is not None
    assert evaluation.verdict is not None
    assert [("dns-names", True), ("ip-addresses", True)] == [
        (one.check, "ALLOW_PUBLIC_ADDRESSES=false refuses public names" in one.detail)
        for one in evaluation.verdict.refusals
    ]
