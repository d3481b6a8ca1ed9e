"""EKS access entries: a cluster's principals and their groups. From: EKS API reference."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapters.aws_clients import AWS_FAULTS, error_code, reported
from core.errors import EvidenceUnavailable

#: The only type whose groups can be chosen.
STANDARD: Final = "STANDARD"

#: Types of EC2 nodes; EKS judges the nodes of the others (FARGATE_LINUX, HYBRID_LINUX,
#: HYPERPOD_LINUX) itself. From: EKS API reference, CreateAccessEntry, `type`.
_EC2_TYPES: Final = frozenset({"EC2_LINUX", "EC2_WINDOWS", "EC2"})


@dataclass(frozen=True, slots=True)
class AccessEntry:
    """The entry of one principal."""

    principal: str
    type: str
    username: str
    groups: tuple[str, ...]


def describe(eks: Any, cluster: str, principal: str) -> AccessEntry | None:
    """Return the principal's entry; None if there is none.

    Raises:
        EvidenceUnavailable: EKS couldn't be asked, or the cluster takes no access entries.
    """
    try:
        answer = eks.describe_access_entry(clusterName=cluster, principalArn=principal)
        return _entry(answer["accessEntry"])
    except AWS_FAULTS as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise EvidenceUnavailable(reported("EKS DescribeAccessEntry", error)) from error
    except (KeyError, TypeError) as error:
        raise EvidenceUnavailable("EKS DescribeAccessEntry: unreadable answer") from error


def create(eks: Any, cluster: str, principal: str, groups: Collection[str]) -> bool:
    """Create a standard entry with EKS's default username; return False if one exists by now.

    Raises:
        EvidenceUnavailable: EKS refused, or couldn't be asked.
    """
    try:
        eks.create_access_entry(
            clusterName=cluster,
            principalArn=principal,
            type=STANDARD,
            kubernetesGroups=list(groups),
        )
    except AWS_FAULTS as error:
        if error_code(error) == "ResourceInUseException":
            return False
        raise EvidenceUnavailable(reported("EKS CreateAccessEntry", error)) from error
    return True


def set_groups(eks: Any, cluster: str, principal: str, groups: Collection[str]) -> None:
    """Replace the groups of an entry.

    Raises:
        EvidenceUnavailable: EKS refused, or couldn't be asked.
    """
    try:
        eks.update_access_entry(
            clusterName=cluster, principalArn=principal, kubernetesGroups=list(groups)
        )
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("EKS UpdateAccessEntry", error)) from error


def node_principals(eks: Any, cluster: str) -> list[str]:
    """Return the principals whose entries are for EC2 nodes.

    Raises:
        EvidenceUnavailable: EKS couldn't be asked, or the list isn't complete.
    """
    entries = (describe(eks, cluster, principal) for principal in _principals(eks, cluster))
    return [one.principal for one in entries if one is not None and one.type in _EC2_TYPES]


def _principals(eks: Any, cluster: str) -> Iterator[str]:
    try:
        for page in eks.get_paginator("list_access_entries").paginate(clusterName=cluster):
            yield from map(str, page["accessEntries"])
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("EKS ListAccessEntries", error)) from error


def _entry(item: Mapping[str, Any]) -> AccessEntry:
    return AccessEntry(
        principal=item["principalArn"],
        type=item.get("type") or STANDARD,
        username=item.get("username") or "",
        groups=tuple(item.get("kubernetesGroups") or ()),
    )
