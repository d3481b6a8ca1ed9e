"""The owner of the credentials, and the difference between the local clock and AWS's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws_account import Aws
from adapters.aws_clients import AWS_FAULTS, reported
from core.errors import EvidenceUnavailable


@dataclass(frozen=True, slots=True)
class Caller:
    """The answer of STS. If STS refused, `arn` is empty and `problem` says why.

    `skew_seconds`: how far the local clock is ahead of AWS's; None if the answer has no time.
    """

    account: str
    arn: str
    skew_seconds: float | None
    problem: str = ""

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn`, …."""
        return [*self.arn.split(":"), ""][1]


def who_am_i(sts: Any, now: Callable[[], datetime]) -> Caller:
    """Ask STS for the caller, which needs no permission; a refusal has a time too.

    Raises:
        EvidenceUnavailable: no answer came.
    """
    try:
        answer = sts.get_caller_identity()
    except ClientError as error:
        refusal = reported("STS GetCallerIdentity", error)
        return Caller("", "", _skew(error.response, now()), refusal)
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("STS GetCallerIdentity", error)) from error
    return Caller(str(answer["Account"]), str(answer["Arn"]), _skew(answer, now()))


def account_of(aws: Aws) -> str:
    """Return the account of the credentials; empty if STS doesn't say."""
    try:
        return who_am_i(aws.client("sts"), lambda: datetime.now(UTC)).account
    except EvidenceUnavailable:
        return ""


def _skew(answer: Mapping[str, Any], now: datetime) -> float | None:
    """Return the local clock's lead by the header `Date`, which has whole seconds."""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    try:
        theirs = parsedate_to_datetime(headers["date"])
        return (now - theirs).total_seconds()
    except (KeyError, TypeError, ValueError):
        return None
