"""The clusters that nodes are joining, as one question to EC2 shows them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import ANY, Stubber

from adapters.aws_clients import client_config
from adapters.launches import joined_clusters

NOW = datetime(2026, 11, 28, 0, 1, 40, tzinfo=UTC)


class _Body(BytesIO):
    """The body of an answer, as urllib3 gives it to botocore."""

    def stream(self, **_: Any) -> "_Body":
        return self


_NUMBERS = iter(range(1, 1_000))


def tagged(tags: Mapping[str, str]) -> dict[str, Any]:
    return {
        "InstanceId": f"i-{next(_NUMBERS):017x}",
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()],
    }


def page(*items: dict[str, Any], more: str | None = None) -> dict[str, Any]:
    answer: dict[str, Any] = {"Reservations": [{"Instances": [item]} for item in items]}
    return answer if more is None else answer | {"NextToken": more}


def asked(*answers: dict[str, Any] | str, time_left: Callable[[], bool] = lambda: True) -> object:
    """Return what is found if EC2 gives these answers, one a page; a text is an error's code."""
    ec2 = boto3.client(
        "ec2",
        region_name="us-east-1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="s",
        config=client_config(),
    )
    with Stubber(ec2) as stub:
        for answer in answers:
            if isinstance(answer, str):
                stub.add_client_error("describe_instances", answer)
            else:
                stub.add_response("describe_instances", answer)
        return joined_clusters(ec2, NOW, 2, time_left)


def test_the_question_is_bounded_by_launch_tag_and_state() -> None:
    """The present minute is asked for too: EC2's filter knows patterns, but no ranges."""
    ec2 = boto3.client("ec2", "us-east-1", aws_access_key_id="A", aws_secret_access_key="s")
    wanted = {
        "launch-time": ["2026-11-28T00:01:*", "2026-11-28T00:00:*", "2026-11-27T23:59:*"],
        "tag-key": [
            "kubernetes.io/cluster/*",
            "eks:cluster-name",
            "eks:eks-cluster-name",
            "aws:eks:cluster-name",
        ],
        "instance-state-name": ["pending", "running"],
    }
    with Stubber(ec2) as stub:
        stub.add_response(
            "describe_instances",
            page(),
            {
                "Filters": [{"Name": name, "Values": values} for name, values in wanted.items()],
                "MaxResults": ANY,
                "IncludeManagedResources": True,
            },
        )

        assert frozenset() == joined_clusters(ec2, NOW, 2, lambda: True)


def test_an_instance_whose_tags_name_several_clusters_joins_none() -> None:
    """One with the tags of fifty clusters would have fifty clusters reviewed more often."""
    several = {"kubernetes.io/cluster/dev": "owned", "eks:cluster-name": "prod"}

    assert {"test"} == asked(page(tagged(several), tagged({"eks:cluster-name": "test"})))


def test_all_pages_count() -> None:
    """A page has 200 instances at most."""
    assert {"a", "b"} == asked(
        page(tagged({"eks:cluster-name": "a"}), more="two"),
        page(tagged({"eks:cluster-name": "b"})),
    )


def test_without_time_what_was_read_counts() -> None:
    """Five thousand launches have 25 pages; the next minute asks again."""
    found = asked(page(tagged({"eks:cluster-name": "a"}), more="two"), time_left=lambda: False)

    assert {"a"} == found


@pytest.mark.parametrize("code", ["UnauthorizedOperation", "RequestLimitExceeded"])
def test_a_refusal_is_returned_as_a_code(code: str) -> None:
    """Without this right, clusters are reviewed once a minute."""
    assert code == asked(code)


def test_a_later_page_that_fails_takes_nothing_back() -> None:
    """What the pages before it show is true."""
    assert {"a"} == asked(
        page(tagged({"eks:cluster-name": "a"}), more="two"), "RequestLimitExceeded"
    )


def test_a_time_out_is_returned_as_a_code() -> None:
    """The error's class stands for the code that AWS didn't send."""
    ec2 = boto3.client("ec2", "us-east-1", aws_access_key_id="A", aws_secret_access_key="s")

    def fail(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://ec2.us-east-1.amazonaws.com")

    ec2.meta.events.register("before-send", fail)

    assert "ConnectTimeoutError" == joined_clusters(ec2, NOW, 2, lambda: True)


def test_an_unreadable_instance_hides_no_other() -> None:
    """Only its own cluster isn't known."""
    bad = {"NetworkInterfaces": [{"Ipv6Addresses": [{"Ipv6Address": "x"}]}]}
    broken = tagged({"eks:cluster-name": "a"}) | bad

    assert {"b"} == asked(page(broken, tagged({"eks:cluster-name": "b"})))


def test_an_answer_that_is_not_ec2s_is_returned_as_a_code() -> None:
    """A proxy answers with a page of HTML."""
    ec2 = boto3.client("ec2", "us-east-1", aws_access_key_id="A", aws_secret_access_key="s")
    page_of_html = AWSResponse("https://ec2.example", 200, {}, _Body(b"<html>busy</html>"))
    ec2.meta.events.register("before-send", lambda **_: page_of_html)

    assert "ResponseParserError" == joined_clusters(ec2, NOW, 2, lambda: True)


@pytest.mark.parametrize(("readable", "found"), [(0, "unreadable answer"), (1, {"a"})])
def test_a_page_of_another_shape_takes_nothing_back(readable: int, found: object) -> None:
    """Without any page before it, nothing is known."""
    ec2 = boto3.client("ec2", "us-east-1", aws_access_key_id="A", aws_secret_access_key="s")
    pages = iter(range(2))

    def reshape(parsed: dict[str, Any], **_: Any) -> None:
        if next(pages) >= readable:
            parsed["Reservations"] = "none"

    ec2.meta.events.register("after-call", reshape)
    with Stubber(ec2) as stub:
        for more in ("two", None):
            stub.add_response(
                "describe_instances", page(tagged({"eks:cluster-name": "a"}), more=more)
            )

        assert found == joined_clusters(ec2, NOW, 2, lambda: True)
