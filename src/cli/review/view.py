"""What `csr-approver review` prints.

Untrusted text is shown escaped, and in tables shortened.
"""

from collections.abc import Iterator
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.account.problems import logged_in_words
from cli.review.run import Reviewed, SignerReviewed
from cli.screen import cell, table
from cli.verdict_rows import COLOURS, Row, row_of, why_not_judged
from core.model import Action, Evaluation, IssueFinding, Record, Run
from core.printable import printable

_WHY: Final = 160

_DONE: Final = {
    Action.APPROVED: "would approve",
    Action.REAPPROVED: "would approve again",
    Action.DENIED: "would deny",
}


def as_json(reviewed: Reviewed) -> dict[str, Any]:
    """Return the run as JSON; requests have the keys of `evaluate`, and what was done."""
    cluster = reviewed.cluster
    return {
        "cluster": cluster.name,
        "region": cluster.region,
        "mode": reviewed.mode.value,
        "applied": reviewed.applied,
        "signers": [
            {
                "signer": run.signer,
                "listed": run.listed,
                "truncated": run.truncated,
                "truncation_cause": run.cause or None,
                "not_read": run.not_read,
                "gated": dict(run.gated),
                "not_judged": {
                    action.value: count for action, count in run.totals.not_judged.items()
                },
                "csrs": [_csr(record, reviewed) for record in signer.records],
                "findings": [_finding(one) for one in run.findings],
                "unreadable": [{"csr": one.name, "problem": one.problem} for one in run.unreadable],
                "seconds": round(run.seconds, 3),
            }
            for signer in reviewed.signers
            for run in [signer.run]
        ],
    }


def show(reviewed: Reviewed, console: Console) -> None:
    """Print the run as tables and a summary."""
    for signer in reviewed.signers:
        run = signer.run
        if signer.records:
            console.print(_verdicts(signer, reviewed))
        if run.findings:
            console.print(_findings(run))
        for one in run.unreadable:
            name = printable(one.name or "?")
            console.print(Text(f"unreadable: {name}: {printable(one.problem)}", style="yellow"))
        for line in _summary(signer, reviewed):
            console.print(line)


def _csr(record: Record, reviewed: Reviewed) -> Row:
    return _row(record.evaluation) | {
        "action": reviewed.action(record).value,
        "written": reviewed.was_written(record),
        "age_seconds": round(record.age_seconds),
        "detail": record.detail or None,
    }


def _row(evaluation: Evaluation) -> Row:
    """Return the keys of `evaluate`; without a verdict `problem` replaces the refusals."""
    row = row_of(evaluation)
    if evaluation.verdict is None:
        row |= {"verdict": None, "refusals": []}
    return row | {"problem": evaluation.problem or None}


def _finding(finding: IssueFinding) -> dict[str, Any]:
    verdict = None if finding.evaluation is None else finding.evaluation.verdict
    return {
        "csr": finding.csr.name,
        "requester": finding.csr.username,
        "finding": finding.state.value,
        "detail": finding.detail,
        "age_seconds": round(finding.age_seconds),
        "verdict": None if verdict is None else verdict.decision.value,
    }


def _verdicts(signer: SignerReviewed, reviewed: Reviewed) -> Table:
    rows = table("CSR", "Node, instance", "Age", "Verdict", "Action", "Why")
    for record in signer.records:
        row = _row(record.evaluation)
        verdict = row["verdict"] or "-"
        rows.add_row(
            _names(row["csr"]),
            _names(row["node"] or row["requester"], row["instance"] or "-"),
            cell(f"{record.age_seconds:.0f} s"),
            cell(verdict, style=COLOURS.get(verdict, "")),
            cell(_word(reviewed.action(record), reviewed)),
            Text(_why(row, record)),
        )
    return rows


def _names(*names: str) -> Text:
    return Text("\n".join(map(printable, names)))


def _word(action: Action, reviewed: Reviewed) -> str:
    return action.value if reviewed.applied else _DONE.get(action, action.value)


def _why(row: Row, record: Record) -> str:
    """Return the refusal that decided it, and how many more; JSON shows all of them."""
    refusals = sorted(row["refusals"], key=lambda one: bool(one["effect"] != row["verdict"]))
    reported = [f"{one['check']}: {one['reason']} ({one['detail']})" for one in refusals[:1]]
    if len(refusals) > 1:
        reported.append(f"and {len(refusals) - 1} more")
    if row["problem"]:
        reported.append(f"not judged: {why_not_judged(row['problem'])}")
    reported += [printable(logged_in_words(record.detail), _WHY)] if record.detail else []
    return "\n".join(reported)


def _findings(run: Run) -> Table:
    rows = table("CSR", "Requester", "Finding", "Detail")
    for one in run.findings:
        detail = printable(one.detail, _WHY)
        rows.add_row(
            _names(one.csr.name),
            _names(one.csr.username),
            cell(one.state.value, style="bold red"),
            Text(detail),
        )
    return rows


def _summary(signer: SignerReviewed, reviewed: Reviewed) -> Iterator[Text]:
    run, actions = signer.run, reviewed.actions(signer)
    gated = sum(run.gated.values())
    parts = [f"{count} {_word(action, reviewed)}" for action, count in actions.most_common()]
    if gated:
        reasons = ", ".join(f"{count} {reason}" for reason, count in run.gated.items())
        parts.append(f"{gated} stopped at a gate ({reasons})")
    reported = "; ".join(parts) or "nothing is pending"
    where = f"{reviewed.cluster.name} ({reviewed.cluster.region})"
    yield cell(f"{where}, {run.signer}: {run.listed} listed; {reported}. {run.seconds:.1f} s.")
    if run.truncated:
        yield cell(
            f"The list was not read to its end: {logged_in_words(run.cause)}", style="bold red"
        )
    if run.not_read:
        yield cell(f"{run.not_read} requests were not read for lack of time.", style="bold red")
    if reviewed.applied and run.count(Action.WITHHELD):
        yield cell(f"Withheld decisions are not written in the mode {reviewed.mode.value}.")
    if not reviewed.applied:
        yield cell(f"Nothing was written. With --apply, the mode is {reviewed.mode.value}.")
