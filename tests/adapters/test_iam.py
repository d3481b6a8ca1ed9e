"""The roles of instance profiles."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, NoCredentialsError
from botocore.stub import Stubber
from moto import mock_aws

from adapters.aws_clients import client_config
from adapters.iam import InstanceProfiles, roles_of_profiles
from core.model import Role, RoleUnknown

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ARN = "arn:aws:iam::111122223333:instance-profile/eks/nodes"
ROLE_ARN = "arn:aws:iam::111122223333:role/teams/eks-node"
ROLE = Role("aws", "111122223333", "eks-node")


class Watch:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


class Raising:
    """An IAM client whose every call fails without an answer."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_instance_profile(self, **_: str) -> object:
        raise self.error


def a_client() -> Any:
    return boto3.client(
        "iam",
        region_name="us-east-1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="s",
        config=client_config(),
    )


def an_answer(arn: str = ARN, roles: tuple[str, ...] = (ROLE_ARN,)) -> dict[str, Any]:
    """Return IAM's answer about an instance profile."""
    return {
        "InstanceProfile": {
            "Path": "/eks/",
            "InstanceProfileName": "nodes",
            "InstanceProfileId": "AIPAEXAMPLEEXAMPLE00",
            "Arn": arn,
            "CreateDate": NOW,
            "Roles": [
                {
                    "Path": "/teams/",
                    "RoleName": "eks-node",
                    "RoleId": "AROAEXAMPLEEXAMPLE00",
                    "Arn": role,
                    "CreateDate": NOW,
                }
                for role in roles
            ],
        }
    }


@contextmanager
def iam_saying(*answers: dict[str, Any] | str, watch: Watch | None = None) -> Iterator[Any]:
    """Yield IAM with exactly these answers; a text is an error's code. Each must be used."""
    client = a_client()
    with Stubber(client) as stub:
        for answer in answers:
            if isinstance(answer, str):
                message = f"{ROLE_ARN} must not be shown"
                stub.add_client_error("get_instance_profile", answer, message)
            else:
                expected = {"InstanceProfileName": "nodes"}
                stub.add_response("get_instance_profile", answer, expected)
        yield InstanceProfiles(client, watch or Watch())
        stub.assert_no_pending_responses()


@mock_aws
def test_the_role_is_the_profiles() -> None:
    """Account, partition and name are read from the role's ARN, with any path."""
    client = a_client()
    client.create_role(RoleName="eks-node", Path="/teams/", AssumeRolePolicyDocument="{}")
    client.create_instance_profile(InstanceProfileName="nodes", Path="/eks/")
    client.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="eks-node")
    arn = "arn:aws:iam::123456789012:instance-profile/eks/nodes"

    role = InstanceProfiles(client, Watch()).role(arn)

    assert role == Role("aws", "123456789012", "eks-node")


@mock_aws
def test_a_profile_without_a_role_has_none() -> None:
    """IAM answers so; it is no failure."""
    client = a_client()
    client.create_instance_profile(InstanceProfileName="nodes", Path="/eks/")
    arn = "arn:aws:iam::123456789012:instance-profile/eks/nodes"

    role = InstanceProfiles(client, Watch()).role(arn)

    assert role == RoleUnknown("the instance profile has no roles")


@mock_aws
def test_a_profile_that_iam_does_not_know_has_no_role() -> None:
    """IAM answers so; it is no failure."""
    role = InstanceProfiles(a_client(), Watch()).role(ARN)

    assert role == RoleUnknown("IAM has no such instance profile")


def test_a_role_is_kept_for_15_minutes() -> None:
    """IAM is asked once, and again after 15 minutes."""
    watch = Watch()
    other = ROLE_ARN.replace("eks-node", "other")
    with iam_saying(an_answer(), an_answer(roles=(other,)), watch=watch) as profiles:
        first = profiles.role(ARN)
        watch.time = NOW + timedelta(minutes=14, seconds=59)
        kept = profiles.role(ARN)
        watch.time = NOW + timedelta(minutes=15)
        later = profiles.role(ARN)

    assert [role.name for role in (first, kept, later)] == ["eks-node", "eks-node", "other"]


def test_a_role_from_the_future_is_requested_again() -> None:
    """If the clock is set back, a role isn't kept for longer."""
    watch = Watch()
    with iam_saying(an_answer(), an_answer(), watch=watch) as profiles:
        profiles.role(ARN)
        watch.time = NOW - timedelta(seconds=1)

        assert profiles.kept(ARN) is None
        assert profiles.role(ARN) == ROLE


@pytest.mark.parametrize("nothing", ["NoSuchEntity", "Throttling", "AccessDenied"])
def test_a_missing_role_is_not_kept(nothing: str) -> None:
    """A profile may have its role a moment later, and an error may pass."""
    with iam_saying(nothing, an_answer()) as profiles:
        before = profiles.role(ARN)

        assert isinstance(before, RoleUnknown)
        assert profiles.role(ARN) == ROLE


@pytest.mark.parametrize(
    "code", ["AccessDenied", "Throttling", "ServiceFailure", "InvalidClientTokenId"]
)
def test_an_error_of_iam_is_a_fault_with_its_code(code: str) -> None:
    """IAM's message isn't shown, because it contains ARNs."""
    with iam_saying(code) as profiles:
        role = profiles.role(ARN)

    assert role == RoleUnknown(f"IAM GetInstanceProfile: {code}", fault=True)


@pytest.mark.parametrize(
    "error",
    [
        NoCredentialsError(),
        ConnectTimeoutError(endpoint_url="https://iam.amazonaws.com/"),
        ClientError({}, "GetInstanceProfile"),
    ],
)
def test_a_call_without_an_answer_is_a_fault_with_its_class(error: Exception) -> None:
    """A time-out or missing credentials aren't IAM's answer."""
    role = InstanceProfiles(Raising(error), Watch()).role(ARN)

    assert role == RoleUnknown(f"IAM GetInstanceProfile: {type(error).__name__}", fault=True)


@pytest.mark.parametrize("arn", ["", "nodes", "arn:aws:iam::111122223333:role/nodes", f"{ARN}\n"])
def test_no_profile_is_requested_without_its_arn(arn: str) -> None:
    """The profile's name is read from a valid ARN only."""
    with iam_saying() as profiles:
        role = profiles.role(arn)

    assert role == RoleUnknown("the instance profile's ARN can't be read")


def test_a_profile_of_that_name_with_another_arn_is_not_used() -> None:
    """A profile of another account or path has the same name, and perhaps another role."""
    with iam_saying(an_answer(arn=ARN.replace("eks", "other"))) as profiles:
        role = profiles.role(ARN)

    assert role == RoleUnknown("IAM has an instance profile of that name with another ARN")


def test_a_profile_of_two_roles_has_no_known_role() -> None:
    """Only a single role is known to be the node's."""
    with iam_saying(an_answer(roles=(ROLE_ARN, ROLE_ARN))) as profiles:
        role = profiles.role(ARN)

    assert role == RoleUnknown("the instance profile has 2 roles")


def test_a_role_whose_arn_cannot_be_read_is_a_fault() -> None:
    """An unreadable answer is a failure."""
    with iam_saying(an_answer(roles=("arn:aws:iam::111122223333:user/eks-node",))) as profiles:
        role = profiles.role(ARN)

    assert role == RoleUnknown("IAM GetInstanceProfile: unreadable answer", fault=True)


def test_the_number_of_kept_roles_is_bounded() -> None:
    """The oldest of a thousand is removed."""

    class Endless:
        def get_instance_profile(self, **asked: str) -> object:
            name = asked["InstanceProfileName"]
            return an_answer(arn=f"arn:aws:iam::111122223333:instance-profile/{name}")

    profiles = InstanceProfiles(Endless(), Watch())
    arns = [f"arn:aws:iam::111122223333:instance-profile/{number}" for number in range(1_001)]
    for arn in arns:
        profiles.role(arn)

    assert profiles.kept(arns[0]) is None
    assert all(profiles.kept(arn) == ROLE for arn in arns[1:])


@mock_aws
def test_the_listing_of_the_cli_gives_roles_by_profile() -> None:
    """`aws iam list-instance-profiles` prints all profiles with their roles."""
    client = a_client()
    client.create_role(RoleName="eks-node", AssumeRolePolicyDocument="{}")
    for name in ("nodes", "empty"):
        client.create_instance_profile(InstanceProfileName=name)
    client.add_role_to_instance_profile(InstanceProfileName="nodes", RoleName="eks-node")
    prefix = "arn:aws:iam::123456789012:instance-profile"

    roles = roles_of_profiles(client.list_instance_profiles())

    assert roles == {
        f"{prefix}/nodes": Role("aws", "123456789012", "eks-node"),
        f"{prefix}/empty": RoleUnknown("the instance profile has no roles"),
    }


@pytest.mark.parametrize(
    ("output", "problem"),
    [
        ([], "InstanceProfiles: "),
        ({}, "InstanceProfiles: "),
        ({"InstanceProfiles": [{}]}, "InstanceProfiles.0: "),
        ({"InstanceProfiles": [{"Arn": ARN, "Roles": [{"Arn": "x"}]}]}, "InstanceProfiles.0: "),
        ({"InstanceProfiles": [{"Arn": 5, "Roles": []}]}, "InstanceProfiles.0: "),
        ({"InstanceProfiles": [None]}, "InstanceProfiles.0: "),
    ],
)
def test_a_listing_of_another_shape_is_an_error_that_names_the_place(
    output: object, problem: str
) -> None:
    """A value of another shape isn't guessed at: the error names its place."""
    with pytest.raises(ValueError, match=f"^{problem}"):
        roles_of_profiles(output)
