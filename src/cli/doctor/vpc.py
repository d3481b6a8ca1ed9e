"""What a function in a VPC's subnets can reach of AWS beyond the VPC."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.aws_clients import AWS_FAULTS, reported
from core.errors import EvidenceUnavailable

_ANYWHERE = ("0.0.0.0/0", "::/0")


def shut_in(ec2: Any, subnets: Sequence[str]) -> list[str]:
    """Those of the subnets from which IAM can't be reached; `ec2` is of their Region.

    An internet gateway is no way out: a function has no public address. Any other target of the
    default route (NAT, transit gateway, an appliance) is taken for one.

    Raises:
        EvidenceUnavailable: EC2 couldn't be asked.
    """
    try:
        found = ec2.describe_subnets(SubnetIds=list(subnets))["Subnets"]
        vpcs = {str(one["SubnetId"]): str(one["VpcId"]) for one in found}
        reached = {vpc for vpc in set(vpcs.values()) if _has_iam(ec2, vpc)}
        return [
            subnet
            for subnet, vpc in vpcs.items()
            if vpc not in reached and not _leads_out(_routes(ec2, subnet, vpc))
        ]
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("EC2 DescribeSubnets and the like", error)) from error


def _has_iam(ec2: Any, vpc: str) -> bool:
    """Whether there is an interface endpoint of IAM's."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    pages = ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
    services = [one["ServiceName"] for page in pages for one in page["VpcEndpoints"]]
    return any(str(service).endswith(".iam") for service in services)


def _routes(ec2: Any, subnet: str, vpc: str) -> Iterator[Mapping[str, Any]]:
    """Of the subnet's own route table, or where it has none the VPC's main one."""
    own = [{"Name": "association.subnet-id", "Values": [subnet]}]
    main = [
        {"Name": "vpc-id", "Values": [vpc]},
        {"Name": "association.main", "Values": ["true"]},
    ]
    for filters in (own, main):
        tables = ec2.describe_route_tables(Filters=filters)["RouteTables"]
        if tables:
            yield from tables[0]["Routes"]
            return


def _leads_out(routes: Iterator[Mapping[str, Any]]) -> bool:
    for route in routes:
        target = str(route.get("GatewayId", ""))
        to = route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock")
        blocked = target.startswith("igw-") or route.get("State") == "blackhole"
        if to in _ANYWHERE and not blocked:
            return True
    return False
