"""Connections to a cluster's API, without a kubeconfig.

EKS returns the cluster's endpoint and CA, and the token is made offline.
"""

from typing import Final

from adapters.api_connection import ApiConnection
from adapters.aws_account import Aws
from adapters.csr_api import KubernetesCsrApi
from adapters.eks import DescribedCluster
from adapters.retry import Retries
from core.ports import Clock

# Of one answer. Lists of CSRs, which are longer, have a bound of their own.
_MOST_BYTES: Final = 1024 * 1024


def csr_api(
    aws: Aws, cluster: DescribedCluster, clock: Clock, *, connections: int = 8
) -> KubernetesCsrApi:
    """Return the CSR API of a cluster, as a context manager.

    Raises:
        ClusterUnavailable: a token must not be sent to this endpoint, or with this CA.
    """
    return KubernetesCsrApi(
        endpoint=cluster.endpoint,
        ca_pem=cluster.ca_pem,
        tokens=aws.tokens(cluster),
        clock=clock,
        connections=connections,
        use_environment_proxy=aws.use_environment_proxy,
    )


def connection(
    aws: Aws, cluster: DescribedCluster, clock: Clock, retries: Retries | None = None
) -> ApiConnection:
    """Return a connection for other calls to a cluster's API; the caller closes it.

    Raises:
        ClusterUnavailable: a token must not be sent to this endpoint, or with this CA.
    """
    return ApiConnection(
        cluster.endpoint,
        cluster.ca_pem,
        aws.tokens(cluster),
        clock,
        retries or Retries(clock),
        connections=1,
        max_answer_bytes=_MOST_BYTES,
        use_environment_proxy=aws.use_environment_proxy,
    )
