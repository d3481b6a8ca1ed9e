"""Clusters: listed, described, selected, kept."""

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

import boto3
import pytest
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)
from botocore.parsers import ResponseParserError
from botocore.stub import Stubber
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from moto import mock_aws
from moto.eks.models import eks_backends

from adapters.aws_clients import client_config
from adapters.eks import (
    ClusterNotFound,
    DescribedCluster,
    EksGaveNoAnswer,
    cluster_of,
    describe,
    list_clusters,
)
from core.errors import ClusterUnavailable
from core.model import Cluster

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_URL = "https://eks.eu-west-1.amazonaws.com/"
ENDPOINT = "https://0123456789ABCDEF.gr7.eu-west-1.eks.amazonaws.com"


def _a_ca() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(Encoding.PEM).decode()


CA = _a_ca()

OUTPUT: dict[str, Any] = {
    "cluster": {
        "name": "prod",
        "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/prod",
        "version": "1.31",
        "endpoint": ENDPOINT,
        "status": "ACTIVE",
        "resourcesVpcConfig": {
            "vpcId": "vpc-1",
            "endpointPublicAccess": True,
            "endpointPrivateAccess": True,
        },
        "kubernetesNetworkConfig": {
            "serviceIpv4Cidr": "10.100.0.0/16",
            "serviceIpv6Cidr": "fd00:1::/108",
            "ipFamily": "ipv6",
        },
        "certificateAuthority": {"data": base64.b64encode(CA.encode()).decode()},
        "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
        "tags": {"csr-approver:mode": "shadow"},
    }
}

CLUSTER = Cluster(
    name="prod",
    region="eu-west-1",
    vpc_id="vpc-1",
    service_ranges=(ip_network("10.100.0.0/16"), ip_network("fd00:1::/108")),
    tags={"csr-approver:mode": "shadow"},
)


def an_output(change: Callable[[dict[str, Any]], object] = lambda _: None) -> dict[str, Any]:
    """Return EKS's description of a cluster, with one change."""
    output = deepcopy(OUTPUT)
    change(output["cluster"])
    return output


def a_client() -> Any:
    return boto3.client(
        "eks",
        region_name="eu-west-1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="s",
        config=client_config(),
    )


@contextmanager
def eks_saying(operation: str, *answers: dict[str, Any] | str) -> Iterator[Any]:
    """Yield EKS with exactly these answers; a text is an error's code."""
    client = a_client()
    with Stubber(client) as stub:
        for answer in answers:
            if isinstance(answer, str):
                stub.add_client_error(operation, answer, "arn:… must not be shown")
            else:
                stub.add_response(operation, answer)
        yield client
        stub.assert_no_pending_responses()


class Unreachable:
    """An EKS client without network."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def describe_cluster(self, **_: str) -> object:
        raise self._error

    def get_paginator(self, _: str) -> object:
        raise self._error


@mock_aws
def test_the_clusters_of_a_region_are_listed() -> None:
    """The names of all clusters are listed."""
    client = a_client()
    for name in ("prod", "dev"):
        role = "arn:aws:iam::123456789012:role/x"
        client.create_cluster(name=name, roleArn=role, resourcesVpcConfig={})

    assert sorted(list_clusters(client)) == ["dev", "prod"]


def test_a_listing_goes_on_to_its_last_page() -> None:
    """All pages of clusters are read."""
    pages = ({"clusters": ["a", "b"], "nextToken": "t"}, {"clusters": ["c"]})
    with eks_saying("list_clusters", *pages) as eks:
        assert list_clusters(eks) == ["a", "b", "c"]


def test_a_page_that_fails_makes_the_listing_fail() -> None:
    """The error has AWS's code."""
    with (
        eks_saying(
            "list_clusters", {"clusters": ["a"], "nextToken": "t"}, "AccessDeniedException"
        ) as eks,
        pytest.raises(ClusterUnavailable, match=r"^list: EKS ListClusters: AccessDeniedException$"),
    ):
        list_clusters(eks)


def test_without_network_the_listing_fails() -> None:
    """The error has the class of the connection error."""
    with pytest.raises(
        ClusterUnavailable, match=r"^list: EKS ListClusters: EndpointConnectionError$"
    ):
        list_clusters(Unreachable(EndpointConnectionError(endpoint_url=_URL)))


def test_an_answer_without_clusters_makes_the_listing_fail() -> None:
    """The SDK may accept another server's page as an answer."""
    with (
        eks_saying("list_clusters", {}) as eks,
        pytest.raises(ClusterUnavailable, match=r"^list: EKS ListClusters: unreadable answer$"),
    ):
        list_clusters(eks)


def test_a_cluster_is_described() -> None:
    """The result has what the checks use, and how to reach the API."""
    with eks_saying("describe_cluster", OUTPUT) as eks:
        described = describe(eks, "prod", "eu-west-1")

    assert described == DescribedCluster(
        cluster=CLUSTER,
        status="ACTIVE",
        endpoint=ENDPOINT,
        ca_pem=CA,
        token_for="prod",
        auth_mode="API_AND_CONFIG_MAP",
        private_only=False,
        version="1.31",
    )


def test_the_time_of_a_cluster_s_creation_is_read() -> None:
    """A new cluster may lack access for a while."""
    output = {"cluster": OUTPUT["cluster"] | {"createdAt": NOW}}
    with eks_saying("describe_cluster", output) as eks:
        assert NOW == describe(eks, "prod", "eu-west-1").created


@pytest.mark.parametrize("created", ["2026-11-24T12:00:00", "", "yesterday", 1e300, {}])
def test_an_unreadable_time_of_creation_counts_as_missing(created: Any) -> None:
    """Neither a review nor `evaluate` needs it, so the cluster is read nevertheless."""
    arn = "arn:aws:eks:eu-west-1:123456789012:cluster/prod"
    output = {"cluster": OUTPUT["cluster"] | {"arn": arn, "createdAt": created}}

    assert CLUSTER == cluster_of(output)


@mock_aws
def test_a_cluster_of_moto_is_described() -> None:
    """Moto's answer has the same shape, after the CA is set."""
    client = a_client()
    client.create_cluster(
        name="prod",
        roleArn="arn:aws:iam::123456789012:role/x",
        resourcesVpcConfig={"subnetIds": []},
        kubernetesNetworkConfig={"serviceIpv4Cidr": "10.100.0.0/16"},
        tags={"team": "x"},
    )
    with pytest.raises(ClusterUnavailable, match="certificateAuthority"):
        describe(client, "prod", "eu-west-1")
    made = eks_backends["123456789012"]["eu-west-1"].clusters["prod"]
    made.certificate_authority = OUTPUT["cluster"]["certificateAuthority"]
    made.endpoint = "https://127.0.0.1:6443/"

    described = describe(client, "prod", "eu-west-1")

    assert described.endpoint == "https://127.0.0.1:6443"
    assert described.cluster == Cluster(
        "prod", "eu-west-1", "", (ip_network("10.100.0.0/16"),), {"team": "x"}
    )


def test_a_missing_cluster_has_its_own_error() -> None:
    """A deleted cluster isn't a failure."""
    with (
        eks_saying("describe_cluster", "ResourceNotFoundException") as eks,
        pytest.raises(ClusterNotFound) as gone,
    ):
        describe(eks, "prod", "eu-west-1")

    assert gone.value.cause == "describe"
    assert gone.value.detail == "EKS DescribeCluster: ResourceNotFoundException"


def failing(code: str, status: int) -> Any:
    """Return an EKS client whose calls fail so."""
    client = a_client()
    stub = Stubber(client)
    stub.add_client_error(
        "describe_cluster", code, "arn:… must not be shown", http_status_code=status
    )
    stub.activate()
    return client


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDeniedException", 403, ClusterUnavailable),
        ("ExpiredTokenException", 403, ClusterUnavailable),
        ("ClientException", 400, ClusterUnavailable),
        ("ThrottlingException", 400, EksGaveNoAnswer),
        ("TooManyRequestsException", 429, EksGaveNoAnswer),
        ("Unknown", 429, EksGaveNoAnswer),
        ("ServerException", 500, EksGaveNoAnswer),
        ("ServiceUnavailableException", 503, EksGaveNoAnswer),
    ],
)
def test_a_cluster_that_cannot_be_described_is_unavailable(
    code: str, status: int, kind: type[ClusterUnavailable]
) -> None:
    """The error has AWS's code, and says whether EKS refused or gave no answer at all."""
    with pytest.raises(ClusterUnavailable) as unavailable:
        describe(failing(code, status), "prod", "eu-west-1")

    assert type(unavailable.value) is kind
    assert str(unavailable.value) == f"describe: EKS DescribeCluster: {code}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (EndpointConnectionError(endpoint_url=_URL), EksGaveNoAnswer),
        (ConnectTimeoutError(endpoint_url=_URL), EksGaveNoAnswer),
        (ReadTimeoutError(endpoint_url=_URL), EksGaveNoAnswer),
        (ConnectionClosedError(endpoint_url=_URL), EksGaveNoAnswer),
        (SSLError(endpoint_url=_URL, error="self-signed"), ClusterUnavailable),
        (NoCredentialsError(), ClusterUnavailable),
        (ResponseParserError("a proxy's page"), ClusterUnavailable),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_without_a_connection_eks_gives_no_answer(
    error: Exception, kind: type[ClusterUnavailable]
) -> None:
    """A failed handshake, missing credentials and an unreadable answer are other errors."""
    with pytest.raises(
        ClusterUnavailable, match=f"^describe: .*: {type(error).__name__}$"
    ) as raised:
        describe(Unreachable(error), "prod", "eu-west-1")

    assert type(raised.value) is kind


def test_a_cluster_with_a_bad_endpoint_is_unavailable() -> None:
    """A token is sent to an https host only; `test_endpoint.py` has the grammar."""
    answer = an_output(lambda cluster: cluster.update(endpoint="http://x.eks.amazonaws.com"))
    with (
        eks_saying("describe_cluster", answer) as eks,
        pytest.raises(ClusterUnavailable, match=r"cluster\.endpoint: expected https://host"),
    ):
        describe(eks, "prod", "eu-west-1")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("", id="none"),
        pytest.param("not base64!", id="no base64"),
        pytest.param(CA, id="PEM without base64"),
        pytest.param(base64.b64encode(b"text").decode(), id="no PEM"),
        pytest.param(base64.b64encode(CA[:200].encode()).decode(), id="half a PEM"),
        pytest.param(base64.b64encode(b"\xff\xfe").decode(), id="no text"),
    ],
)
def test_a_cluster_without_a_readable_ca_is_unavailable(data: str) -> None:
    """No other CA is trusted instead."""
    answer = an_output(lambda cluster: cluster.update(certificateAuthority={"data": data}))
    with (
        eks_saying("describe_cluster", answer) as eks,
        pytest.raises(ClusterUnavailable, match=r"cluster\.certificateAuthority\.data: "),
    ):
        describe(eks, "prod", "eu-west-1")


def test_an_answer_about_another_cluster_is_refused() -> None:
    """The token will be for the requested cluster."""
    with (
        eks_saying("describe_cluster", OUTPUT) as eks,
        pytest.raises(ClusterUnavailable, match="not the cluster that was asked for"),
    ):
        describe(eks, "staging", "eu-west-1")


def test_a_cluster_being_created_is_described_without_endpoint_and_ca() -> None:
    """A cluster that is being created has neither endpoint nor CA yet, which isn't an error."""

    def creating(cluster: dict[str, Any]) -> None:
        cluster.update(status="CREATING")
        del cluster["endpoint"], cluster["certificateAuthority"]

    with eks_saying("describe_cluster", an_output(creating)) as eks:
        described = describe(eks, "prod", "eu-west-1")

    assert (described.status, described.endpoint, described.ca_pem) == ("CREATING", "", "")
    assert described.token_for == ""


@pytest.mark.parametrize(("public", "private_only"), [(True, False), (False, True), (None, False)])
def test_a_cluster_without_public_endpoint_is_private_only(
    *, public: bool | None, private_only: bool
) -> None:
    """The flag explains why the API can't be reached from elsewhere."""

    def change(cluster: dict[str, Any]) -> None:
        if public is None:
            del cluster["resourcesVpcConfig"]["endpointPublicAccess"]
        else:
            cluster["resourcesVpcConfig"]["endpointPublicAccess"] = public

    with eks_saying("describe_cluster", an_output(change)) as eks:
        assert describe(eks, "prod", "eu-west-1").private_only is private_only


@pytest.mark.parametrize(
    ("cidrs", "is_restricted"),
    [
        (["0.0.0.0/0"], False),
        (["0.0.0.0/0", "::/0"], False),
        (["128.0.0.0/1", "0.0.0.0/1"], False),
        (["203.0.113.0/24"], True),
        (["::/0"], True),
        (["0.0.0.0/1", "203.0.113.0/24"], True),
        (["everywhere"], True),
        ([], False),
    ],
)
def test_a_public_endpoint_is_restricted_unless_all_ipv4_addresses_may_use_it(
    cidrs: list[str], *, is_restricted: bool
) -> None:
    """Lambda's own addresses aren't known. Without networks in the answer, EKS allows all."""

    def change(cluster: dict[str, Any]) -> None:
        cluster["resourcesVpcConfig"]["publicAccessCidrs"] = cidrs

    with eks_saying("describe_cluster", an_output(change)) as eks:
        described = describe(eks, "prod", "eu-west-1")

    assert described.is_restricted is is_restricted
    assert described.public_cidrs == tuple(cidrs)


def test_a_private_endpoint_is_not_restricted_but_private() -> None:
    """EKS keeps the networks of a public endpoint that is turned off."""

    def change(cluster: dict[str, Any]) -> None:
        cluster["resourcesVpcConfig"].update(
            endpointPublicAccess=False, publicAccessCidrs=["203.0.113.0/24"]
        )

    with eks_saying("describe_cluster", an_output(change)) as eks:
        described = describe(eks, "prod", "eu-west-1")

    assert (described.private_only, described.is_restricted) == (True, False)


def test_the_clis_description_of_a_cluster_is_read() -> None:
    """The Region is read from the ARN; endpoint and CA may be missing."""

    def cut(cluster: dict[str, Any]) -> None:
        del cluster["endpoint"], cluster["certificateAuthority"], cluster["status"]

    assert cluster_of(an_output(cut)) == CLUSTER


def test_a_clusters_name_alone_is_enough() -> None:
    """Missing fields are empty: no VPC, no Service ranges, no tags, no Region."""
    assert cluster_of({"cluster": {"name": "prod"}}) == Cluster("prod", "", "")


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ({}, "no field cluster"),
        ([], "expected an object"),
        ({"cluster": {}}, "no field cluster.name"),
        ({"cluster": {"name": ""}}, "cluster.name: "),
        ({"cluster": {"name": "a", "tags": []}}, "cluster.tags: "),
        (
            {
                "cluster": {
                    "name": "a",
                    "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.0.0.0/33"},
                }
            },
            "cluster.kubernetesNetworkConfig.serviceIpv4Cidr: ",
        ),
        (
            {"cluster": {"name": "a", "resourcesVpcConfig": {"vpcId": 5}}},
            "cluster.resourcesVpcConfig.vpcId: ",
        ),
    ],
)
def test_a_cluster_of_another_shape_is_an_error_that_names_the_field(
    output: object, problem: str
) -> None:
    """A value of another shape isn't guessed at: the error names the field."""
    with pytest.raises(ValueError, match=f"^{problem}"):
        cluster_of(output)
