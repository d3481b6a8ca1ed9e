"""The EKS token: for one cluster, through the Region's own STS, and never shown."""

import base64
from collections.abc import Iterator
from contextlib import suppress
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pytest
from botocore.credentials import Credentials
from botocore.session import Session

from adapters.eks_token import cluster_token, sts_host
from sandbox.identity import AwsIdentity
from sandbox.tokens import TokenJudge, TokenRefused, User

KEYS: Final = Credentials("AKIDEXAMPLE", "a secret key", "a/session+token=")


def _url(token: str) -> str:
    prefix, encoded = token.split(".")
    assert prefix == "k8s-aws-v1"
    assert "=" not in encoded
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()


def _regions() -> Iterator[str]:
    session = Session()
    for partition in session.get_available_partitions():
        yield from session.get_available_regions("sts", partition)


def test_a_token_is_a_presigned_get_caller_identity() -> None:
    """A token is a GetCallerIdentity URL that signs the host and the cluster's header only."""
    url = urlsplit(_url(cluster_token(KEYS, cluster="prod", region="eu-west-1")))
    query = {name: values[0] for name, values in parse_qs(url.query).items()}

    assert ("https", "sts.eu-west-1.amazonaws.com", "/") == (url.scheme, url.netloc, url.path)
    assert len(query.pop("X-Amz-Signature")) == 64
    date = query.pop("X-Amz-Date")
    assert {
        "Action": "GetCallerIdentity",
        "Version": "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"AKIDEXAMPLE/{date[:8]}/eu-west-1/sts/aws4_request",
        "X-Amz-Expires": "60",
        "X-Amz-Security-Token": "a/session+token=",
        "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    } == query


def test_keys_without_a_session_need_no_session_token() -> None:
    """The token of a long-lived key has no security token."""
    keys = Credentials("AKIDEXAMPLE", "a secret key")

    assert "X-Amz-Security-Token" not in _url(cluster_token(keys, cluster="a", region="us-east-1"))


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "sts.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "sts.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
        ("us-iso-east-1", "sts.us-iso-east-1.c2s.ic.gov"),
        ("us-isob-east-1", "sts.us-isob-east-1.sc2s.sgov.gov"),
        ("eu-isoe-west-1", "sts.eu-isoe-west-1.cloud.adc-e.uk"),
        ("us-isof-south-1", "sts.us-isof-south-1.csp.hci.ic.gov"),
        ("eusc-de-east-1", "sts.eusc-de-east-1.amazonaws.eu"),
        ("eu-south-99", "sts.eu-south-99.amazonaws.com"),
    ],
)
def test_the_host_is_regional_and_in_the_partitions_domain(region: str, host: str) -> None:
    """Every partition has its own domain; a Region too new for botocore has its partition's."""
    assert host == sts_host(region)


def test_the_host_is_the_sdks_in_every_region(monkeypatch: pytest.MonkeyPatch) -> None:
    """In each Region that botocore knows, the host is its own STS client's."""
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "regional")
    session = Session()
    expected = {
        region: urlsplit(session.create_client("sts", region_name=region).meta.endpoint_url).netloc
        for region in _regions()
    }

    assert len(expected) > 40
    assert expected == {region: sts_host(region) for region in expected}


@pytest.mark.parametrize(
    "setting",
    [
        ("AWS_ENDPOINT_URL_STS", "https://vpce-1.sts.us-east-1.vpce.amazonaws.com"),
        ("AWS_ENDPOINT_URL", "https://proxy.example"),
        ("AWS_USE_FIPS_ENDPOINT", "true"),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "legacy"),
    ],
)
def test_no_setting_changes_the_host(
    setting: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The authenticator refuses other hosts, so the environment can't choose one."""
    monkeypatch.setenv(*setting)

    url = _url(cluster_token(KEYS, cluster="prod", region="us-east-1"))

    assert "sts.us-east-1.amazonaws.com" == urlsplit(url).netloc


@pytest.mark.parametrize("cluster", ["a", "0", "prod_1-blue", "a" * 100])
def test_each_name_that_eks_accepts_is_signed(cluster: str) -> None:
    """A cluster may be named by 1 to 100 letters, digits, hyphens and underscores."""
    assert cluster_token(KEYS, cluster=cluster, region="us-east-1").startswith("k8s-aws-v1.")


def test_a_token_is_valid_at_its_own_cluster_only() -> None:
    """The cluster's name is signed, so another cluster's authenticator refuses the token."""
    identity = AwsIdentity.session("Approver", "review")
    token = cluster_token(identity, cluster="prod", region="us-east-1")

    def user_at(cluster: str) -> User | None:
        judge = TokenJudge(cluster, "us-east-1")
        judge.add_identity(identity)
        judge.map_role("arn:aws:iam::111122223333:role/Approver", "approver")
        with suppress(TokenRefused):
            return judge.judge(token)
        return None

    assert [True, False] == [user_at(name) is not None for name in ("prod", "staging")]


@pytest.mark.parametrize(
    "cluster", ["", "-prod", "_prod", "a" * 101, "prod\n", "prod\r\nx-evil: 1", "a b", "é", "a.b"]
)
def test_a_name_that_eks_would_refuse_is_refused(cluster: str) -> None:
    """The error has the name, which could change other headers, and nothing is signed."""
    with pytest.raises(ValueError, match="cluster name") as error:
        cluster_token(KEYS, cluster=cluster, region="us-east-1")

    assert repr(cluster) in str(error.value)


@pytest.mark.parametrize(
    "region",
    [
        "",
        "us-east-1\n",
        "us-east-1.evil.example/",
        "x@evil.example",
        "aws-global",
        "moon-1",
        "US-EAST-1",
    ],
)
def test_a_region_of_no_partition_is_refused(region: str) -> None:
    """Text that isn't a Region can't choose the token's host."""
    with pytest.raises(ValueError, match="Region") as error:
        cluster_token(KEYS, cluster="prod", region=region)

    assert repr(region) in str(error.value)


def test_a_token_is_not_shown_by_accident() -> None:
    """The token's `repr`, which tracebacks and structures print, doesn't contain the token."""
    token = cluster_token(KEYS, cluster="prod", region="us-east-1")

    assert "[ClusterToken(…)]" == f"{[token]}"
    assert f"Bearer {token}" != f"Bearer {token!r}"
