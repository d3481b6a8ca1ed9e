"""Write `docs/faults.md` from the table: `make faults`."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from tests.faults.rig import CSR_NAMES, DUE
from tests.faults.row import Outcome, Place, Row
from tests.faults.table import TABLE

DOCUMENT: Final = Path(__file__).parents[2] / "docs" / "faults.md"

_INTRODUCTION: Final = """\
# Faults

What happens when something between Lambda, AWS and a cluster fails. A test runs each line against a
fake API server, and lines about the cluster against a real kube-apiserver too
([`tests/faults`](../tests/faults)). `make faults` writes this file.

**At 3 a.m.:** no fault approves or denies anything by itself. CSRs that couldn't be decided stay
pending and are decided in the next healthy minute; nodes keep the certificates that they have.
Repeat nothing by hand, least of all messages of the DLQ. From an alarm, go to [its row of the
runbook](runbook.md); from a log line, search here for its message and its field.

How to read the tables:

- Each row's test has one cluster with six CSRs that are due, in `enforce` mode: five are correct,
  and one requests another node's address. A healthy run approves five and denies one.
- *CSRs* says which are decided in the minute of the fault. In the first minute without the fault
  all six are decided correctly; each row's test ends with that.
- *Metrics* are those of the dimension `Stack` that aren't 0 in that minute. In a healthy run they
  are `Completed` 1, `Approved` 5, `Denied` 1, and the dispatcher's `Expected` 1.
- *Alarms* are those that fire, besides a healthy run's, if every minute is like that for 15
  minutes and there is no other cluster. A fault that passes fires none of them, with two
  exceptions: `dead-letters` fires at once, and `oldest-pending` as soon as a node has waited 10
  minutes.
- *Log* is the line to look for: the message, the fields that identify it, and for each fault other
  text in it. `clusters dispatched` and `dispatch failed` are in the dispatcher's log group, all
  others in the reviewer's.
- *Tries* are counted within the run: at most four for a call to the cluster, with back-off, and
  two for a call to AWS.

Faults that tests cause with the control plane's own processes
([`test_faults.py`](../tests/controlplane/test_faults.py)):

- *kube-apiserver is stopped.* The outcome is that of "connection refused" on the first page.
- *kube-apiserver restarts during a run.* Its first answers are 403, the same as a real refusal;
  the calls are retried, and the same run decides everything.
- *etcd is compacted between two pages.* The continue token answers 410, the rest of the list is
  read in its newer state, and the same run decides everything.
- *etcd is stopped.* The API server doesn't answer: see "no answer while there is time".
- *etcd is stopped before the decisions are written.* They are logged as `not-written` or
  `deferred`. The API server may still store one when etcd is back; it is a correct one, and the
  next run finds it.
"""


def document() -> str:
    """Return the whole document."""
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
    """Yield a line for each outcome, in the order of the first fault that has it."""
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
    missing = [name for name in CSR_NAMES if name not in outcome.decided]
    if not missing:
        return "all are decided"
    if not outcome.decided:
        return "all wait"
    if len(missing) == 1:
        return "one waits, all others are decided"
    return f"{len(outcome.decided)} of {len(CSR_NAMES)} decided, the others wait"


def _log(outcome: Outcome, alike: Sequence[Row]) -> str:
    if not outcome.message:
        reported = dict.fromkeys(row.logged for row in alike)
        return "Lambda's own: " + ", ".join(f"`{text.strip()}`" for text in reported)
    fields = {name: value for name, value in outcome.fields.items() if name != "csr"}
    whole = [outcome.message, *(f"{name}={_plain(value)}" for name, value in fields.items())]
    reported = dict.fromkeys(row.logged.rstrip(": ") for row in alike if row.logged)
    beside = ["; " + ", ".join(f"`{text}`" for text in reported)] if reported else []
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
