"""Faulty answers of AWS's APIs as HTTP responses: the SDK itself parses and retries them."""

import json
from collections.abc import Callable
from io import BytesIO
from typing import Any

from botocore.awsrequest import AWSResponse
from moto.core.models import botocore_stubber

#: Called with the event's name (`before-send.ec2.DescribeInstances`) and the HTTP request.
HttpFault = Callable[[str, Any], AWSResponse | None]


class _Raw(BytesIO):
    def stream(self, **_: Any) -> "_Raw":
        return self


def reply(status: int, body: bytes, **headers: str) -> AWSResponse:
    """Return an HTTP response as the SDK's HTTP client returns it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return AWSResponse("https://aws.example", status, named, _Raw(body))


def refused(code: str, status: int = 400) -> HttpFault:
    """Answer with an error in the format of the called service."""

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
    """Answer 200 with a page of HTML, as a captive portal does."""
    return reply(200, b"<html><body>please sign in<br></body></html>", Content_Type="text/html")


def raises(error: Exception) -> HttpFault:
    """Raise `error`, as the SDK's HTTP client does without an answer."""

    def answer(_event: str, _request: Any) -> AWSResponse:
        raise error

    return answer


def loses_the_answer(error: Exception) -> HttpFault:
    """Let AWS execute the call, and lose its answer."""

    def answer(event: str, request: Any) -> AWSResponse:
        botocore_stubber(event_name=event, request=request)
        raise error

    return answer


def at_first(times: int, answer: HttpFault) -> HttpFault:
    """Apply the fault to the first `times` requests only."""
    left = iter(range(times))
    return lambda event, request: None if next(left, None) is None else answer(event, request)


def on_page_two(answer: HttpFault) -> HttpFault:
    """Apply the fault to requests for a later page."""

    def second(event: str, request: Any) -> AWSResponse | None:
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        return answer(event, request) if b"NextToken=" in body else None

    return second
