"""Which user a bearer token authenticates, on the fake cluster and on the real one."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest

from sandbox.tokens import mint, utc_now
from tests.contract.objects import CSRS, Json
from tests.contract.world import WHO_AM_I, World, role_arn
from tests.real.controlplane import AwsIdentity, Client

REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}


def authenticated_user(client: Client) -> Json:
    status, answer = client.request("POST", WHO_AM_I, REVIEW)
    assert status == 201, answer
    user: Json = answer["status"]["userInfo"]
    return user


def refusal(client: Client) -> Json:
    status, answer = client.request("POST", WHO_AM_I, REVIEW)
    assert status == 401, answer
    return answer


def rewritten(token: str, old: str, new: str) -> str:
    """Return the token with another URL, under the same signature."""
    encoded = token.removeprefix("k8s-aws-v1.")
    url = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    assert old in url
    changed = base64.urlsafe_b64encode(url.replace(old, new).encode()).decode()
    return f"k8s-aws-v1.{changed.rstrip('=')}"


def test_a_nodes_token_carries_uid_groups_and_six_extras(world: World) -> None:
    """A node's token authenticates its user, with the uid and extra keys that EKS sets."""
    node = world.node()

    user = authenticated_user(node.api)

    identity = node.identity
    principal, session = identity.user_id.split(":")
    assert user == {
        "username": f"system:node:{node.name}",
        "uid": f"aws-iam-authenticator:{identity.account}:{principal}",
        "groups": ["system:bootstrappers", "system:nodes", "system:authenticated"],
        "extra": {
            "arn": [identity.arn],
            "canonicalArn": [role_arn(identity)],
            "sessionName": [session],
            "accessKeyId": [identity.access_key],
            "principalId": [principal],
            "sigs.k8s.io/aws-iam-authenticator/principalId": [principal],
        },
    }


def test_a_session_name_fills_a_template(world: World) -> None:
    """`{{SessionName}}` has `-` for `@`, `{{SessionNameRaw}}` is as given."""
    identity = world.someone(
        "{{AccountID}}:{{SessionName}}", ["raw:{{SessionNameRaw}}"], session="jo@example.com"
    )

    user = authenticated_user(world.bearer(world.token(identity)))

    assert user["username"] == f"{identity.account}:jo-example.com"
    assert "raw:jo@example.com" in user["groups"]


def test_a_refused_token_gets_a_status_object(world: World) -> None:
    """401 is a Status with the reason Unauthorized and no details."""
    answer = refusal(world.bearer("nonsense"))

    assert answer == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


def test_a_request_without_token_is_refused(world: World) -> None:
    """Anonymous requests are 401."""
    status, answer = world.bearer("").request("GET", CSRS)

    assert (status, answer["reason"]) == (401, "Unauthorized")


def test_a_token_for_another_cluster_is_refused(world: World) -> None:
    """The signature covers the cluster's name, so another cluster refuses the token."""
    identity = world.someone("user")

    refusal(world.bearer(world.token(identity, cluster="another")))


@pytest.mark.parametrize("minutes", [-16, -60, 6])
def test_a_token_of_another_time_is_refused(world: World, minutes: int) -> None:
    """A token is refused later than 15 minutes after its time and earlier than 5 before."""
    identity = world.someone("user")

    refusal(world.bearer(world.token(identity, now=utc_now() + timedelta(minutes=minutes))))


@pytest.mark.parametrize("minutes", [-14, 4])
def test_a_token_signed_recently_is_accepted(world: World, minutes: int) -> None:
    """A token signed 14 minutes ago, or by a clock 4 minutes fast, is accepted."""
    identity = world.someone("user")

    token = world.token(identity, now=utc_now() + timedelta(minutes=minutes))

    assert authenticated_user(world.bearer(token))["username"] == "user"


@pytest.mark.parametrize(
    "change",
    [{"secret_key": "another"}, {"access_key": "ASIAUNKNOWN"}, {"token": None}, {"token": "old"}],
    ids=str,
)
def test_a_token_of_another_key_is_refused(world: World, change: Json) -> None:
    """Secret, access key and session token must all be those of a known identity."""
    identity = world.someone("user")

    refusal(world.bearer(world.token(replace(identity, **change))))


def test_a_token_of_an_unmapped_role_is_refused(world: World) -> None:
    """A valid token of a role without a mapping is 401, not 403."""
    stranger = AwsIdentity.session("Stranger", "session")
    world.plane.add_identity(stranger)

    refusal(world.bearer(world.token(stranger)))


def test_a_person_in_a_nodes_role_is_refused(world: World) -> None:
    """`{{EC2PrivateDNSName}}` needs a session name that is the id of an existing instance."""
    for session in ("jo", "i-0fedcba9876543210"):
        identity = world.someone("system:node:{{EC2PrivateDNSName}}", session=session)

        refusal(world.bearer(world.token(identity)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("https://sts.", "http://sts."),
        ("https://sts.us-east-1.amazonaws.com/", "https://sts.us-east-1.example.com/"),
        ("https://sts.us-east-1.", "https://sts.eu-central-1."),
        (".com/?", ".com/path?"),
        ("Action=GetCallerIdentity", "Action=AssumeRole"),
        ("Version=2011-06-15", "Version=2011-06-16"),
        ("host%3Bx-k8s-aws-id", "host"),
        ("X-Amz-Expires=60", "X-Amz-Expires=901"),
        ("X-Amz-Expires=60", "X-Amz-Expires=61"),
        ("Action=", "Extra=1&Action="),
        ("Action=", "action=GetCallerIdentity&Action="),
    ],
)
def test_a_token_with_another_url_is_refused(world: World, old: str, new: str) -> None:
    """Scheme, host, path and every parameter are checked, or signed, or both."""
    token = world.token(world.someone("user"))

    refusal(world.bearer(rewritten(token, old, new)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token.removeprefix("k8s-aws-v1."),
        lambda token: f"{token}=",
        lambda token: f"{token}{'A' * 4096}",
        lambda _: "k8s-aws-v1.*",
        lambda _: "k8s-aws-v1.",
    ],
    ids=["no prefix", "padded", "too long", "not base64", "empty"],
)
def test_a_malformed_token_is_refused(world: World, spoil: object) -> None:
    """Prefix, base64 without padding and a length up to 4,096 are required."""
    token = world.token(world.someone("user"))
    assert callable(spoil)

    refusal(world.bearer(spoil(token)))


def test_a_token_of_another_partition_is_refused(world: World) -> None:
    """A cluster of the partition aws refuses a token for STS in China."""
    identity = world.someone("user")

    refusal(world.bearer(mint(identity, world.plane.cluster, "cn-north-1", utc_now())))


def test_a_token_signed_in_another_region_is_accepted(world: World) -> None:
    """STS of any Region of the partition confirms the same identity."""
    identity = world.someone("user")

    token = mint(identity, world.plane.cluster, "eu-central-1", utc_now())

    assert authenticated_user(world.bearer(token))["username"] == "user"
