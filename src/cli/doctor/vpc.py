"""Whether a function in a VPC's subnets can reach IAM."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from adapters.aws_clients import AWS_FAULTS, reported
from core.errors import EvidenceUnavailable

_ANYWHERE = ("0.0.0.0/0", "::/0")


def without_iam(ec2: Any, subnets: Sequence[str]) -> list[str]:
    """Return the subnets from which IAM can't be reached. `ec2`: the client of their Region.

    A route to an internet gateway doesn't count: a function has no public address. Any other target
    of the default route does (NAT, transit gateway, appliance).

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
        raise EvidenceUnavailable(
            reported("EC2 DescribeSubnets, DescribeRouteTables or DescribeVpcEndpoints", error)
        ) from error


def _has_iam(ec2: Any, vpc: str) -> bool:
    """Return whether the VPC has an interface endpoint for IAM."""
    filters = [{"Name": "vpc-id", "Values": [vpc]}]
    pages = ec2.get_paginator("describe_vpc_endpoints").paginate(Filters=filters)
    services = [one["ServiceName"] for page in pages for one in page["VpcEndpoints"]]
    return any(str(service).endswith(".iam") for service in services)


def _routes(ec2: Any, subnet: str, vpc: str) -> Iterator[Mapping[str, Any]]:
    """Yield the routes of the subnet's own table, or of the VPC's main one if it has none."""
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
