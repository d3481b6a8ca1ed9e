"""What each cause is called, what to do about it, and what to type. `cli.diagnose.advice` fills in.

Fields in braces: `names`, `instance`, `node`, `requester`, `role`, `account` and `detail` are for
sentences, and the others for commands: a command with `review` ends with `last`. `them` stands for
the names. What is between backticks is code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cli.diagnose.cause import Cause


@dataclass(frozen=True, slots=True)
class Advice:
    """A cause's title, what to do in a few sentences, and commands to type, the first one first."""

    title: str
    text: str
    commands: tuple[str, ...] = ()


_DELETE: Final = "{kubectl} delete csr {csrs}"
_TAG: Final = (
    "aws ec2 create-tags {aws} --resources {instances} "
    "--tags Key=kubernetes.io/cluster/{cluster},Value=owned"
)
_HOSTNAMES: Final = (
    "aws ec2 modify-vpc-attribute {aws} --vpc-id {vpc} --enable-dns-hostnames '{{\"Value\":true}}'"
)
_MAP: Final = (
    "aws eks create-access-entry {aws} --cluster-name {cluster} "
    "--principal-arn {role_word} --type EC2_LINUX"
)
_ENTRY: Final = (
    "aws eks describe-access-entry {aws} --cluster-name {cluster} --principal-arn {role_word}"
)

ADVICE: Final[Mapping[Cause, Advice]] = {
    Cause.WAITING: Advice(
        "young requests: EKS judges most within 75 s", "Wait: run diagnose again in two minutes."
    ),
    Cause.NAMES_MAY_LAG: Advice(
        "names that EC2 may not show yet",
        "Wait: EC2 may show {names} on {instance} only after some minutes. Run diagnose again "
        "then, and approve nothing until it confirms {them}.",
    ),
    Cause.NOT_APPROVED: Advice(
        "every check passes, and no one has approved",
        "Approve what passes now. Deployed in a mode that approves, csr-approver does this each "
        "minute.",
        ("{review} --apply{last}",),
    ),
    Cause.JUST_APPROVED: Advice(
        "approved a moment ago",
        "Wait: the signer takes a moment ({detail}). Run diagnose again in two minutes.",
    ),
    Cause.NOT_ISSUED: Advice(
        "approved by another approver, and not issued",
        "EKS's signer has issued nothing ({detail}). Approve a second time: `kubectl certificate "
        "approve` does nothing for an approved request. If that changes nothing, open a case with "
        "AWS.",
        ("{review} --apply --set REAPPROVE_UNISSUED=true{last}",),
    ),
    Cause.NOT_ISSUED_AFTER_US: Advice(
        "approved by csr-approver, and not issued",
        "EKS's signer has issued nothing ({detail}). Open a case with AWS, and name the cluster "
        "and the requests.",
    ),
    Cause.NAMES_NEED_SETTING: Advice(
        "names that only a setting allows",
        "The settings refuse {names}; with {settings} they accept {them}. If the node may have "
        "{them}, try it, and then give it to the stack; otherwise remove {them} from the node's "
        "addresses.",
        ("{review} {set}{last}",),
    ),
    Cause.NAMES_NOT_ACCEPTED: Advice(
        "names or addresses of the instance that aren't the node's",
        "EC2 shows {names} on {instance}, but perhaps for a pod, or another name than the node's. "
        "Start the kubelet with --node-ip and the node's own address, as the EKS AMIs do.",
    ),
    Cause.HOST_NAME: Advice(
        "host names that EC2 doesn't know",
        "EC2 has no name {names}: the machine or its DHCP domain gave it. Start the kubelet with "
        "--hostname-override and the name that EC2 shows ({detail}), as the EKS AMIs do; on "
        "Bottlerocket, set hostname-override-source to private-dns-name. Approve nothing until "
        "then. EXTRA_DNS_SUFFIXES would allow only the first label of EC2's name, under a domain "
        "of your own with two labels or more.",
    ),
    Cause.NAMES_NOT_ON_INSTANCE: Advice(
        "names or addresses that aren't the instance's",
        "EC2 doesn't show {names} on {instance}: remove {them} from the node's addresses "
        "(hostname, --node-ip, cloud provider), and approve nothing until you know why the node "
        "asks for {them}.",
    ),
    Cause.NAMES_RESERVED: Advice(
        "names that only the cluster or AWS may have",
        "Only the cluster or AWS may have {names}: approve nothing, and find out on {node} what "
        "asks for {them}.",
    ),
    Cause.ADDRESS_MOVED: Advice(
        "a public address that has left the instance",
        "Most likely {instance} had that address until a moment ago: {detail}. Delete the request: "
        "the kubelet asks again within 32 s, with the addresses that it has then.",
        (_DELETE,),
    ),
    Cause.NO_CLUSTER_TAG: Advice(
        "instances without the cluster's tag",
        "Tag {instance}, if known to be of this cluster.",
        (_TAG,),
    ),
    Cause.OTHER_VPC: Advice(
        "instances in another VPC",
        "If nodes in another VPC are intended ({detail}), try ALLOW_OTHER_VPCS=true, and then give "
        "it to the stack; otherwise find out why {instance} joined this cluster.",
        ("{review} --set ALLOW_OTHER_VPCS=true{last}",),
    ),
    Cause.OTHER_CLUSTER: Advice(
        "instances of another cluster",
        "Approve nothing until you know why an instance of another cluster asks here: {detail}.",
    ),
    Cause.NODE_NAME: Advice(
        "node names that aren't the instance's",
        "Start the kubelet with --hostname-override and one of the instance's names: {detail}.",
    ),
    Cause.NO_PRIVATE_NAME: Advice(
        "instances without a private DNS name",
        "EC2 gives {instance} no private DNS name, so the node's name can't be confirmed. Turn on "
        "enableDnsSupport and enableDnsHostnames of the VPC, and replace the node. Or name nodes "
        "by their instance ids: nodeadm's feature gate InstanceIdNodeName, or on Bottlerocket "
        "hostname-override-source=instance-id.",
        (_HOSTNAMES,),
    ),
    Cause.NODE_ROLE: Advice(
        "another role than the instance profile's",
        "Find out who asks with this role, and approve nothing until you know: {detail}. An EC2 "
        "node has the role of its instance profile, which only ec2.amazonaws.com should assume.",
    ),
    Cause.NO_IDENTITY: Advice(
        "nodes without an IAM session",
        "Let the node authenticate by IAM; if the nodes can't, run the approver with "
        "ALLOW_NAME_IDENTITY=true: {detail}.",
    ),
    Cause.NO_INSTANCE: Advice(
        "EC2 shows no such instance",
        "Run diagnose with credentials of {account}; if the result is the same, find out what "
        "impersonated the node, and approve nothing: {detail}.",
    ),
    Cause.ROLE_NOT_MAPPED: Advice(
        "EC2 nodes whose role isn't mapped as a node's",
        "On {instance} the kubelet asks as {requester}, so the cluster doesn't treat it as a node. "
        "Only if it is meant to be one: give its role an access entry of type EC2_LINUX (for "
        "Windows EC2_WINDOWS), after deleting an entry of another type. In a cluster of the mode "
        "CONFIG_MAP, map it in aws-auth to the username system:node:{{{{EC2PrivateDNSName}}}} and "
        "the groups system:bootstrappers and system:nodes. Then delete the request.",
        (_MAP, _DELETE),
    ),
    Cause.FARGATE: Advice(
        "Fargate nodes, which EKS itself judges",
        "csr-approver never judges these. Check that {role} is the pod execution role of a Fargate "
        "profile of this cluster, and that it is mapped: by an access entry of type FARGATE_LINUX, "
        "or in aws-auth to system:node:{{{{SessionName}}}} and the groups system:bootstrappers, "
        "system:nodes and system:node-proxier. If it is, open a case with AWS.",
        (_ENTRY,),
    ),
    Cause.HYBRID: Advice(
        "hybrid nodes, which EKS itself judges",
        "csr-approver never judges these. EKS approves a hybrid node that has the label "
        "eks.amazonaws.com/compute-type=hybrid, and asks for its own name and for addresses of the "
        "remote node networks only. Check this, and that there is an access entry of type "
        "HYBRID_LINUX for {role}.",
        ("{kubectl} get nodes -o wide --selector eks.amazonaws.com/compute-type=hybrid",),
    ),
    Cause.HYPERPOD: Advice(
        "HyperPod nodes, which EKS itself judges",
        "csr-approver never judges these: SageMaker runs them, and EC2 doesn't show them in your "
        "account. Check that {role} has an access entry of type HYPERPOD_LINUX. If it has, open a "
        "case with AWS.",
        (_ENTRY,),
    ),
    Cause.WORKLOAD: Advice(
        "workloads on the nodes' signer",
        "{requester} asked the signer kubernetes.io/kubelet-serving, from which EKS issues for "
        "nodes only. Change signerName to beta.eks.amazonaws.com/app-serving, and the request's "
        "name to one that doesn't begin with csr-; `csr-approver legacy` finds such manifests. "
        "Then delete the request.",
        (_DELETE,),
    ),
    Cause.PERSON: Advice(
        "people or programs on the nodes' signer",
        "This signer issues for nodes only, so approve nothing for {requester}. For a workload's "
        "certificate use `csr-approver request`. If no one knows the request, find out who filed "
        "it: {detail}.",
    ),
    Cause.NOT_A_NODE: Advice(
        "requesters that aren't the node that they claim to be",
        "Approve nothing, and find out what asks as {requester}: {detail}.",
    ),
    Cause.NOT_A_KUBELET_REQUEST: Advice(
        "requests that no kubelet files",
        "Approve nothing, and find out what filed it: {detail}.",
    ),
    Cause.SIGNER_FAILED: Advice(
        "the signer failed",
        "Fix what the signer reports; the kubelet files a new request within a minute: {detail}.",
    ),
    Cause.DENIED: Advice(
        "denied",
        "Fix the reason for the denial; the kubelet files a new request within a minute: {detail}.",
    ),
    Cause.FEWER_NAMES: Advice(
        "certificates that lack names",
        "EKS left names out of the certificate; from 1.24 on it issues none for such a request "
        "({detail}). Before the upgrade, remove these names from the node's addresses, or deploy "
        "the approver, which approves what EC2 confirms.",
    ),
    Cause.WRONG_CERTIFICATE: Advice(
        "wrong certificates",
        "Isolate {instance} until you know who approved and who signed it: {detail}.",
    ),
    Cause.EC2_MAY_LAG: Advice(
        "EC2's answer may be minutes old", "Run diagnose again in a few minutes: {detail}."
    ),
    Cause.EVIDENCE_UNAVAILABLE: Advice(
        "not judged, for lack of evidence", "Fix this, and run diagnose again: {fix}."
    ),
    Cause.NOT_JUDGED: Advice("not judged", "Report this as a bug of csr-approver: {detail}."),
    Cause.CREATED_IN_FUTURE: Advice(
        "created in the future", "Correct this machine's clock and run diagnose again: {detail}."
    ),
    Cause.NO_NEWER_REQUEST: Advice(
        "too old to be used, and no newer one is listed",
        "Check whether `kubectl logs` works for a pod on {node}. If it works, a later request was "
        "issued and is no longer listed, so delete this one. If it fails, check that the node's "
        "kubelet runs and reaches the cluster: it files a new request after 15 minutes.",
        (_DELETE,),
    ),
    Cause.SUPERSEDED: Advice("superseded", "Nothing to do: the kubelet has filed a newer request."),
    Cause.INSTANCE_GONE: Advice(
        "the instance is gone",
        "Nothing to do: the node's instance no longer runs, or was restarted since.",
    ),
    Cause.ABANDONED: Advice(
        "abandoned",
        "Nothing to do: no EC2 node filed it, and its requester no longer waits.",
    ),
}

#: For FEWER_NAMES from 1.24 on: up to 1.23 EKS leaves names out by design, and then no longer.
FEWER_NAMES_SINCE_1_24: Final = (
    "The certificate isn't what the node asked for ({detail}), so its kubelet files new requests "
    "without end: remove the names that EC2 doesn't confirm from the node's addresses; if EC2 "
    "confirms all of them, run the approver, and open a case with AWS."
)
