"""The queue between dispatcher and reviewer: one message per review, with name and Region."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from adapters.aws_clients import AWS_FAULTS, error_code
from adapters.shapes import explain
from core.model import CLUSTER_NAME, REGION_NAME

# From: SQS API reference, SendMessageBatch.
_BATCH: Final = 10

_ATTEMPTS: Final = 2


class Assignment(BaseModel):
    """One cluster to be reviewed. EKS says the rest: a message's sender isn't trusted with it.

    `again`: a further review within the minute. It changes only how the review is counted.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    cluster: Annotated[str, Field(pattern=f"^{CLUSTER_NAME.pattern}$")]
    region: Annotated[str, Field(pattern=f"^{REGION_NAME.pattern}$", max_length=40)]
    again: bool = False

    @classmethod
    def from_body(cls, body: str) -> "Assignment":
        """Read a message's body.

        Raises:
            ValueError: it isn't an assignment, or has other fields; names the field.
        """
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            raise ValueError(f"not an assignment: {explain(error)}") from error

    def to_body(self) -> str:
        """Write a message's body."""
        return self.model_dump_json(exclude_defaults=True)


def send(
    sqs: Any,
    queue_url: str,
    assignments: Sequence[Assignment],
    *,
    delay_seconds: int = 0,
    time_left: Callable[[], bool] = lambda: True,
) -> dict[Assignment, str]:
    """Queue the assignments, ten per call; return those that failed, with AWS's error code.

    `delay_seconds`: how long SQS holds them back. `time_left`: whether a call may begin; without
    time the rest isn't sent.

    An assignment that SQS refuses, or doesn't mention in its answer, is sent again once. If a whole
    call fails after the SDK's own retry, its ten assignments fail.
    """
    failed: dict[Assignment, str] = {}
    for start in range(0, len(assignments), _BATCH):
        batch = assignments[start : start + _BATCH]
        if time_left():
            failed |= _send_batch(sqs, queue_url, batch, delay_seconds)
        else:
            failed |= dict.fromkeys(batch, "no time was left")
    return failed


def _send_batch(
    sqs: Any, queue_url: str, batch: Sequence[Assignment], delay_seconds: int
) -> dict[Assignment, str]:
    delay = {"DelaySeconds": delay_seconds} if delay_seconds else {}
    unsent = dict.fromkeys(batch, "")
    for _ in range(_ATTEMPTS):
        tried = list(unsent)
        entries = [
            {"Id": str(n), "MessageBody": one.to_body(), **delay} for n, one in enumerate(tried)
        ]
        try:
            answer = sqs.send_message_batch(QueueUrl=queue_url, Entries=entries)
        except AWS_FAULTS as error:
            return dict.fromkeys(tried, error_code(error))
        sent = {entry["Id"] for entry in answer.get("Successful", [])}
        codes = {entry["Id"]: str(entry["Code"]) for entry in answer.get("Failed", [])}
        unsent = {
            one: codes.get(str(n), "not in the answer")
            for n, one in enumerate(tried)
            if str(n) not in sent
        }
        if not unsent:
            break
    return unsent
