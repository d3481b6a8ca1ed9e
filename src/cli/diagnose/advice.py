"""Say what to do about each cause, in at most a few lines."""

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from cli.diagnose.causes import Cause, Explanation
from cli.diagnose.diagnosis import DiagnosedCsr
from cli.diagnose.run import ClusterDiagnosis
from core.model import CANONICAL_ARN, Role
from core.printable import printable

#: AWS's page, which asks for this check of all clusters before the upgrade to Kubernetes 1.24.
PAGE: Final = "https://docs.aws.amazon.com/eks/latest/userguide/cert-signing.html"

#: How much is printed of one name, in characters. Requesters choose names, so they are bounded.
LONGEST_NAME: Final = 100

# In characters, like LONGEST_NAME.
_LONGEST_DETAIL: Final = 300

_MAX_NAMES: Final = 5

_SENTENCES: Final[Mapping[Cause, str]] = {
    Cause.WAITING: "Wait: EKS decides most requests within 75 s; run diagnose again in two "
    "minutes.",
    Cause.NAMES_MAY_LAG: "Wait: EC2 may not show {names} on {instance} yet; run diagnose again in "
    "a few minutes, and approve nothing until then.",
    Cause.JUST_APPROVED: "Wait: the request was {detail}, and the signer takes a moment; run "
    "diagnose again in two minutes.",
    Cause.NOT_APPROVED: "Every check passes: deploy the approver in a mode that approves, or "
    "approve what is pending now: `{review} --apply`",
    Cause.NOT_ISSUED: "The request was {detail}, but has no certificate: approve it a second time "
    "with `{review} --apply --set REAPPROVE_UNISSUED=true` (`kubectl certificate approve` does "
    "nothing, because it is already approved); if that changes nothing, open a case with AWS.",
    Cause.NOT_ISSUED_AFTER_US: "The request was {detail}, but has no certificate: open a case with "
    "AWS, and name the cluster and {csr}.",
    Cause.NAMES_NEED_SETTING: "If the node may have {names}, run the approver with {settings}; "
    "to try that: `{review} {set}`; otherwise remove {them} from the node's addresses.",
    Cause.NAMES_NOT_ACCEPTED: "EC2 shows {names} on the instance, but perhaps for a pod, or "
    "another name than the node's: start the kubelet with --node-ip and the node's own address, as "
    "the EKS AMIs do.",
    Cause.NAMES_NOT_ON_INSTANCE: "EC2 doesn't show {names} on {instance}: remove {them} from "
    "the node's addresses (hostname, --node-ip, cloud provider), and approve nothing until you "
    "know why the node asks for {them}.",
    Cause.NAMES_RESERVED: "Only the cluster or AWS may have {names}: approve nothing, and find "
    "out why {node} asks for {them}.",
    Cause.ADDRESS_MOVED: "The public address has most likely left {instance}: `kubectl delete csr "
    "{csr}`, and the kubelet asks again within 32 s, with its addresses of then: {detail}.",
    Cause.NO_CLUSTER_TAG: "If {instance} is a node of this cluster, tag it: `aws ec2 create-tags "
    "--region {region} --resources {instance} --tags Key=kubernetes.io/cluster/{cluster},"
    "Value=owned`",
    Cause.OTHER_VPC: "If nodes in another VPC are intended ({detail}), run the approver with "
    "ALLOW_OTHER_VPCS=true; otherwise find out why {instance} is in this cluster.",
    Cause.OTHER_CLUSTER: "Approve nothing until you know why an instance of another cluster asks "
    "here: {detail}.",
    Cause.NODE_NAME: "Run the kubelet with --hostname-override and one of the instance's names: "
    "{detail}.",
    Cause.NODE_ROLE: "Allow only ec2.amazonaws.com to assume the node role, and give the instance "
    "the role's profile: {detail}.",
    Cause.NO_IDENTITY: "Let the node authenticate by IAM; if the nodes can't, run the approver "
    "with ALLOW_NAME_IDENTITY=true: {detail}.",
    Cause.NO_INSTANCE: "Run diagnose with credentials of {account}; if the result is the same, "
    "find out what impersonated the node: {detail}.",
    Cause.NOT_EC2: "EKS itself approves Fargate, hybrid and HyperPod nodes ({detail}). Check the "
    "role's mapping: for Fargate that the pod execution role still has its access entry of type "
    "FARGATE_LINUX, or its aws-auth entry with system:node-proxier. Check that a hybrid node has "
    "the label eks.amazonaws.com/compute-type=hybrid, asks for its own name, and for addresses of "
    "the remote node networks only.",
    Cause.NOT_A_NODE: "No EC2 node filed this: find out what {requester} is, and approve nothing: "
    "{detail}.",
    Cause.ROLE_NOT_MAPPED: "Only if {instance} is meant to be a node, do this: {detail}.",
    Cause.NOT_A_KUBELET_REQUEST: "No kubelet files such a request: find out what did, and approve "
    "nothing: {detail}.",
    Cause.SIGNER_FAILED: "Fix what the signer reports; the kubelet files a new request within a "
    "minute: {detail}.",
    Cause.DENIED: "Fix the reason for the denial; the kubelet files a new request within a minute: "
    "{detail}.",
    Cause.FEWER_NAMES: "EKS left names out of the certificate; from 1.24 on it issues none for "
    "such a request ({detail}). Before the upgrade, remove these names from the node's addresses, "
    "or deploy the approver, which approves what EC2 confirms.",
    Cause.WRONG_CERTIFICATE: "The certificate is wrong: {detail}. Isolate {instance} until you "
    "know who approved and who signed it.",
    Cause.EC2_MAY_LAG: "EC2's answer may be minutes old: run diagnose again in a few minutes: "
    "{detail}.",
    Cause.EVIDENCE_UNAVAILABLE: "Not judged ({detail}): fix that, then run diagnose again.",
    Cause.NOT_JUDGED: "Report this as a bug of csr-approver: {detail}.",
    Cause.CREATED_IN_FUTURE: "Correct this machine's clock and run diagnose again: {detail}.",
    Cause.NO_NEWER_REQUEST: "Check whether `kubectl logs` works for a pod on {node}. If it works, "
    "a later request was issued and is no longer listed, so delete this one: `kubectl delete csr "
    "{csr}`. If it fails, check that the node's kubelet runs and reaches the cluster: it files a "
    "new request after 15 minutes.",
    Cause.SUPERSEDED: "Nothing to do: the kubelet has filed a newer request.",
    Cause.INSTANCE_GONE: "Nothing to do: the node's instance no longer runs, or was restarted "
    "since.",
    Cause.ABANDONED: "Nothing to do: no EC2 node filed it, and its requester no longer waits.",
}

# Up to 1.23 EKS leaves names out by design. From 1.24 on it doesn't, so this is a fault.
_FEWER_NAMES_SINCE_1_24: Final = (
    "The certificate isn't what the node asked for ({detail}), so its kubelet files new requests "
    "without end: remove the names that EC2 doesn't confirm from the node's addresses; if EC2 "
    "confirms all of them, run the approver, and open a case with AWS."
)


def about_version(diagnosed: ClusterDiagnosis) -> str:
    """Return, in one line, what the cluster's version means for its requests."""
    if diagnosed.is_strict is None:
        return "version unknown; from 1.24 on EKS issues nothing for a name that it can't verify"
    version = f"Kubernetes {diagnosed.version}"
    if not diagnosed.is_strict:
        return (
            f"{version}: EKS leaves out names that it can't verify; from 1.24 on it issues nothing "
            "for a request with one"
        )
    strict = f"{version}: since 1.24 EKS issues nothing for a request with a name it can't verify"
    if diagnosed.ready is not False:
        return strict
    return f"{strict}; nodes that need action have no certificate now, or one that will expire"


def remedy(explanation: Explanation, csr: DiagnosedCsr, diagnosed: ClusterDiagnosis) -> str:
    """Return what to do about a cause. Text that a requester chose is escaped and bounded."""
    text = _SENTENCES[explanation.cause]
    if explanation.cause is Cause.FEWER_NAMES and diagnosed.is_strict:
        text = _FEWER_NAMES_SINCE_1_24
    cluster, region = printable(diagnosed.name), printable(diagnosed.region)
    return text.format(
        cluster=cluster,
        region=region,
        review=f"csr-approver review {cluster} --region {region}",
        csr=shlex.quote(printable(csr.csr.name, 253)),
        node=node_of(csr),
        requester=printable(csr.csr.username, LONGEST_NAME),
        account=_account_of(csr),
        instance=csr.instance_id or "the instance",
        names=_listed(explanation.values),
        them="it" if len(explanation.values) == 1 else "them",
        settings=" and ".join(explanation.settings),
        set=" ".join(f"--set {one}" for one in explanation.settings),
        detail=printable(explanation.detail, _LONGEST_DETAIL) or "see the request",
    )


def _account_of(csr: DiagnosedCsr) -> str:
    """Return the account of the requester's role, as far as the request shows it."""
    role = next(map(Role.of_arn, csr.csr.extra.get(CANONICAL_ARN, ())), None)
    return "the node's own account" if role is None else f"the node's account {role.account}"


def node_of(one: DiagnosedCsr) -> str:
    """Return the node's name, or the username of a requester that isn't a node."""
    return printable(one.csr.node or one.csr.username, LONGEST_NAME)


def age_of(seconds: float) -> str:
    """Return an age such as `42 s`, `12 min` or `5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.0f} h"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ", ".join(printable(name, LONGEST_NAME) for name in names[:_MAX_NAMES]) + more
