"""Ask EC2 for instances by filters, page by page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from adapters.ec2_xml import read_needed_fields

_PAGE_SIZE: Final = 200


def pages(ec2: Any, filters: Mapping[str, Sequence[str]]) -> Iterator[object]:
    """Yield the pages of DescribeInstances; each is asked for when it is wanted.

    `ec2`: a boto3 client; its answers have only the fields that `adapters.ec2_items` reads.

    Raises:
        AWS_FAULTS (`adapters.aws_clients`): a page's call failed.
    """
    read_needed_fields(ec2)
    return iter(
        ec2.get_paginator("describe_instances").paginate(
            Filters=[{"Name": name, "Values": list(values)} for name, values in filters.items()],
            PaginationConfig={"PageSize": _PAGE_SIZE},
            **_managed(ec2),
        )
    )


def _managed(ec2: Any) -> Mapping[str, bool]:
    """Return the argument that shows EKS Auto Mode's nodes, if the SDK has it."""
    operation = ec2.meta.service_model.operation_model("DescribeInstances")
    known = "IncludeManagedResources" in operation.input_shape.members
    return {"IncludeManagedResources": True} if known else {}
