"""EC2's answer to DescribeInstances, of the shape and size of real ones.

From: EC2 API reference, DescribeInstances, the example response; an EKS node with the VPC CNI shows
three interfaces of ten addresses each.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from benchmarks.nodes import ACCOUNT, CLUSTER, PROFILE, VPC, Node

_EC2: Final = "http://ec2.amazonaws.com/doc/2016-11-15/"

#: Interfaces, and addresses on each: of a node that uses the VPC CNI, and of a minimal one.
SHAPES: Final = {"eks": (3, 10), "lean": (1, 1)}


def instances_of(nodes: Iterable[Node], shape: str) -> Mapping[str, str]:
    """Return the nodes' instances as EC2 writes them, by id."""
    interfaces, addresses = SHAPES[shape]
    return {
        node.instance.id: _instance(number, node, interfaces, addresses)
        for number, node in enumerate(nodes)
    }


def described(instances: Mapping[str, str], ids: Collection[str]) -> bytes:
    """Return EC2's answer that contains these instances, one per reservation."""
    reservations = "".join(
        f"<item><reservationId>r-{one[2:]}</reservationId><ownerId>{ACCOUNT}</ownerId>"
        f"<groupSet/><instancesSet>{instances[one]}</instancesSet></item>"
        for one in ids
    )
    return (
        f'<DescribeInstancesResponse xmlns="{_EC2}"><requestId>r</requestId>'
        f"<reservationSet>{reservations}</reservationSet></DescribeInstancesResponse>"
    ).encode()


def _instance(number: int, node: Node, interfaces: int, addresses: int) -> str:
    instance = node.instance
    enis = "".join(_interface(number, node, at, addresses) for at in range(interfaces))
    tags = {
        **instance.tags,
        "aws:ec2:fleet-id": "fleet-01234567-89ab-cdef-0123-456789abcdef",
        "aws:ec2launchtemplate:version": "1",
        "aws:eks:cluster-name": CLUSTER.name,
        "k8s.io/cluster-autoscaler/bench": "owned",
        "aws:autoscaling:groupName": "eks-nodes-20c2b1",
        "aws:ec2launchtemplate:id": "lt-0123456789abcdef0",
        "eks:cluster-name": CLUSTER.name,
        "eks:nodegroup-name": "nodes",
        "k8s.io/cluster-autoscaler/enabled": "true",
        "Name": "nodes",
    }
    own = "".join(f"<item><key>{key}</key><value>{tags[key]}</value></item>" for key in tags)
    return (
        f"<item><instanceId>{instance.id}</instanceId><imageId>ami-0123456789abcdef0</imageId>"
        "<instanceState><code>16</code><name>running</name></instanceState>"
        f"<privateDnsName>{instance.private_dns_name}</privateDnsName><dnsName/><reason/>"
        "<keyName>nodes</keyName><amiLaunchIndex>0</amiLaunchIndex><productCodes/><instanceType>m5.large</instanceType>"
        f"<launchTime>{instance.launched:%Y-%m-%dT%H:%M:%S.000Z}</launchTime>"
        "<placement><availabilityZone>us-east-1a</availabilityZone>"
        "<availabilityZoneId>use1-az1</availabilityZoneId><groupName/>"
        "<tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>"
        f"<subnetId>subnet-0123456789abcdef0</subnetId><vpcId>{VPC}</vpcId>"
        f"<privateIpAddress>{_address(node)}</privateIpAddress>"
        "<sourceDestCheck>true</sourceDestCheck><groupSet><item>"
        "<groupId>sg-0123456789abcdef0</groupId><groupName>eks-cluster-sg</groupName></item>"
        "</groupSet><architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType>"
        "<rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping><item>"
        "<deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-0123456789abcdef0</volumeId>"
        "<status>attached</status><attachTime>2026-11-01T00:00:00.000Z</attachTime>"
        "<deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>"
        f"<virtualizationType>hvm</virtualizationType><tagSet>{own}</tagSet>"
        f"<hypervisor>xen</hypervisor><networkInterfaceSet>{enis}</networkInterfaceSet>"
        f"<iamInstanceProfile><arn>{PROFILE}</arn><id>AIPAEXAMPLE</id></iamInstanceProfile>"
        "<ebsOptimized>false</ebsOptimized><enaSupport>true</enaSupport>"
        "<cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>"
        "<capacityReservationSpecification><capacityReservationPreference>open"
        "</capacityReservationPreference></capacityReservationSpecification>"
        "<hibernationOptions><configured>false</configured></hibernationOptions>"
        "<enclaveOptions><enabled>false</enabled></enclaveOptions>"
        "<metadataOptions><state>applied</state><httpTokens>required</httpTokens>"
        "<httpPutResponseHopLimit>1</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint>"
        "<httpProtocolIpv6>disabled</httpProtocolIpv6>"
        "<instanceMetadataTags>disabled</instanceMetadataTags></metadataOptions>"
        "<platformDetails>Linux/UNIX</platformDetails><usageOperation>RunInstances</usageOperation>"
        "<usageOperationUpdateTime>2026-11-01T00:00:00.000Z</usageOperationUpdateTime>"
        "<maintenanceOptions><autoRecovery>default</autoRecovery></maintenanceOptions>"
        "<privateDnsNameOptions><hostnameType>ip-name</hostnameType>"
        "<enableResourceNameDnsARecord>false</enableResourceNameDnsARecord>"
        "<enableResourceNameDnsAAAARecord>false</enableResourceNameDnsAAAARecord>"
        "</privateDnsNameOptions><bootMode>uefi-preferred</bootMode>"
        "<currentInstanceBootMode>uefi</currentInstanceBootMode>"
        "<operator><managed>false</managed></operator></item>"
    )


def _interface(number: int, node: Node, at: int, addresses: int) -> str:
    first = str(_address(node)) if at == 0 else f"10.{200 + at}.{number // 256}.{number % 256}"
    others = [
        f"10.{100 + at * 20 + one}.{number // 256}.{number % 256}" for one in range(1, addresses)
    ]
    listed = "".join(
        f"<item><privateIpAddress>{ip}</privateIpAddress><privateDnsName>"
        f"ip-{ip.replace('.', '-')}.ec2.internal</privateDnsName>"
        f"<primary>{str(ip == first).lower()}</primary></item>"
        for ip in [first, *others]
    )
    eni = f"{number:012x}{at:05x}"
    return (
        f"<item><networkInterfaceId>eni-{eni}</networkInterfaceId>"
        f"<subnetId>subnet-0123456789abcdef0</subnetId><vpcId>{VPC}</vpcId>"
        f"<description>aws-K8S-{node.instance.id}</description><ownerId>{ACCOUNT}</ownerId>"
        "<status>in-use</status><macAddress>02:00:00:00:00:01</macAddress>"
        f"<privateIpAddress>{first}</privateIpAddress>"
        f"<privateDnsName>ip-{first.replace('.', '-')}.ec2.internal</privateDnsName>"
        "<sourceDestCheck>true</sourceDestCheck>"
        "<groupSet><item><groupId>sg-0123456789abcdef0</groupId>"
        "<groupName>eks-cluster-sg</groupName></item></groupSet>"
        f"<attachment><attachmentId>eni-attach-{eni}</attachmentId><deviceIndex>{at}</deviceIndex>"
        "<status>attached</status><attachTime>2026-11-01T00:00:00.000Z</attachTime>"
        "<deleteOnTermination>true</deleteOnTermination><networkCardIndex>0</networkCardIndex>"
        f"</attachment><privateIpAddressesSet>{listed}</privateIpAddressesSet>"
        "<ipv6AddressesSet/><interfaceType>interface</interfaceType>"
        "<operator><managed>false</managed></operator></item>"
    )


def _address(node: Node) -> Any:
    return node.instance.interfaces[0].ipv4[0].address
