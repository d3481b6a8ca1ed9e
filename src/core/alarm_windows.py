"""How old a CSR must be able to get, or an alarm could never fire and a decision never be written.

A review judges a CSR only until it is MAX_CSR_AGE_SECONDS old. What falls due must be seen by a
review before that, even if that review is late. The alarms are those of template.yaml.
"""

from collections.abc import Iterator
from typing import Final

#: The alarm oldest-pending fires for a CSR that has waited longer.
OLDEST_PENDING_SECONDS: Final = 600

#: In how many reviews an alarm on what must last needs data, by SCHEDULE_MINUTES (the mapping
#: Lasting of template.yaml).
LASTING_REVIEWS: Final = {1: 7, 2: 4, 3: 3, 4: 2, 5: 2}


def seconds_between_reviews(schedule_minutes: int) -> int:
    """Return the longest time between two reviews of a cluster, in seconds.

    It is the schedule's, and a minute for a review that begins late or takes long.
    """
    return 60 * (schedule_minutes + 1)


def lasting_seconds(schedule_minutes: int) -> int:
    """Return how long a trouble must last before such an alarm fires, in seconds."""
    return 60 * schedule_minutes * (LASTING_REVIEWS[schedule_minutes] - 1)


def too_narrow(
    max_age: int, *, approve_after: int, deny_after: int, grace: int, schedule_minutes: int
) -> Iterator[str]:
    """Yield why `max_age` is too low: the settings that need more, and what would be silent.

    All times but the schedule's are in seconds, and named as the settings are.
    """
    between = seconds_between_reviews(schedule_minutes)
    lasting = lasting_seconds(schedule_minutes)
    approve = f"APPROVE_AFTER_SECONDS {approve_after}"
    needs = (
        (
            OLDEST_PENDING_SECONDS,
            f"{OLDEST_PENDING_SECONDS}",
            "the alarm oldest-pending could never fire",
        ),
        (approve_after, approve, "a CSR could be too old before it is approved"),
        (
            deny_after,
            f"DENY_AFTER_SECONDS {deny_after}",
            "a CSR could be too old before it is denied",
        ),
        (
            approve_after + grace + lasting,
            f"{approve} + ISSUE_GRACE_SECONDS {grace} + {lasting}",
            "the alarm approved-not-issued could never fire",
        ),
    )
    for seconds, terms, effect in needs:
        least = seconds + between
        if max_age < least:
            yield (
                f"MAX_CSR_AGE_SECONDS: got {max_age}, expected at least {least} ({terms} + "
                f"60 x (SCHEDULE_MINUTES {schedule_minutes} + 1)), or {effect}"
            )
