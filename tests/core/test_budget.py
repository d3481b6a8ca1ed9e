"""How much time each step of a run needs, and which part of the rest it may use."""

from collections.abc import Callable

import pytest

from core import budget
from core.budget import NODE_SLICE, SERVICE_SLICE, Budget, SliceSeconds
from tests.core.fakes import FakeClock


def shown_at(clock: FakeClock, limit: float, may: Callable[[], bool]) -> list[bool]:
    """Return what `may` shows with less time left than the limit, with as much, and with more."""
    allowed = []
    for left in (limit - 1, limit, limit + 0.001):
        clock.left = left
        allowed.append(may())
    return allowed


# In seconds, from the calls' limits. Nodes: 5 for EC2, 5 for IAM, 10 for the writes, 1 to spare.
# Services: 3 for the API server, 1 to spare.
LIMITS = [
    pytest.param(NODE_SLICE, Budget.may_begin_slice, 5.0, id="nodes-begin-a-slice"),
    pytest.param(NODE_SLICE, Budget.may_read_first_slice, 6.0, id="nodes-read-the-first-slice"),
    pytest.param(NODE_SLICE, Budget.may_read, 21.0, id="nodes-read-more"),
    pytest.param(SERVICE_SLICE, Budget.may_begin_slice, 3.0, id="services-begin-a-slice"),
    pytest.param(SERVICE_SLICE, Budget.may_read_first_slice, 4.0, id="services-read-the-first"),
    pytest.param(SERVICE_SLICE, Budget.may_read, 4.0, id="services-read-more"),
]


@pytest.mark.parametrize(("needs", "may", "limit"), LIMITS)
def test_a_step_begins_while_more_time_is_left_than_it_needs(
    needs: SliceSeconds, may: Callable[[Budget], bool], limit: float
) -> None:
    """With exactly the time that it needs, or less, it doesn't begin."""
    clock = FakeClock()
    budget = Budget(clock, needs)

    assert [False, False, True] == shown_at(clock, limit, lambda: may(budget))


@pytest.mark.parametrize(
    ("left", "until"),
    [
        pytest.param(50.0, 25.0, id="half-of-the-time"),
        pytest.param(30.0, 21.0, id="what-a-slice-needs"),
        pytest.param(10.0, 21.0, id="no-time-at-all"),
    ],
)
def test_the_other_requests_are_read_in_half_of_the_time(left: float, until: float) -> None:
    """Time for one slice stays, however slow the calls are."""
    clock = FakeClock(left=left)
    time_left = Budget(clock, NODE_SLICE).reading_of_others()

    assert [False, False, True] == shown_at(clock, until, time_left)


def test_a_slice_is_judged_in_half_of_the_time() -> None:
    """The other half is for writing."""
    clock = FakeClock(left=30.0)
    time_left = Budget(clock, NODE_SLICE).judging()

    assert [False, False, True] == shown_at(clock, 15.0, time_left)


@pytest.mark.parametrize(
    ("limit", "seconds"),
    [
        pytest.param(budget.RESERVE_SECONDS, 5, id="the-end-of-a-run-is-recorded"),
        pytest.param(budget.SECOND_SIGNER_SECONDS, 10, id="a-review-of-the-second-signer"),
        pytest.param(budget.DISPATCH_SECONDS, 10, id="the-dispatchers-messages-are-sent"),
        pytest.param(budget.USUAL_CALL_SECONDS, 15, id="two-attempts-of-a-call-to-AWS"),
        pytest.param(budget.CONNECT_SECONDS, 3, id="a-connection-to-an-endpoint"),
        pytest.param(budget.SHORT_CONNECT_SECONDS, 1.5, id="one-where-there-may-be-no-way"),
        pytest.param(budget.HOLDERS_SECONDS, 3 * 5 + 21, id="three-calls-to-EC2-and-a-slice"),
    ],
)
def test_the_steps_outside_of_a_budget_have_their_time(limit: float, seconds: float) -> None:
    """From: `core.budget`; the function has 60 s."""
    assert seconds == limit


def test_the_listing_leaves_half_of_the_time() -> None:
    """The rest is for judging and writing."""
    assert 0.5 == budget.LISTING_LEAVES
