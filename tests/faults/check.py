"""What each row asserts, on any server."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from adapters.ledger_metrics import ENDS
from tests.faults.rig import CORRECT_DECISIONS, Rig, next_invocation
from tests.faults.row import Row

_WRONG = {"Approved": "deny", "Denied": "approve"}


def check(row: Row, rig: Rig, *, aged: bool = True) -> None:
    """Run a minute with the fault, check its outcome, and run and check a minute without it.

    `aged`: the server can set the age of CSRs, so their waiting time is checked, too.
    """
    if row.warm:
        rig.warm_up()
    rig.file_all(row.age)
    next_invocation(rig, timedelta(minutes=1))
    rig.invocation.seconds = row.seconds
    row.inject(rig)

    failed = rig.dispatch() if row.place.is_dispatchers else rig.review()

    outcome = row.outcome
    expected = {k: v for k, v in outcome.metrics.items() if aged or k != "OldestPendingSeconds"}
    assert {name: CORRECT_DECISIONS[name] for name in outcome.decided} == rig.decisions()
    judged = {line["csr"]: line["requester"] for line in rig.lambdas.lines_with("csr reviewed")}
    # A request that isn't the rig's would change the totals: name it.
    assert {} == {name: judged[name] for name in judged.keys() - CORRECT_DECISIONS.keys()}
    assert expected == rig.metrics()
    assert outcome.required == rig.is_required_and_refuses
    # Each message is accounted for exactly once, or `reviews-missing` would fire or stay silent.
    assert rig.ended == sum(rig.metrics().get(name, 0) for name in ENDS)
    assert failed or rig.ended == len(rig.messages)
    assert outcome.tries in (None, rig.tries)
    assert outcome.fails == failed
    if outcome.message:
        assert any(_reports(line, row) for line in rig.lambdas.lines), rig.lambdas.lines
    else:
        assert row.logged in rig.errors[-1]
    _assert_no_wrong_verdict(row, rig)
    assert "k8s-aws-v1." not in rig.lambdas.printed

    rig.heal()
    next_invocation(rig, timedelta(minutes=2))
    assert not rig.review()

    assert CORRECT_DECISIONS == rig.decisions()


def _reports(line: Mapping[str, Any], row: Row) -> bool:
    """Return whether this is the row's log line."""
    fields = {"message": row.outcome.message, **row.outcome.fields}
    fits = all(line.get(name) == value for name, value in fields.items())
    return fits and row.logged in json.dumps(line)


def _assert_no_wrong_verdict(row: Row, rig: Rig) -> None:
    """Check that no verdict is wrong, written or not.

    A row with `contradicts` has one wrong verdict: EC2's incomplete answer contradicts that CSR.
    """
    wrong = {
        line["csr"]: line.get("verdict")
        for line in rig.lambdas.lines_with("csr reviewed")
        if line.get("verdict") == _WRONG.get(CORRECT_DECISIONS.get(line["csr"], ""))
    }
    fields = row.outcome.fields
    shown = {fields["csr"]: fields["verdict"]} if row.outcome.contradicts else {}
    assert shown == wrong
