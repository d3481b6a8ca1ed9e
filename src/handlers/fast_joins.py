"""The dispatcher's second task: further reviews within the minute for clusters that nodes join."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Final, NamedTuple

from adapters import launches, queue
from adapters.answers import answers_in_time
from adapters.aws_account import Aws
from adapters.queue import Assignment
from core.joining import Joining, room_for_further_reviews
from core.ports import Clock
from core.settings import DispatchSettings

#: How long EC2 is asked, in all Regions at once. Only how soon nodes are served depends on it.
ASKING_SECONDS: Final = 5.0

# With less time left, EC2 isn't asked: the messages are sent within the rest.
_SENDING_SECONDS: Final = 5.0

_AT_ONCE: Final = 32

# The names of the clusters that nodes of a Region join, or why they aren't known.
_NamesOrProblem = frozenset[str] | str

_TOO_LATE: Final[_NamesOrProblem] = "no answer in time"

_Key = tuple[str, str]


class Further(NamedTuple):
    """The further reviews of one minute.

    `joining`: clusters, as Region and name. `sent`: how many further reviews. `unknown`: the
    Regions in which EC2 didn't say, and why.
    """

    joining: Sequence[str] = ()
    sent: int = 0
    unknown: Sequence[str] = ()


class FastJoins:
    """Asks EC2 for recent launches, and sends the further reviews."""

    def __init__(self, settings: DispatchSettings, aws: Aws, now: Callable[[], datetime]) -> None:
        """`now`: the time, with time zone."""
        self._settings = settings
        self._aws = aws
        self._now = now
        self._joining = Joining(now)
        self._room = room_for_further_reviews(settings.reviewer_concurrency)

    def send(self, assigned: Sequence[Assignment], clock: Clock) -> Further:
        """Send further reviews of the assigned clusters that nodes are joining.

        An SQS message that isn't sent is no error: the next minute's ordinary review comes anyway.
        """
        minutes = self._settings.fast_join_minutes
        if not minutes or clock.remaining() < ASKING_SECONDS + _SENDING_SECONDS:
            return Further()
        regions = sorted({one.region for one in assigned})
        found = answers_in_time(
            partial(self._joined, clock=clock), regions, ASKING_SECONDS, _TOO_LATE, at_once=_AT_ONCE
        )
        answers = dict(zip(regions, found, strict=True))
        joining, unknown = list[_Key](), list[_Key]()
        for one in assigned:
            names = answers[one.region]
            if isinstance(names, str):
                unknown.append((one.region, one.cluster))
            elif one.cluster in names:
                joining.append((one.region, one.cluster))
        reviews = self._joining.further_reviews(joining, unknown, self._room)
        return Further(
            joining=[f"{region}/{name}" for region, name in joining],
            sent=self._send(reviews, clock),
            unknown=[f"{region}: {why}" for region, why in answers.items() if isinstance(why, str)],
        )

    def _joined(self, region: str, *, clock: Clock) -> _NamesOrProblem:
        until = clock.remaining() - ASKING_SECONDS
        return launches.joined_clusters(
            self._aws.client("ec2", region, fast_fail=True),
            self._now(),
            self._settings.fast_join_minutes,
            lambda: clock.remaining() > until,
        )

    def _send(self, reviews: Sequence[tuple[_Key, int]], clock: Clock) -> int:
        """Send as many as there is time for; a call that begins late ends within the reserve."""
        sqs, sent = self._aws.client("sqs", fast_fail=True), 0
        for delay in dict.fromkeys(delay for _, delay in reviews):
            these = [
                Assignment(cluster=name, region=region, again=True)
                for (region, name), its_delay in reviews
                if its_delay == delay
            ]
            unsent = queue.send(
                sqs,
                self._settings.queue_url,
                these,
                delay_seconds=delay,
                time_left=lambda: clock.remaining() > 0,
            )
            sent += len(these) - len(unsent)
        return sent
