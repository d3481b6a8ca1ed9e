"""The bearer token of an EKS cluster: a presigned call to STS, made offline.

EKS's authenticator takes a URL that asks STS who the caller is, signed for one cluster, and makes
that call itself.
From: kubernetes-sigs/aws-iam-authenticator, `pkg/token/token.go` (GetWithSTS, Verify).
"""

import base64
import functools
import re
from typing import Final, Protocol

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import UnknownRegionError
from botocore.loaders import create_loader
from botocore.regions import EndpointResolver

from core.model import CLUSTER_NAME

TOKEN_LIFETIME_SECONDS: Final = 15 * 60
"""How long a token is valid. From: `presignedURLExpiration` in `pkg/token/token.go`."""

_PREFIX: Final = "k8s-aws-v1."
_CLUSTER_HEADER: Final = "x-k8s-aws-id"

_EXPIRES_SECONDS: Final = 60
"""X-Amz-Expires. STS ignores it; old authenticators refuse more. From: `requestPresignParam`."""

_REGION: Final = re.compile(r"[a-z]+(-[a-z0-9]+)+")


class FrozenCredentials(Protocol):
    """An access key that doesn't change."""

    @property
    def access_key(self) -> str:
        """The access key id."""

    @property
    def secret_key(self) -> str:
        """The secret access key."""

    @property
    def token(self) -> str | None:
        """The session token of temporary credentials."""


class Credentials(Protocol):
    """What `boto3.Session().get_credentials()` returns: keys that may renew themselves."""

    def get_frozen_credentials(self) -> FrozenCredentials:
        """Return the keys as they are now, renewed first if they are about to expire."""


class ClusterToken(str):
    """A bearer token that `repr`, and so a traceback or a printed structure, doesn't show."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the type, without the token."""
        return f"{type(self).__name__}(…)"


def cluster_token(credentials: Credentials, *, cluster: str, region: str) -> ClusterToken:
    """Return a token for one cluster, valid for `TOKEN_LIFETIME_SECONDS`.

    `cluster`: its name, or its id if it is a local cluster on an Outpost. Every cluster that has
    this name or id accepts the token.

    The host is always the Region's plain STS endpoint. The authenticator refuses VPC endpoints and
    other hosts, so `AWS_ENDPOINT_URL_STS` and similar settings are ignored. No network is used,
    except by credentials that renew themselves.

    Raises:
        ValueError: EKS allows no such cluster name (it is sent in an HTTP header), or no known
            partition has the Region.
    """
    if not CLUSTER_NAME.fullmatch(cluster):
        raise ValueError(f"cluster name: got {cluster!r:.120}, expected {CLUSTER_NAME.pattern}")
    url = f"https://{sts_host(region)}/?Action=GetCallerIdentity&Version=2011-06-15"
    request = AWSRequest(method="GET", url=url, headers={_CLUSTER_HEADER: cluster})
    keys = credentials.get_frozen_credentials()
    SigV4QueryAuth(keys, "sts", region, expires=_EXPIRES_SECONDS).add_auth(request)
    encoded = base64.urlsafe_b64encode(str(request.url).encode()).decode().rstrip("=")
    return ClusterToken(_PREFIX + encoded)


@functools.cache
def sts_host(region: str) -> str:
    """Return the plain STS host of a Region in its partition: never global, FIPS or dual-stack.

    Raises:
        ValueError: no known partition has the Region.
    """
    partitions = _partitions()
    message = f"Region: got {region!r:.120}, expected one of a known AWS partition"
    if not _REGION.fullmatch(region):
        raise ValueError(message)
    try:
        partition = partitions.get_partition_for_region(region)
    except UnknownRegionError:
        raise ValueError(message) from None
    return f"sts.{region}.{partitions.get_partition_dns_suffix(partition)}"


@functools.cache
def _partitions() -> EndpointResolver:
    return EndpointResolver(create_loader().load_data("endpoints"))
