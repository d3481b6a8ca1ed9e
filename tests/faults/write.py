"""Write `docs/faults.md` from `tests.faults.table`. Run it by `make faults`."""

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

What happens when something between Lambda, AWS and a cluster fails. A test causes each fault with a
fake API server, and each fault of the cluster's API with a real kube-apiserver too
([`tests/faults`](../tests/faults)). `make faults` writes this file.

**At 3 a.m.:** no fault approves or denies anything by itself. CSRs that couldn't be decided stay
pending and are decided in the next healthy minute; nodes keep the certificates that they have.
Don't repeat anything by hand, and above all don't resend messages from the DLQ. If you come from
an alarm, read [its section of the runbook](runbook.md). If you come from a log line, search this
page for its message and its fields.

How to read the tables:

- The test of each fault has one cluster with six CSRs that are due, in `enforce` mode: five are
  correct, and one requests another node's address. A healthy run approves five and denies one.
- *CSRs* says how many of the six are decided in the minute of the fault. In the first minute
  without the fault all six are decided correctly; each test ends with that minute.
- *Log* is the line to look for: its message, the fields that identify it, and after the semicolon
  the text by which the row's faults differ. `clusters dispatched` and `dispatch failed` are in the
  dispatcher's log group, all others in the reviewer's.
- *Metrics* are those whose value in that minute isn't 0. `OldestPendingSeconds` and `ReviewErrors`
  have the dimensions `Cluster`, `Region` and `Stack`, all others `Stack`. In a healthy minute they
  are `Completed` 1, `Approved` 5, `Denied` 1, and the dispatcher's `Expected` 1.
- *Alarms* are those that fire if the fault lasts for 25 minutes and there is no other cluster, but
  not those that fire in a healthy run too. The runbook says for each after how many minutes it
  fires at most. If the fault is over within a minute, none of them fires, with two exceptions:
  `dead-letters` fires on one message, and `oldest-pending` once a node has waited for 10 minutes.
- *Tries and retry*: how often the failing call is made within the run, and what repeats it later. A
  call to the cluster is tried at most four times, with back-off, and a call to AWS twice.

Other tests stop or restart the processes of a real control plane
([`test_faults.py`](../tests/controlplane/test_faults.py)):

- *kube-apiserver is stopped.* The outcome is that of the fault "connection refused" on the first
  page.
- *kube-apiserver restarts during a run.* At first it answers 403, as if the approver had no rights.
  The calls are retried, and the same run decides everything.
- *etcd is compacted between two pages.* The API server answers the continue token with 410. The
  rest of the list is read in its newer state, and the same run decides everything.
- *etcd is stopped.* The API server doesn't answer: see "no answer while there is time".
- *etcd is stopped before the decisions are written.* The decisions are logged as `not-written` or
  `deferred`. The API server may still store one of them when etcd is back. It is a correct
  decision, and the next run finds it.
"""

_HEAD: Final = (
    "| fault | CSRs | what you see | log | metrics | alarms | tries and retry |\n"
    "|---|---|---|---|---|---|---|"
)


def document() -> str:
    """Return the text of `docs/faults.md`."""
    parts = [_INTRODUCTION]
    for place in Place:
        rows = [row for row in TABLE if row.place is place]
        parts += [f"## {place.value}\n", _HEAD, *_lines(rows), ""]
    return "\n".join(parts)


def _lines(rows: Sequence[Row]) -> Iterable[str]:
    """Yield one line of the document for each outcome: faults with the same outcome share it.

    The lines are in the order of their first fault in the table.
    """
    for outcome in dict.fromkeys(row.outcome for row in rows):
        sharing = [row for row in rows if row.outcome is outcome]
        cells = (
            "<br>".join(_fault(row) for row in sharing),
            _decided(outcome),
            outcome.sees,
            _log(outcome, sharing),
            _metrics(outcome),
            _code(outcome.alarms) or outcome.quiet or "none",
            _retry(outcome),
        )
        yield "| " + " | ".join(cells) + " |"


def _fault(row: Row) -> str:
    age = " (the CSRs are two minutes old)" if row.age < DUE else ""
    return row.fault + age


def _decided(outcome: Outcome) -> str:
    missing = [name for name in CSR_NAMES if name not in outcome.decided]
    if not missing:
        return "all are decided"
    if not outcome.decided:
        return "all wait"
    if len(missing) == 1:
        return "one waits, all others are decided"
    return f"{len(outcome.decided)} of {len(CSR_NAMES)} decided, the others wait"


def _log(outcome: Outcome, sharing: Sequence[Row]) -> str:
    if not outcome.message:
        # The function itself logs nothing then: the line is Lambda's report of the error.
        texts = dict.fromkeys(row.logged.strip() for row in sharing)
        return f"Lambda's own: {_code(texts)}"
    # A CSR's name identifies the line in the test only.
    fields = {name: value for name, value in outcome.fields.items() if name != "csr"}
    line = [outcome.message, *(f"{name}={_text(value)}" for name, value in fields.items())]
    texts = dict.fromkeys(row.logged.rstrip(": ") for row in sharing if row.logged)
    return f"{_code(line)}; {_code(texts)}" if texts else _code(line)


def _code(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _metrics(outcome: Outcome) -> str:
    return ", ".join(f"`{name}` {value}" for name, value in outcome.metrics.items()) or "none"


def _retry(outcome: Outcome) -> str:
    if not outcome.tries:
        return outcome.retry.value
    tries = "1 try" if outcome.tries == 1 else f"{outcome.tries} tries"
    return f"{tries}; {outcome.retry.value}"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
