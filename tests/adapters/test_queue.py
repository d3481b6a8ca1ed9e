"""Assignments on the queue."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber
from moto import mock_aws

from adapters.aws_clients import client_config
from adapters.queue import Assignment, send

URL = "https://sqs.us-east-1.amazonaws.com/111122223333/reviews"


def an_assignment(number: int = 0) -> Assignment:
    return Assignment(cluster=f"cluster-{number}", region="eu-west-1")


def a_client() -> Any:
    return boto3.client(
        "sqs",
        region_name="us-east-1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="s",
        config=client_config(),
    )


def a_request(*numbers: int) -> dict[str, Any]:
    entries = [
        {"Id": str(place), "MessageBody": an_assignment(number).to_body()}
        for place, number in enumerate(numbers)
    ]
    return {"QueueUrl": URL, "Entries": entries}


def an_answer(sent: str = "", failed: str = "") -> dict[str, Any]:
    """Return SQS's answer for entries by their ids, one character each."""
    return {
        "Successful": [{"Id": i, "MessageId": f"m{i}", "MD5OfMessageBody": "x"} for i in sent],
        "Failed": [{"Id": i, "SenderFault": False, "Code": "InternalError"} for i in failed],
    }


@contextmanager
def sqs_saying(*exchanges: tuple[dict[str, Any], dict[str, Any] | str]) -> Iterator[Any]:
    """Yield SQS with exactly these requests and answers; a text is an error's code."""
    client = a_client()
    with Stubber(client) as stub:
        for request, answer in exchanges:
            if isinstance(answer, str):
                stub.add_client_error("send_message_batch", answer, expected_params=request)
            else:
                stub.add_response("send_message_batch", answer, request)
        yield client
        stub.assert_no_pending_responses()


@mock_aws
def test_sent_assignments_can_be_read() -> None:
    """Twenty-three assignments arrive unchanged."""
    client = a_client()
    url = client.create_queue(QueueName="reviews")["QueueUrl"]
    sent = [an_assignment(number) for number in range(23)]

    assert send(client, url, sent) == {}
    received: list[Assignment] = []
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        received += [Assignment.from_body(message["Body"]) for message in messages]
    assert sent == sorted(received, key=lambda one: int(one.cluster.partition("-")[2]))


def test_nothing_is_sent_without_assignments() -> None:
    """No assignments, no call."""
    with sqs_saying() as sqs:
        assert send(sqs, URL, []) == {}


def test_refused_entries_are_sent_again() -> None:
    """Only the refused entries are sent again, and then nothing has failed."""
    with sqs_saying(
        (a_request(0, 1, 2), an_answer(sent="1", failed="02")),
        (a_request(0, 2), an_answer(sent="01")),
    ) as sqs:
        failed = send(sqs, URL, [an_assignment(number) for number in range(3)])

    assert failed == {}


def test_entries_that_are_refused_twice_are_returned() -> None:
    """The dispatcher reports the clusters without a message."""
    with sqs_saying(
        (a_request(0, 1), an_answer(sent="1", failed="0")),
        (a_request(0), an_answer(failed="0")),
    ) as sqs:
        failed = send(sqs, URL, [an_assignment(0), an_assignment(1)])

    assert failed == {an_assignment(0): "InternalError"}


def test_an_entry_that_the_answer_lacks_has_failed() -> None:
    """Only confirmed entries count as sent."""
    with sqs_saying((a_request(0, 1), an_answer(sent="1")), (a_request(0), an_answer())) as sqs:
        failed = send(sqs, URL, [an_assignment(0), an_assignment(1)])

    assert failed == {an_assignment(0): "not in the answer"}


def test_a_failed_call_fails_its_ten() -> None:
    """The other batches are sent."""
    with sqs_saying(
        (a_request(*range(10)), "AccessDenied"), (a_request(10), an_answer(sent="0"))
    ) as sqs:
        failed = send(sqs, URL, [an_assignment(number) for number in range(11)])

    assert failed == dict.fromkeys(map(an_assignment, range(10)), "AccessDenied")


def test_a_failed_second_attempt_fails_the_refused_entries() -> None:
    """The entries confirmed at first stay sent."""
    with sqs_saying(
        (a_request(0, 1), an_answer(sent="1", failed="0")), (a_request(0), "RequestThrottled")
    ) as sqs:
        failed = send(sqs, URL, [an_assignment(0), an_assignment(1)])

    assert failed == {an_assignment(0): "RequestThrottled"}


def test_a_call_without_an_answer_fails_its_ten() -> None:
    """A queue that can't be reached raises nothing."""

    class Unreachable:
        def send_message_batch(self, **_: object) -> object:
            raise EndpointConnectionError(endpoint_url=URL)

    failed = send(Unreachable(), URL, [an_assignment()])

    assert failed == {an_assignment(): "EndpointConnectionError"}


@pytest.mark.parametrize(
    "region",
    [
        "us-east-1",
        "ap-southeast-7",
        "us-gov-west-1",
        "cn-northwest-1",
        "us-iso-east-1",
        "us-isob-east-1",
        "us-isof-south-1",
        "eu-isoe-west-1",
        "eusc-de-east-1",
        "mx-central-1",
    ],
)
def test_regions_of_all_partitions_are_accepted(region: str) -> None:
    """No partition is left out."""
    assignment = Assignment(cluster="prod", region=region)

    assert assignment == Assignment.from_body(assignment.to_body())


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("prod", id="no JSON"),
        pytest.param("[]", id="a list"),
        pytest.param('{"cluster": "prod"}', id="no Region"),
        pytest.param('{"region": "eu-west-1"}', id="no cluster"),
        pytest.param(
            '{"cluster": "prod", "region": "eu-west-1", "endpoint": "https://x"}', id="one more"
        ),
        pytest.param('{"cluster": 5, "region": "eu-west-1"}', id="cluster is a number"),
        pytest.param('{"cluster": "", "region": "eu-west-1"}', id="empty cluster"),
        pytest.param(
            '{"cluster": "-prod", "region": "eu-west-1"}', id="cluster begins with hyphen"
        ),
        pytest.param('{"cluster": "a/b", "region": "eu-west-1"}', id="cluster with slash"),
        pytest.param('{"cluster": "prod\\n", "region": "eu-west-1"}', id="cluster ends in newline"),
        pytest.param('{"cluster": "é", "region": "eu-west-1"}', id="cluster beyond ASCII"),
        pytest.param(f'{{"cluster": "{"a" * 101}", "region": "eu-west-1"}}', id="long cluster"),
        pytest.param('{"cluster": "prod", "region": "eu-west-1\\n"}', id="Region ends in newline"),
        pytest.param(
            '{"cluster": "prod", "region": "eu-west-1.evil.example/"}', id="Region is host"
        ),
        pytest.param('{"cluster": "prod", "region": "EU-WEST-1"}', id="Region in capitals"),
        pytest.param('{"cluster": "prod", "region": "eu-west-\u0661"}', id="Region beyond ASCII"),
    ],
)
def test_a_body_that_is_not_exactly_an_assignment_is_refused(body: str) -> None:
    """An assignment has a valid cluster and a valid Region, and nothing else."""
    with pytest.raises(ValueError, match=r"^not an assignment: "):
        Assignment.from_body(body)


def test_an_invalid_cluster_name_is_not_assigned() -> None:
    """The dispatcher can't write a message that the reviewer can't read."""
    with pytest.raises(ValueError, match="cluster"):
        Assignment(cluster="a b", region="eu-west-1")
