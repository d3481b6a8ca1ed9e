"""What the reviewer's own log says about a cluster's last review."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.aws_clients import AWS_FAULTS, reported
from core.errors import EvidenceUnavailable
from core.printable import printable

#: How far back to look: some rounds of the slowest schedule.
LOOKED_BACK: Final = timedelta(minutes=20)

#: The lines with which a review of a cluster ends.
REVIEWED: Final = "cluster reviewed"
_ENDS: Final = frozenset(
    {
        REVIEWED,
        "cluster not onboarded",
        "cluster skipped",
        "cluster unavailable",
        "cluster unreachable",
    }
)

# A busy log may have many pages without a match.
_MAX_PAGES: Final = 20


@dataclass(frozen=True, slots=True)
class LastReview:
    """The line with which a cluster's last review ended. Texts that it lacks are empty."""

    at: datetime
    message: str
    cause: str
    detail: str
    fix: str

    @property
    def time(self) -> str:
        """When it was written, in UTC."""
        return f"{self.at:%H:%M:%S} UTC"


def last_review(
    logs: Any, group: str, cluster: str, region: str, now: datetime
) -> LastReview | None:
    """Return how the cluster's last review ended; None if the last 20 minutes have no line of it.

    `logs`: the client of the log group's Region. Anyone who may put log events can write such a
    line, so it is shown and never acted on.

    Raises:
        EvidenceUnavailable: CloudWatch Logs couldn't be asked.
    """
    # Neither name can have a quote: they are a cluster's and a Region's.
    pattern = f'{{ $.cluster = "{cluster}" && $.region = "{region}" && $.message = "cluster *" }}'
    begin = int((now - LOOKED_BACK).timestamp() * 1_000)
    found: list[LastReview] = []
    try:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=begin, filterPattern=pattern
        )
        for number, page in enumerate(pages):
            found += _reviews(page["events"], cluster, region)
            if number + 1 >= _MAX_PAGES:
                break
    except AWS_FAULTS as error:
        raise EvidenceUnavailable(reported("CloudWatch Logs FilterLogEvents", error)) from error
    return max(found, key=lambda one: one.at, default=None)


def _reviews(events: Any, cluster: str, region: str) -> Iterator[LastReview]:
    for event in events:
        line = _object(str(event.get("message", "")))
        where = line.get("cluster"), line.get("region")
        is_end = str(line.get("message")) in _ENDS
        if where == (cluster, region) and is_end and _is_of_nodes(line):
            yield LastReview(
                at=datetime.fromtimestamp(event["timestamp"] / 1_000, UTC),
                message=str(line["message"]),
                cause=printable(str(line.get("cause", ""))),
                detail=printable(str(line.get("detail") or line.get("reason", ""))),
                fix=printable(str(line.get("fix", ""))),
            )


def _is_of_nodes(line: Mapping[str, Any]) -> bool:
    """Return whether it ends the review: a second signer's failure comes after the nodes' run."""
    return line["message"] == REVIEWED or "signer" not in line


def _object(text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}
