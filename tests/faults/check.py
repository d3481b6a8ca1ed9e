"""What is asserted of each row, on whichever server."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from tests.faults.rig import RIGHTLY, Rig, later
from tests.faults.row import Row

_WRONG = {"Approved": "deny", "Denied": "approve"}


def check(row: Row, rig: Rig, *, aged: bool = True) -> None:
    """A minute with the fault, in which what the row says happens; and one without.

    `aged`: CSRs can be as old as need be, so that it counts how long they have waited.
    """
    if row.warm:
        rig.warm_up()
    rig.file_all(row.age)
    later(rig, timedelta(minutes=1))
    rig.invocation.seconds = row.seconds
    row.breaks(rig)

    failed = rig.dispatch() if row.place.is_dispatchers else rig.review()

    outcome = row.outcome
    expected = {k: v for k, v in outcome.metrics.items() if aged or k != "OldestPendingSeconds"}
    assert {name: RIGHTLY[name] for name in outcome.decided} == rig.decisions()
    assert expected == rig.metrics()
    assert outcome.tries in (None, rig.tries)
    assert outcome.fails == failed
    if outcome.message:
        assert any(_is_told(line, row) for line in rig.lambdas.lines), rig.lambdas.lines
    else:
        assert row.tells in rig.errors[-1]
    _assert_no_wrong_verdict(row, rig)
    assert "k8s-aws-v1." not in rig.lambdas.printed

    rig.heal()
    later(rig, timedelta(minutes=2))
    assert not rig.review()

    assert RIGHTLY == rig.decisions()


def _is_told(line: Mapping[str, Any], row: Row) -> bool:
    """Whether this is the line that the row names."""
    fields = {"message": row.outcome.message, **row.outcome.fields}
    fits = all(line.get(name) == value for name, value in fields.items())
    return fits and row.tells in json.dumps(line)


def _assert_no_wrong_verdict(row: Row, rig: Rig) -> None:
    """Not even where nothing was written; but where EC2 shows a part of the addresses only."""
    wrong = {
        line["csr"]: line.get("verdict")
        for line in rig.lambdas.lines_with("csr reviewed")
        if line.get("verdict") == _WRONG.get(RIGHTLY.get(line["csr"], ""))
    }
    fields = row.outcome.fields
    shown = {fields["csr"]: fields["verdict"]} if row.outcome.contradicts else {}
    assert shown == wrong
