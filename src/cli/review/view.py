"""What `csr-approver review` prints.

Untrusted text is shown escaped, and in tables shortened.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from cli.account.copied import GivenOptions, word
from cli.account.problems import log_text_in_words
from cli.columns import Column, aligned
from cli.lines import age_of, command, prose, put
from cli.refusal_lines import refusal_lines
from cli.review.json_answer import json_row
from cli.review.run import Reviewed, SignerReviewed, is_refused
from cli.verdict_rows import COLOURS, Row, why_not_judged
from core.model import Action, IssueFinding, Record, Run
from core.printable import printable
from core.settings import Mode

_WHY: Final = 160
_MOST_PROBLEMS: Final = 5

_COLUMNS: Final = (
    Column("CSR", gives=1, least=20),
    Column("Node", gives=2, least=18),
    Column("Age", right=True),
    Column("Action"),
    Column("Why", gives=3),
)
_FINDING_COLUMNS: Final = (
    Column("CSR", gives=1, least=20),
    Column("Node", gives=2, least=18),
    Column("Finding"),
    Column("Detail", gives=3),
)
# Actions that imply the verdict.
_IMPLY_VERDICT: Final = frozenset({Action.APPROVED, Action.REAPPROVED, Action.DENIED, Action.LEFT})


def show(reviewed: Reviewed, console: Console, given: GivenOptions, *, explained: bool) -> None:
    """Print the run as tables, and a summary. `explained`: with every refusal in full."""
    for number, signer in enumerate(reviewed.signers):
        put([""] if number else [], console)
        put(list(_signer(signer, reviewed, console.width, explained=explained)), console)
    put(list(_end(reviewed, given, console.width)), console)


def _signer(
    signer: SignerReviewed, reviewed: Reviewed, width: int, *, explained: bool
) -> Iterator[Text | str]:
    run = signer.run
    if signer.records:
        rows = [_columns(record, reviewed) for record in signer.records]
        yield from aligned(_COLUMNS, rows, width)
        yield from _problems(signer, width)
        yield ""
    if explained:
        yield from _refusals(signer.records, width)
    if run.findings:
        yield from aligned(_FINDING_COLUMNS, [_found(one) for one in run.findings], width)
        yield ""
    for one in run.unreadable:
        text = f"unreadable: {printable(one.name or '?')}: {printable(one.problem)}"
        yield from (Text(line, style="yellow") for line in prose(text, width))
    for csr, why in signer.unjudged:
        yield from prose(f"{printable(csr.name)}: {why}", width)
    for line in _summary(signer, reviewed):
        yield from prose(line, width)
    for line in _gaps(run):
        yield from (Text(part, style="bold red") for part in prose(line, width))


def _columns(record: Record, reviewed: Reviewed) -> tuple[Text, ...]:
    row = json_row(record.evaluation)
    verdict, action = row["verdict"], reviewed.action(record)
    word = reviewed.word(action)
    if verdict and action not in _IMPLY_VERDICT:
        word = f"{verdict} {word}"
    return (
        Text(printable(row["csr"])),
        Text(printable(row["node"] or row["requester"])),
        Text(age_of(record.age_seconds)),
        Text(word, style=COLOURS.get(verdict or "", "")),
        Text(_why(row, record)),
    )


def _why(row: Row, record: Record) -> str:
    """Return the refusal that decided it, and how many more there are; in full with --explain."""
    refusals = sorted(row["refusals"], key=lambda one: bool(one["effect"] != row["verdict"]))
    if refusals:
        more = f" (+{len(refusals) - 1})" if len(refusals) > 1 else ""
        return f"{refusals[0]['check']}{more}: {refusals[0]['reason']}"
    if row["problem"]:
        return "not judged"
    return printable(log_text_in_words(record.detail), _WHY) if record.detail else ""


def _problems(signer: SignerReviewed, width: int) -> Iterator[str]:
    """Yield why requests weren't judged or written, in full and each reason once."""
    texts = []
    for record in signer.records:
        if record.evaluation.problem:
            texts.append(f"not judged: {why_not_judged(record.evaluation.problem)}")
        if record.detail:
            detail = printable(log_text_in_words(record.detail), _WHY)
            texts.append(f"{record.action.value}: {detail}")
    for text in list(dict.fromkeys(texts))[:_MOST_PROBLEMS]:
        yield from prose(f"{texts.count(text)} {text}", width, "  ", "    ")


def _refusals(records: Sequence[Record], width: int) -> Iterator[Text | str]:
    for record in records:
        row = json_row(record.evaluation)
        if not row["refusals"]:
            continue
        instance = f" ({row['instance']})" if row["instance"] else ""
        yield Text(f"{printable(row['csr'])}{instance}: {row['verdict']}", style="bold")
        yield from refusal_lines(row["refusals"], width)
        yield ""


def _found(one: IssueFinding) -> tuple[Text, ...]:
    return (
        Text(printable(one.csr.name)),
        Text(printable(one.csr.node or one.csr.username)),
        Text(one.state.value, style="bold red"),
        Text(printable(one.detail, _WHY)),
    )


def _summary(signer: SignerReviewed, reviewed: Reviewed) -> Iterator[str]:
    run, actions = signer.run, reviewed.actions(signer)
    gated = sum(run.gated.values())
    parts = [f"{count} {reviewed.word(action)}" for action, count in actions.most_common()]
    if gated:
        reasons = ", ".join(f"{count} {reason}" for reason, count in run.gated.items())
        parts.append(f"{gated} stopped at a gate ({reasons})")
    reported = "; ".join(parts) or ("none judged" if reviewed.only else "nothing is pending")
    where = f"{reviewed.cluster.name} ({reviewed.cluster.region})"
    yield f"{where}, {run.signer}: {run.listed} listed; {reported}."


def _gaps(run: Run) -> Iterator[str]:
    if run.truncated:
        yield f"The list was not read to its end: {printable(log_text_in_words(run.cause))}"
    if run.not_read:
        yield f"{run.not_read} requests were not read for lack of time."


def _would(actions: Counter[Action], mode: Mode) -> str:
    """Return how many decisions `--apply` would write."""
    counts = {
        "approval": actions[Action.APPROVED] + actions[Action.REAPPROVED],
        "denial": actions[Action.DENIED],
    }
    decisions = [
        f"{count} {word}{'' if count == 1 else 's'}" for word, count in counts.items() if count
    ]
    return f"--apply would write {' and '.join(decisions) or 'nothing'} (mode {mode.value})."


def _end(reviewed: Reviewed, given: GivenOptions, width: int) -> Iterator[Text | str]:
    """Yield what was written, and where to look further."""
    if reviewed.not_listed:
        names = ", ".join(map(printable, reviewed.not_listed))
        yield from (Text(line, style="yellow") for line in prose(f"Not listed: {names}.", width))
    actions = sum(map(reviewed.actions, reviewed.signers), Counter[Action]())
    if not reviewed.applied:
        yield from prose(f"Nothing was written. {_would(actions, reviewed.mode)}", width)
    if actions[Action.WITHHELD]:
        text = f"Withheld decisions are not written in the mode {reviewed.mode.value}."
        yield from prose(text, width)
    if reviewed.applied and any(map(_is_approved, reviewed.signers[:1])):
        yield "See in a minute whether EKS has issued what was approved:"
        yield from command(_diagnose(reviewed, given), width, "  ")
    urgent = [name for one in reviewed.signers[:1] for name in _needing_action(one)]
    if urgent:
        yield "Why, and what to do:"
        look = f"{_diagnose(reviewed, given)} --csr {word(urgent[0])}"
        yield from command(look, width, "  ")


def _needing_action(nodes: SignerReviewed) -> Iterator[str]:
    """Yield the requests for which something must be done, those without a certificate first."""
    yield from (one.evaluation.case.csr.name for one in nodes.records if is_refused(one))
    yield from (one.csr.name for one in nodes.run.findings)


def _is_approved(nodes: SignerReviewed) -> bool:
    return any(nodes.count(one) for one in (Action.APPROVED, Action.REAPPROVED))


def _diagnose(reviewed: Reviewed, given: GivenOptions) -> str:
    """Return the command that diagnoses the cluster, by the same settings."""
    cluster = reviewed.cluster
    return f"csr-approver diagnose {cluster.name} --region {cluster.region}{given.judging}"
