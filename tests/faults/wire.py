"""What AWS's APIs answer when something is wrong, as HTTP, so that the SDK reads and retries it."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.core.models import botocore_stubber

#: Has an HTTP request, given the event's name (`before-send.ec2.DescribeInstances`) and itself.
OnTheWire = Callable[[str, Any], AWSResponse | None]


class _Raw(BytesIO):
    def stream(self, **_: Any) -> "_Raw":
        return self


def reply(status: int, body: bytes, **headers: str) -> AWSResponse:
    """An HTTP response, as the SDK's HTTP client gives it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return AWSResponse("https://aws.example", status, named, _Raw(body))


def refused(code: str, status: int = 400) -> OnTheWire:
    """An error in the words of the service that was asked."""

    def answer(event: str, _: Any) -> AWSResponse:
        service = event.split(".")[1]
        if service in ("ec2", "iam"):
            error = f"<Error><Code>{code}</Code><Message>arn:aws:iam::1:role/x</Message></Error>"
            whole = {
                "ec2": f"<Response><Errors>{error}</Errors><RequestID>1</RequestID></Response>",
                "iam": f"<ErrorResponse>{error}<RequestId>1</RequestId></ErrorResponse>",
            }
            return reply(status, whole[service].encode())
        body = {"__type": code, "message": "arn:aws:iam::1:role/x"}
        return reply(status, json.dumps(body).encode(), x_amzn_errortype=code)

    return answer


def garbage(_event: str, _request: Any) -> AWSResponse:
    """200, and a page that a proxy in between might show."""
    return reply(200, b"<html><body>please sign in<br></body></html>", Content_Type="text/html")


def breaks(error: Exception) -> OnTheWire:
    """No answer, but what the SDK's HTTP client raises then."""

    def answer(_event: str, _request: Any) -> AWSResponse:
        raise error

    return answer


def loses_the_answer(error: Exception) -> OnTheWire:
    """AWS does what was asked, and its answer is lost."""

    def answer(event: str, request: Any) -> AWSResponse:
        botocore_stubber(event_name=event, request=request)
        raise error

    return answer


def at_first(times: int, answer: OnTheWire) -> OnTheWire:
    """The fault meets so many requests; then all is well."""
    left = iter(range(times))
    return lambda event, request: None if next(left, None) is None else answer(event, request)


def on_page_two(answer: OnTheWire) -> OnTheWire:
    """The fault meets what goes on from a first page."""

    def second(event: str, request: Any) -> AWSResponse | None:
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        return answer(event, request) if b"NextToken=" in body else None

    return second
