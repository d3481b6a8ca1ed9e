"""EKS: which clusters exist, and how to reach one."""

import base64
import re
import ssl
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, collapse_addresses
from typing import Any, Final

from adapters.aws_clients import AWS_FAULTS, error_code, fault, is_no_answer
from adapters.eks_shapes import EksCluster, read_cluster
from adapters.endpoint import checked_endpoint
from core.errors import ClusterUnavailable
from core.model import Cluster
from core.printable import printable
from core.selection import is_reviewable

#: The id of a local cluster on an Outpost, which is sent in an HTTP header. AWS documents no
#: format; it "looks like a UUID". From: hashicorp/terraform-provider-aws#27560.
_LOCAL_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class ClusterNotFound(ClusterUnavailable):
    """EKS has no cluster of that name, perhaps because it was deleted; this is no failure."""


class EksGaveNoAnswer(ClusterUnavailable):
    """EKS throttled the call, failed, or couldn't be connected to."""


@dataclass(frozen=True, slots=True)
class DescribedCluster:
    """A cluster, and how to reach it.

    `endpoint`, `ca_pem` and `token_for` are empty unless the cluster is reviewable. `token_for`:
    what its tokens are signed for: the name, or the id if it is local to an Outpost. `auth_mode`:
    `API`, `API_AND_CONFIG_MAP` or `CONFIG_MAP`. `private_only`: the endpoint isn't public.
    `version`: of Kubernetes, `1.31`. `public_cidrs`: the networks that may use a public endpoint.
    `created`: when, with time zone. Empty or None where EKS's answer lacks it.
    """

    cluster: Cluster
    status: str
    endpoint: str
    ca_pem: str
    token_for: str
    auth_mode: str
    private_only: bool
    version: str = ""
    public_cidrs: tuple[str, ...] = ()
    created: datetime | None = None

    @property
    def is_restricted(self) -> bool:
        """Whether a public endpoint is closed to some IPv4 addresses, such as perhaps Lambda's."""
        return bool(self.public_cidrs) and not self.private_only and not _is_all(self.public_cidrs)


def list_clusters(eks: Any) -> list[str]:
    """Return the names of all clusters in a Region.

    Raises:
        ClusterUnavailable: EKS couldn't be asked, or a page failed.
    """
    try:
        pages = eks.get_paginator("list_clusters").paginate(PaginationConfig={"PageSize": 100})
        return [str(name) for page in pages for name in page["clusters"]]
    except AWS_FAULTS as error:
        raise ClusterUnavailable("list", fault("EKS ListClusters", error)) from error
    except (KeyError, TypeError) as error:
        raise ClusterUnavailable("list", "EKS ListClusters: unreadable answer") from error


def describe(eks: Any, name: str, region: str) -> DescribedCluster:
    """Ask EKS for one cluster.

    Raises:
        ClusterNotFound: there is no such cluster.
        EksGaveNoAnswer: EKS throttled the call, failed, or couldn't be connected to.
        ClusterUnavailable: EKS refused, or its answer isn't valid.
    """
    try:
        output = eks.describe_cluster(name=name)
    except AWS_FAULTS as error:
        raise _kind(error)("describe", fault("EKS DescribeCluster", error)) from error
    try:
        read = read_cluster(output)
        if read.name != name:
            raise ValueError("cluster.name: not the cluster that was asked for")  # noqa: TRY301
        return _described(read, region)
    except ValueError as error:
        raise ClusterUnavailable("describe", f"EKS DescribeCluster: {error}") from error


def _kind(error: Exception) -> type[ClusterUnavailable]:
    if error_code(error) == "ResourceNotFoundException":
        return ClusterNotFound
    return EksGaveNoAnswer if is_no_answer(error) else ClusterUnavailable


def cluster_of(output: object) -> Cluster:
    """Read the output of `aws eks describe-cluster`; endpoint and CA may be missing.

    Raises:
        ValueError: it isn't a described cluster; names the field.
    """
    read = read_cluster(output)
    # arn:<partition>:eks:<region>:<account>:cluster/<name>
    return _cluster(read, region=(read.arn.split(":") + [""] * 4)[3])


def _cluster(read: EksCluster, region: str) -> Cluster:
    network = read.kubernetes_network_config
    ranges = (network.service_ipv4_cidr, network.service_ipv6_cidr)
    return Cluster(
        name=read.name,
        region=region,
        vpc_id=read.resources_vpc_config.vpc_id,
        service_ranges=tuple(one for one in ranges if one is not None),
        tags=dict(read.tags),
    )


def _described(read: EksCluster, region: str) -> DescribedCluster:
    there = is_reviewable(read.status)
    return DescribedCluster(
        cluster=_cluster(read, region),
        status=read.status,
        endpoint=_endpoint(read.endpoint) if there else "",
        ca_pem=_ca_pem(read.certificate_authority.data) if there else "",
        token_for=_token_for(read) if there else "",
        auth_mode=read.access_config.authentication_mode,
        private_only=not read.resources_vpc_config.endpoint_public_access,
        version=read.version,
        public_cidrs=read.resources_vpc_config.public_access_cidrs,
        created=read.created_at,
    )


def _is_all(cidrs: Sequence[str]) -> bool:
    """Return whether these networks are all of IPv4; those that can't be read count as none."""
    networks = []
    for one in cidrs:
        with suppress(ValueError):
            networks.append(IPv4Network(one))
    return list(collapse_addresses(networks)) == [IPv4Network("0.0.0.0/0")]


def _endpoint(text: str) -> str:
    try:
        return checked_endpoint(text)
    except ValueError as error:
        raise ValueError(f"cluster.endpoint: {error} (got {printable(text, 80)})") from None


def _token_for(read: EksCluster) -> str:
    """Return what tokens for the cluster must be signed for.

    It is the id for a local cluster on an Outpost, and the name for any other.
    From: AWS CLI, `eks get-token`, `--cluster-id`; EKS API reference, Cluster, `outpostConfig`.

    Raises:
        ValueError: a local cluster has no valid id; names the field.
    """
    if read.outpost_config is None:
        return read.name
    if isinstance(read.id, str) and _LOCAL_ID.fullmatch(read.id):
        return read.id
    expected = "expected a lower-case UUID, because there is a cluster.outpostConfig"
    raise ValueError(f"cluster.id: {expected} (got {printable(read.id, 80)})")


def _ca_pem(data: str) -> str:
    """Return the cluster's CA as PEM, after the TLS library has read it."""
    try:
        pem = base64.b64decode(data, validate=True).decode("ascii")
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=pem)
    except (ValueError, ssl.SSLError) as error:
        text = "cluster.certificateAuthority.data: expected base64 of a PEM certificate"
        raise ValueError(text) from error
    return pem
