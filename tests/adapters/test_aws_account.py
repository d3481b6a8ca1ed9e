"""One account: its clients, its tokens, and its proxy."""

import base64
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.exceptions import NoCredentialsError

from adapters.aws_account import Aws
from adapters.eks import DescribedCluster
from sandbox.aws import HOME, FakeAws
from tests.builders import a_cluster

PROXY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def _no_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the caller's own configuration."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def a_session() -> boto3.Session:
    return boto3.Session("AKIAEXAMPLE", "secret", region_name=HOME)


def test_a_client_is_made_once_for_each_service_and_region() -> None:
    aws = Aws(HOME, a_session())

    assert aws.client("eks") is aws.client("eks", HOME)
    assert "eu-west-1" == aws.client("eks", "eu-west-1").meta.region_name


@pytest.mark.parametrize("used", [True, False])
def test_the_environments_proxy_is_used_only_on_request(
    monkeypatch: pytest.MonkeyPatch, *, used: bool
) -> None:
    """Botocore reads the environment itself, also NO_PROXY."""
    monkeypatch.setenv("HTTPS_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", f"ec2.{HOME}.amazonaws.com")
    aws = Aws(HOME, a_session(), use_environment_proxy=used)

    assert (PROXY if used else None) == _proxy_of(aws.client("eks"))
    assert _proxy_of(aws.client("ec2")) is None


def test_missing_credentials_raise_botocores_error() -> None:
    with pytest.raises(NoCredentialsError):
        Aws(HOME, boto3.Session(region_name=HOME)).credentials()


def test_each_token_is_a_new_one_for_this_cluster() -> None:
    cluster = a_cluster(name="prod", region="eu-west-1")
    described = DescribedCluster(cluster, "ACTIVE", "", "", "prod", "API", private_only=False)
    with FakeAws():
        made = Aws(HOME).tokens(described)()

    url = base64.urlsafe_b64decode(made.removeprefix("k8s-aws-v1.") + "==").decode()
    assert "sts.eu-west-1.amazonaws.com" == urlsplit(url).hostname
    assert ["host;x-k8s-aws-id"] == parse_qs(urlsplit(url).query)["X-Amz-SignedHeaders"]


def _proxy_of(client: object) -> str | None:
    """Return the proxy of botocore's HTTP session."""
    endpoint = client._endpoint  # type: ignore[attr-defined]
    found: str | None = endpoint.http_session._proxy_config.proxy_url_for(endpoint.host)
    return found
