"""Every row of the table: a fault decides nothing, loses nothing, and is reported."""

import pytest

from tests.faults.alarms import firing
from tests.faults.check import check
from tests.faults.fake_server import FakeServer
from tests.faults.rig import CORRECT_DECISIONS, CSR_NAMES, a_rig
from tests.faults.row import Place, Retry, Row
from tests.faults.table import NEEDED, TABLE
from tests.handlers.account import Account
from tests.handlers.lambdas import Lambdas


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in TABLE])
def test_a_fault_has_the_outcome_of_its_row(
    row: Row,
    account: Account,
    fake_server: FakeServer,
    lambdas: Lambdas,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The fault has the row's outcome, and afterwards everything is decided correctly."""
    with a_rig(account, lambdas, fake_server, monkeypatch) as rig:
        check(row, rig)


def test_every_place_has_its_faults() -> None:
    """Each place has a row for each kind of fault that can happen there."""
    missing = {
        place: set(NEEDED[place]) - {row.kind for row in TABLE if row.place is place}
        for place in Place
    }

    assert {place: set() for place in Place} == missing


def test_row_names_are_unique() -> None:
    """Each row has a name that no other row has."""
    ids = [row.id for row in TABLE]

    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in TABLE])
def test_a_row_is_consistent(row: Row) -> None:
    """Undecided CSRs are retried later, and with retries within the run only, all are decided."""
    everything = set(row.outcome.decided) == set(CSR_NAMES)

    assert everything or row.outcome.retry not in (Retry.NOT_NEEDED, Retry.IN_THE_RUN)
    assert set(row.outcome.decided) <= set(CORRECT_DECISIONS)
    assert row.outcome.metrics or row.outcome.retry is Retry.DLQ


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in TABLE])
def test_the_alarms_that_fire_are_those_of_the_row(row: Row) -> None:
    """If the fault stays, the template's own statistics and thresholds fire exactly these."""
    assert set(row.outcome.alarms) == firing(row)


@pytest.mark.parametrize("row", [pytest.param(row, id=row.id) for row in TABLE])
def test_no_fault_is_silent(row: Row) -> None:
    """An alarm fires while something stays undecided, or the row says why not."""
    undecided = set(CSR_NAMES) - set(row.outcome.decided)

    assert bool(undecided and not row.outcome.alarms) == bool(row.outcome.quiet)
