"""Documents that a person may have saved of a cluster: the inputs of `csr-approver evaluate`."""

import base64
from collections.abc import Mapping
from typing import Any

from sandbox.csr_builder import CsrBuilder, Names, keys

Item = dict[str, Any]

NOW = "2026-11-24T12:00:00Z"
VPC = "vpc-0aaaaaaaaaaaaaaaa"
PROFILE = "arn:aws:iam::111122223333:instance-profile/nodes"
ROLE = "arn:aws:iam::111122223333:role/path/eks-node"


def node(number: int) -> str:
    return f"ip-10-0-1-{number}.eu-west-1.compute.internal"


def session(number: int) -> str:
    return f"i-{number:017x}"


def a_request(number: int, dns: tuple[str, ...], ips: tuple[str, ...]) -> str:
    names = Names(node(number), dns, ips)
    request = CsrBuilder.of_node(keys.ecdsa(node(number)), names.node, names)
    return base64.b64encode(request.pem()).decode()


def a_csr(
    number: int,
    *,
    dns: tuple[str, ...] = (),
    ips: tuple[str, ...] = (),
    created: str = "2026-11-24T11:53:00Z",
    status: Item | None = None,
    **spec: object,
) -> Item:
    """Return a CSR of the node of this number, for its own names and those given."""
    own = ((node(number), *dns), (f"10.0.1.{number}", *ips))
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {
            "name": f"csr-{number}",
            "uid": f"uid-{number}",
            "resourceVersion": str(1000 + number),
            "creationTimestamp": created,
            "labels": {"a": "b"},
        },
        "spec": {
            "request": a_request(number, *own),
            "signerName": "kubernetes.io/kubelet-serving",
            "usages": ["digital signature", "server auth"],
            "expirationSeconds": 86_400,
            "username": f"system:node:{node(number)}",
            "uid": "aws-iam-authenticator:111122223333:AROAEXAMPLEEXAMPLE00",
            "groups": ["system:bootstrappers", "system:nodes", "system:authenticated"],
            "extra": {
                "sessionName": [session(number)],
                "canonicalArn": ["arn:aws:iam::111122223333:role/eks-node"],
                "arn": [f"arn:aws:sts::111122223333:assumed-role/eks-node/{session(number)}"],
            },
        }
        | spec,
        "status": status or {},
    }


def an_instance(number: int) -> Item:
    """Return the node's instance, with all addresses that a node may request, and its pods'."""
    public = f"198.51.100.{number}"
    interface = {
        "NetworkInterfaceId": f"eni-{number:017x}",
        "Status": "in-use",
        "InterfaceType": "interface",
        "VpcId": VPC,
        "Attachment": {"DeviceIndex": 0, "NetworkCardIndex": 0, "Status": "attached"},
        "Association": {"PublicIp": public},
        "PrivateIpAddress": f"10.0.1.{number}",
        "PrivateIpAddresses": [
            {
                "Primary": True,
                "PrivateIpAddress": f"10.0.1.{number}",
                "Association": {"PublicIp": public},
            },
            {"Primary": False, "PrivateIpAddress": f"10.0.2.{number}"},
        ],
        "Ipv6Addresses": [{"Ipv6Address": f"2001:db8::{number}"}],
        "Ipv4Prefixes": [{"Ipv4Prefix": f"10.0.3.{number}/32"}],
        "Ipv6Prefixes": [{"Ipv6Prefix": "2001:db8:1::/80"}],
    }
    trunk = interface | {
        "InterfaceType": "trunk",
        "Attachment": {"DeviceIndex": 1, "NetworkCardIndex": 0, "Status": "attached"},
        "PrivateIpAddress": f"10.0.4.{number}",
        "PrivateIpAddresses": [{"Primary": True, "PrivateIpAddress": f"10.0.4.{number}"}],
        "Association": None,
        "Ipv6Addresses": [],
    }
    return {
        "InstanceId": session(number),
        "State": {"Code": 16, "Name": "running"},
        "LaunchTime": "2026-11-20T08:00:00+00:00",
        "VpcId": VPC,
        "PrivateDnsName": node(number),
        "PublicDnsName": f"ec2-198-51-100-{number}.eu-west-1.compute.amazonaws.com",
        "PrivateIpAddress": f"10.0.1.{number}",
        "PublicIpAddress": public,
        "IamInstanceProfile": {"Arn": PROFILE, "Id": "AIPAEXAMPLEEXAMPLE00"},
        "Tags": [
            {"Key": "kubernetes.io/cluster/prod", "Value": "owned"},
            {"Key": "eks:cluster-name", "Value": "prod"},
        ],
        "NetworkInterfaces": [interface, trunk],
    }


_DECIDED = {
    "conditions": [
        {
            "type": "Approved",
            "status": "True",
            "reason": "ApprovedByCsrApprover",
            "message": "",
            "lastUpdateTime": "2026-11-24T09:02:00Z",
        }
    ]
}

#: CSRs whose verdicts, with all evidence, are VERDICTS, in the same order.
CSRS: Item = {
    "apiVersion": "v1",
    "kind": "List",
    "metadata": {"resourceVersion": ""},
    "items": [
        a_csr(1),
        a_csr(
            2,
            dns=("ec2-198-51-100-2.eu-west-1.compute.amazonaws.com",),
            ips=("198.51.100.2", "2001:db8::2"),
            usages=["digital signature", "key encipherment", "server auth"],
        ),
        a_csr(3, extra={}),
        a_csr(4, dns=("kubernetes.default.svc",)),
        a_csr(5, ips=("10.0.2.5", "10.0.3.5")),
        a_csr(6, signerName="example.com/other"),
        a_csr(7, created="2026-11-24T09:00:00Z", status=_DECIDED),
        {"metadata": {"name": "csr-8"}},
        a_csr(9, created="2026-11-24T11:00:00Z"),
    ],
}
VERDICTS = (
    *("approve", "approve", "leave", "deny", "leave", "ignore", "ignore", "leave", "leave"),
)
INSTANCES: Item = {
    "Reservations": [
        {"ReservationId": "r-1", "Instances": [an_instance(number) for number in range(1, 5)]},
        {"ReservationId": "r-2", "Instances": [an_instance(number) for number in range(5, 10)]},
    ]
}
CLUSTER: Item = {
    "cluster": {
        "name": "prod",
        "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod",
        "status": "ACTIVE",
        "endpoint": "https://example.gr7.eu-west-1.eks.amazonaws.com",
        "resourcesVpcConfig": {"vpcId": VPC, "endpointPublicAccess": True},
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": "10.100.0.0/16",
            "serviceIpv6Cidr": "fd00::/108",
        },
        "tags": {"team": "a"},
    }
}
PROFILES: Item = {
    "InstanceProfiles": [
        {"Arn": PROFILE, "InstanceProfileName": "nodes", "Roles": [{"Arn": ROLE}]},
        {"Arn": f"{PROFILE}-empty", "InstanceProfileName": "empty", "Roles": []},
    ]
}
SERVICES: Item = {
    "kind": "List",
    "items": [
        {
            "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"type": "ClusterIP", "clusterIP": "10.100.7.7", "clusterIPs": ["10.100.7.7"]},
        }
    ],
}

#: The documents by the option that reads each.
DOCUMENTS: Mapping[str, Item] = {
    "--csr": CSRS,
    "--instances": INSTANCES,
    "--cluster": CLUSTER,
    "--instance-profiles": PROFILES,
    "--services": SERVICES,
}
