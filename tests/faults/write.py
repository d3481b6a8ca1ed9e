"""Writes `docs/faults.md` out of the table: `make faults`."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.faults.rig import ALL, DUE
from tests.faults.row import Outcome, Place, Row
from tests.faults.table import TABLE

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "faults.md"

_INTRODUCTION: Final = """\
# Faults

What happens when something between Lambda, AWS and a cluster goes wrong. Each line is run by a
test, against a practice API, and those of the cluster against a real kube-apiserver too
([`tests/faults`](../tests/faults)). This file is written by `make faults`.

**At 3 a.m.:** no fault approves or denies anything by itself. What couldn't be decided is still
there and is decided by the next healthy minute; nodes keep the certificates that they have.
Nothing needs to be repeated by hand, messages of the DLQ least of all. From an alarm, go to [its
row of the runbook](runbook.md); from a log line, search here for its message and its field.

How to read the tables:

- Each row was tried on one cluster with six CSRs that are due, in `enforce`: five are right, and
  one asks for an address that is another node's. A healthy run approves five and denies one.
- *CSRs* tells what becomes of them in the minute of the fault. In the first minute without it all
  six are decided as they should be; the test of each row ends with that.
- *Metrics* are those of the dimension `Stack` that aren't 0 in that minute. Of a healthy run they
  are `Completed` 1, `Approved` 5, `Denied` 1, and the dispatcher's `Expected` 1.
- *Alarms* are those that ring, besides a healthy run's, if every minute is like that for fifteen
  minutes and there is no other cluster. A fault that passes rings none of them, with two
  exceptions: `dead-letters` rings at once, and `oldest-pending` as soon as a node has waited ten
  minutes.
- *Log* is the line to look for: the message, its telling fields, and for each fault what else
  stands in it. It comes from the reviewer's log group, `clusters dispatched` and `dispatch failed`
  from the dispatcher's.
- *Tries* are counted within the run: at most four of a call to the cluster, with back-off, and two
  of a call to AWS.

Faults that were made for real, with the control plane's own processes
([`test_faults.py`](../tests/controlplane/test_faults.py)):

- *kube-apiserver is stopped.* As "connection refused" on the first page.
- *kube-apiserver restarts while it is asked.* Its first answers are 403, in the words of a true
  refusal; they are asked again, and the same run decides everything.
- *etcd is compacted between two pages.* The continue token answers 410, the rest is read as it is
  by then, and the same run decides everything.
- *etcd is stopped.* The API server doesn't answer in time: as "no answer while there is time".
- *etcd is stopped before the decisions are written.* They are told as `not-written` or `deferred`.
  The API server may store one all the same when etcd is back; it is a right one, and the next run
  finds it.
"""


def document() -> str:
    """The whole of it."""
    parts = [_INTRODUCTION]
    for place in Place:
        rows = [row for row in TABLE if row.place is place]
        parts += [f"## {place.value}\n", _HEAD, *_lines(rows), ""]
    return "\n".join(parts)


_HEAD: Final = (
    "| fault | CSRs | what you see | log | metrics | alarms | tries and retry |\n"
    "|---|---|---|---|---|---|---|"
)


def _lines(rows: Sequence[Row]) -> Iterable[str]:
    """One for each outcome, in the order of the first fault that has it."""
    for outcome in dict.fromkeys(row.outcome for row in rows):
        alike = [row for row in rows if row.outcome is outcome]
        cells = (
            "<br>".join(_fault(row) for row in alike),
            _decided(outcome),
            outcome.sees,
            _log(outcome, alike),
            _metrics(outcome),
            ", ".join(f"`{alarm}`" for alarm in outcome.alarms) or outcome.quiet or "none",
            _retry(outcome),
        )
        yield "| " + " | ".join(cells) + " |"


def _fault(row: Row) -> str:
    young = " (CSRs of two minutes)" if row.age < DUE else ""
    return row.fault + young


def _decided(outcome: Outcome) -> str:
    missing = [name for name in ALL if name not in outcome.decided]
    if not missing:
        return "all are decided"
    if not outcome.decided:
        return "all wait"
    if len(missing) == 1:
        return "one waits, all others are decided"
    return f"{len(outcome.decided)} of {len(ALL)} decided, the others wait"


def _log(outcome: Outcome, alike: Sequence[Row]) -> str:
    if not outcome.message:
        reported = dict.fromkeys(row.tells for row in alike)
        return "Lambda's own: " + ", ".join(f"`{one.strip()}`" for one in reported)
    fields = {name: value for name, value in outcome.fields.items() if name != "csr"}
    whole = [outcome.message, *(f"{name}={_plain(value)}" for name, value in fields.items())]
    reported = dict.fromkeys(row.tells.rstrip(": ") for row in alike if row.tells)
    beside = ["; " + ", ".join(f"`{one}`" for one in reported)] if reported else []
    return "".join([", ".join(f"`{part}`" for part in whole), *beside])


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _metrics(outcome: Outcome) -> str:
    return ", ".join(f"`{name}` {value}" for name, value in outcome.metrics.items()) or "none"


def _retry(outcome: Outcome) -> str:
    times = {None: "", 0: "", 1: "1 try; "}.get(outcome.tries, f"{outcome.tries} tries; ")
    return times + outcome.retry.value


if __name__ == "__main__":
    DOCUMENT.write_text(document())
