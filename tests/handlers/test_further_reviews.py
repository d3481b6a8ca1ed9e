"""Which further reviews one environment skips, by what it remembers of the last ones."""

from datetime import UTC, datetime

import pytest

from handlers.further_reviews import FurtherReviews

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)

IN_TIME = str(int(NOW.timestamp() * 1_000))

PROD = "prod", "us-east-1"

LATE = "the message was sent more than a minute ago"
NOT_WORTH_IT = (
    "this environment's last review of the cluster took 10 s or longer, or could not list its CSRs"
)


@pytest.fixture
def further() -> FurtherReviews:
    """Return what a new environment remembers, at noon."""
    return FurtherReviews(lambda: NOW)


def sent_before(seconds: float) -> str:
    """Return the time of a message that SQS got so long ago, as SQS writes it."""
    return str(int((NOW.timestamp() - seconds) * 1_000))


@pytest.mark.parametrize(("seconds", "why"), [(60, ""), (60.001, LATE), (290, LATE), (-5, "")])
def test_a_further_review_more_than_a_minute_after_its_message_is_skipped(
    seconds: float, why: str, further: FurtherReviews
) -> None:
    """Then the queue is behind, or the review has failed before: ordinary ones need the time."""
    assert why == further.why_skipped(*PROD, sent_before(seconds))


@pytest.mark.parametrize("sent", ["", "x", "-1", "1.5", "\u00b2", "\u0661", "9" * 400, "9" * 5_000])
def test_an_unreadable_time_is_not_late(sent: str, further: FurtherReviews) -> None:
    """A person who invokes the function may give any time, or none."""
    assert not further.why_skipped(*PROD, sent)


@pytest.mark.parametrize(
    ("was_listed", "seconds", "why"),
    [
        (True, 0.0, ""),
        (True, 9.9, ""),
        (True, 10.0, NOT_WORTH_IT),
        (False, 0.0, NOT_WORTH_IT),
    ],
)
def test_a_further_review_is_skipped_where_the_last_review_was_slow_or_listed_nothing(
    was_listed: bool,  # noqa: FBT001
    seconds: float,
    why: str,
    further: FurtherReviews,
) -> None:
    """Six reviews of 50 s a minute would take the time of other clusters."""
    further.ended(*PROD, was_listed=was_listed, seconds=seconds)

    assert why == further.why_skipped(*PROD, IN_TIME)


def test_only_the_last_review_counts(further: FurtherReviews) -> None:
    """A slow review in the past says nothing about the next one."""
    further.ended(*PROD, was_listed=True, seconds=30)
    further.ended(*PROD, was_listed=True, seconds=1)

    assert not further.why_skipped(*PROD, IN_TIME)


def test_clusters_of_one_name_in_two_regions_are_two_clusters(further: FurtherReviews) -> None:
    """A slow review in one Region takes no further review from the other."""
    further.ended(*PROD, was_listed=True, seconds=30)

    assert not further.why_skipped("prod", "eu-west-1", IN_TIME)


def test_the_two_thousand_most_recent_clusters_are_remembered(further: FurtherReviews) -> None:
    """The memory is bounded; a forgotten cluster counts as one that wasn't reviewed."""
    for number in range(2_000):
        further.ended(f"c{number}", "us-east-1", was_listed=False, seconds=1)
    further.ended("c0", "us-east-1", was_listed=False, seconds=1)
    further.ended(*PROD, was_listed=False, seconds=1)

    skipped = {
        name: bool(further.why_skipped(name, "us-east-1", IN_TIME)) for name in ("c0", "c1", "c2")
    }

    assert {"c0": True, "c1": False, "c2": True} == skipped
