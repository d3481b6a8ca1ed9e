"""Every row of the table: nothing is decided by a fault, nothing is lost, nothing is silent."""

import pytest

from tests.faults.alarms import ringing
from tests.faults.check import check
from tests.faults.practice import Practice
from tests.faults.rig import ALL, RIGHTLY, a_rig
from tests.faults.row import Place, Retry, Row
from tests.faults.table import NEEDED, TABLE
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in TABLE])
def test_row(
    row: Row,
    account: Account,
    practice: Practice,
    lambdas: Lambdas,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the row says comes of the fault, and after it everything is decided rightly."""
    with a_rig(account, lambdas, practice, monkeypatch) as rig:
        check(row, rig)


def test_every_place_has_its_faults() -> None:
    """A place without a row for a kind of fault that can meet it is a hole in the table."""
    missing = {
        place: set(NEEDED[place]) - {row.kind for row in TABLE if row.place is place}
        for place in Place
    }

    assert {place: set() for place in Place} == missing


def test_rows_tell_themselves_apart() -> None:
    """Each row has a name of its own."""
    ids = [row.id for row in TABLE]

    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in TABLE])
def test_a_row_is_consistent(row: Row) -> None:
    """What isn't decided is retried later; what is retried in the run alone is decided in it."""
    everything = set(row.outcome.decided) == set(ALL)

    assert everything or row.outcome.retry not in (Retry.NOT_NEEDED, Retry.IN_THE_RUN)
    assert set(row.outcome.decided) <= set(RIGHTLY)
    assert row.outcome.metrics or row.outcome.retry is Retry.DLQ


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in TABLE])
def test_the_alarms_that_ring_are_those_of_the_row(row: Row) -> None:
    """By the template's own names, statistics and thresholds, if the fault stays."""
    assert set(row.outcome.alarms) == ringing(row)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in TABLE])
def test_no_fault_is_silent(row: Row) -> None:
    """Where something stays undecided an alarm rings if it stays so, or the row says why not."""
    undecided = set(ALL) - set(row.outcome.decided)

    assert bool(undecided and not row.outcome.alarms) == bool(row.outcome.quiet)
