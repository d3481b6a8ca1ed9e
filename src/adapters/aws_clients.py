"""How AWS is called: time-outs and attempts in one place, and failures without secrets."""

from typing import Final

from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from core.printable import printable

#: What a call to AWS raises if AWS, the network or our credentials fail. The last one is for an
#: answer that isn't AWS's, such as a proxy's page; it is no BotoCoreError.
AWS_FAULTS: Final = (ClientError, BotoCoreError, ResponseParserError)

_NOT_CONNECTED: Final = (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

# From: botocore's standard retry mode, `botocore.retries.standard`.
_THROTTLED: Final = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_TOO_MANY: Final = 429

_CONNECT_SECONDS: Final = 3
# A call may begin with 20 s left to Lambda's end (ec2.py), and all its attempts end before that.
_READ_SECONDS: Final = 5
# In all. A call must fail well before the run ends; the next run asks again.
_ATTEMPTS: Final = 2

# Late in a run there is time for one short attempt.
_FAST_FAIL_CONNECT_SECONDS: Final = 1
_FAST_FAIL_READ_SECONDS: Final = 3

_MAX_WORDS: Final = 300


def client_config(*, use_environment_proxy: bool = False, fast_fail: bool = False) -> Config:
    """Return the configuration of every AWS client in this project.

    The environment's proxy (`HTTPS_PROXY`, `NO_PROXY`) may be meant for other programs, so it is
    used only if a person asks for it. A `fast_fail` client tries once, and gives up after 4
    seconds: 1 to connect, 3 to read.
    """
    return Config(
        connect_timeout=_FAST_FAIL_CONNECT_SECONDS if fast_fail else _CONNECT_SECONDS,
        read_timeout=_FAST_FAIL_READ_SECONDS if fast_fail else _READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 1 if fast_fail else _ATTEMPTS},
        proxies=None if use_environment_proxy else {},
    )


def fault(operation: str, error: Exception) -> str:
    """Return the failure in words that are safe to log: AWS's messages contain ARNs and URLs."""
    return f"{operation}: {error_code(error)}"


def reported(operation: str, error: Exception) -> str:
    """Return the failure with AWS's message, for the caller's terminal; never for a log."""
    return f"{fault(operation, error)}: {message_of(error)}"


def message_of(error: Exception) -> str:
    """Return AWS's message without botocore's words around it; bounded, printable, not for logs."""
    answer = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    words = " ".join((answer.get("Message") or str(error)).split())  # some messages have lines
    return printable(words.rstrip("."), _MAX_WORDS)


def is_no_answer(error: Exception) -> bool:
    """Return whether AWS throttled the call, failed (5xx) or couldn't be connected to.

    Anything else is an answer: a refusal, that there is no such thing, or one that is unreadable.
    """
    if not isinstance(error, ClientError):
        return isinstance(error, _NOT_CONNECTED)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return error_code(error) in _THROTTLED or status >= 500 or status == _TOO_MANY


def error_code(error: Exception) -> str:
    """Return AWS's error code, such as `AccessDenied`; without an answer, the error's class."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code")
        if code:
            return str(code)
    return type(error).__name__
