"""Whether a further review, within the minute after the ordinary one, is worth its time."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

_NOT_WORTH_IT: Final = (
    "this environment's last review of the cluster took 10 s or longer, or could not list its CSRs"
)
_LATE: Final = "the message was sent more than a minute ago"

# A further review is due up to 50 s after it was sent. Later the queue is behind, or the review has
# failed before; then further ones would take the time of ordinary ones.
_LATE_SECONDS: Final = 60.0

# With a longer review, further ones within the minute would take the time of other clusters.
_QUICK_SECONDS: Final = 10.0

_MAX_KEPT: Final = 2_000

# Of milliseconds since 1970: enough for the next 29,000 years.
_MAX_DIGITS: Final = 15


class FurtherReviews:
    """Remembers, in one environment, how the last review of each cluster ended."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        """`now`: the time, with time zone."""
        self._now = now
        # Whether the last review of each cluster listed its CSRs, and was quick.
        self._was_quick: dict[tuple[str, str], bool] = {}

    def why_skipped(self, name: str, region: str, sent: str) -> str:
        """Return why a further review isn't worth its time; empty if it is, or if that is unknown.

        `sent`: when SQS got the message, in milliseconds since 1970. Any other text counts as in
        time: a person who invokes the function may give none.
        From: SQS API reference, ReceiveMessage (SentTimestamp).
        """
        if self._is_late(sent):
            return _LATE
        return "" if self._was_quick.get((name, region), True) else _NOT_WORTH_IT

    def ended(self, name: str, region: str, *, was_listed: bool, seconds: float) -> None:
        """Remember how a review ended, a further or an ordinary one, and how long it took."""
        self._was_quick.pop((name, region), None)
        self._was_quick[name, region] = was_listed and seconds < _QUICK_SECONDS
        if len(self._was_quick) > _MAX_KEPT:
            del self._was_quick[next(iter(self._was_quick))]

    def _is_late(self, sent: str) -> bool:
        if not (sent.isascii() and sent.isdecimal() and len(sent) <= _MAX_DIGITS):
            return False
        return self._now().timestamp() - int(sent) / 1_000 > _LATE_SECONDS
