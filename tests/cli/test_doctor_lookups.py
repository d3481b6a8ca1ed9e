"""A lookup of doctor that gets no answer, or an unreadable one, finds nothing and says so."""

from collections.abc import Callable
from typing import Any, Final

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from cli.account import stack
from cli.doctor import vpc
from cli.doctor.roles import trust_policy
from core.errors import EvidenceUnavailable

_REGION: Final = "us-east-1"

#: By the call that fails first: its service, and the lookup.
LOOKUPS: Final[dict[str, tuple[str, Callable[[Any], object]]]] = {
    "get_role": ("iam", lambda iam: trust_policy(iam, "approver")),
    "describe_subnets": ("ec2", lambda ec2: vpc.without_iam(ec2, ["subnet-0aaaaaaaa"])),
    "describe_stacks": (
        "cloudformation",
        lambda cloudformation: stack.describe(cloudformation, "csr-approver", _REGION),
    ),
}

#: The words by which the error names the call.
NAMED: Final = {
    "get_role": "IAM GetRole",
    "describe_subnets": "EC2 DescribeSubnets",
    "describe_stacks": "CloudFormation DescribeStacks",
}

_EVERY = pytest.mark.parametrize("call", LOOKUPS)


def client(service: str) -> Any:
    return boto3.client(service, _REGION, aws_access_key_id="AKIA", aws_secret_access_key="secret")


@_EVERY
@pytest.mark.parametrize("code", ["AccessDenied", "Throttling", "InternalError"])
def test_a_lookup_that_is_refused_names_its_call_and_the_code(call: str, code: str) -> None:
    """It isn't taken for a role, subnet or stack that doesn't exist."""
    service, lookup = LOOKUPS[call]
    asked = client(service)
    with Stubber(asked) as stub:
        stub.add_client_error(call, code, "no")

        with pytest.raises(EvidenceUnavailable, match=f"{NAMED[call]}.*{code}"):
            lookup(asked)


@_EVERY
def test_a_lookup_without_connection_names_its_call(call: str) -> None:
    """The network is no evidence either."""
    service, lookup = LOOKUPS[call]
    asked = client(service)

    def fail(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://aws.example")

    asked.meta.events.register("before-send", fail)

    with pytest.raises(EvidenceUnavailable, match=f"{NAMED[call]}.*ConnectTimeoutError"):
        lookup(asked)


@pytest.mark.parametrize("answer", [{"Stacks": []}, {}])
def test_an_answer_without_the_stack_is_unreadable(answer: dict[str, Any]) -> None:
    """A stack that doesn't exist is an error of CloudFormation's, and not an empty list."""
    asked = client("cloudformation")
    with Stubber(asked) as stub:
        stub.add_response("describe_stacks", answer)

        with pytest.raises(EvidenceUnavailable, match="DescribeStacks: unreadable answer"):
            stack.describe(asked, "csr-approver", _REGION)
