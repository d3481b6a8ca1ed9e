"""How high MAX_CSR_AGE_SECONDS must be, so that alarms can fire and decisions can be written.

A review judges a CSR only until it is that old. Before that, a review must see what falls due, even
if the review is late. The alarms are those of template.yaml.
"""

from collections.abc import Iterator
from typing import Final

#: The alarm oldest-pending fires for a CSR that has waited longer.
OLDEST_PENDING_SECONDS: Final = 600

#: How many reviews must report a problem before an alarm on lasting ones fires, by
#: SCHEDULE_MINUTES (`Points` in the mapping Lasting of template.yaml).
LASTING_REVIEWS: Final = {1: 7, 2: 4, 3: 3, 4: 2, 5: 2}


def seconds_between_reviews(schedule_minutes: int) -> int:
    """Return the longest time between two reviews of a cluster, in seconds.

    It is the schedule's, and a minute for a review that begins late or takes long.
    """
    return 60 * (schedule_minutes + 1)


def lasting_seconds(schedule_minutes: int) -> int:
    """Return how long a problem must last before an alarm on lasting ones fires, in seconds."""
    return 60 * schedule_minutes * (LASTING_REVIEWS[schedule_minutes] - 1)


def why_too_low(
    max_age: int, *, approve_after: int, deny_after: int, grace: int, schedule_minutes: int
) -> Iterator[str]:
    """Yield why `max_age` is too low: the settings that need more, and what would be lost.

    All times but the schedule's are in seconds, and named as the settings are.
    """
    between = seconds_between_reviews(schedule_minutes)
    lasting = lasting_seconds(schedule_minutes)
    for seconds, terms, effect in _needs(approve_after, deny_after, grace, lasting):
        least = seconds + between
        if max_age < least:
            yield (
                f"MAX_CSR_AGE_SECONDS: got {max_age}, expected at least {least} ({terms} + "
                f"60 x (SCHEDULE_MINUTES {schedule_minutes} + 1)), or {effect}"
            )


def _needs(
    approve_after: int, deny_after: int, grace: int, lasting: int
) -> Iterator[tuple[int, str, str]]:
    """Yield ages in seconds that a review must see, their terms, and what is lost if it can't."""
    oldest, approve = OLDEST_PENDING_SECONDS, f"APPROVE_AFTER_SECONDS {approve_after}"
    deny, issue = f"DENY_AFTER_SECONDS {deny_after}", f"ISSUE_GRACE_SECONDS {grace}"
    yield oldest, f"{oldest}", "the alarm oldest-pending could never fire"
    yield approve_after, approve, "a CSR could be too old before it is approved"
    yield deny_after, deny, "a CSR could be too old before it is denied"
    yield (
        approve_after + grace + lasting,
        f"{approve} + {issue} + {lasting}",
        "the alarm approved-not-issued could never fire",
    )
