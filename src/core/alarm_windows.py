"""How old a CSR must be able to get, or an alarm could never fire and a decision never be written.

A review judges a CSR only until it is MAX_CSR_AGE_SECONDS old. What falls due must be seen by a
review before that, even if that review is late. The alarms are those of template.yaml.
"""

from collections.abc import Iterator
from typing import Final

#: The alarm oldest-pending fires for a CSR that has waited longer.
OLDEST_PENDING_SECONDS: Final = 600

#: The alarm approved-not-issued needs data in two periods of this length.
ALARM_PERIOD_SECONDS: Final = 300


def seconds_between_reviews(schedule_minutes: int) -> int:
    """Return the longest time between two reviews of a cluster, in seconds.

    It is the schedule's, and a minute for a review that begins late or takes long.
    """
    return 60 * (schedule_minutes + 1)


def too_narrow(
    max_age: int, *, approve_after: int, deny_after: int, grace: int, schedule_minutes: int
) -> Iterator[str]:
    """Yield why `max_age` is too low: the settings that need more, and what would be silent.

    All times but the schedule's are in seconds, and named as the settings are.
    """
    between = seconds_between_reviews(schedule_minutes)
    late = f"60 x (SCHEDULE_MINUTES + 1) = {between}"
    approve = f"APPROVE_AFTER_SECONDS ({approve_after})"
    needs = (
        (
            OLDEST_PENDING_SECONDS,
            f"{OLDEST_PENDING_SECONDS} and {late}",
            "the alarm oldest-pending could never fire",
        ),
        (approve_after, f"{approve} and {late}", "a CSR could be too old before it is approved"),
        (
            deny_after,
            f"DENY_AFTER_SECONDS ({deny_after}) and {late}",
            "a CSR could be too old before it is denied",
        ),
        (
            approve_after + grace + ALARM_PERIOD_SECONDS,
            f"{approve}, ISSUE_GRACE_SECONDS ({grace}), {ALARM_PERIOD_SECONDS} and {late}",
            "the alarm approved-not-issued could never fire",
        ),
    )
    for seconds, sum_of, effect in needs:
        least = seconds + between
        if max_age < least:
            yield f"MAX_CSR_AGE_SECONDS ({max_age}) must be at least {least}: {sum_of}; or {effect}"
