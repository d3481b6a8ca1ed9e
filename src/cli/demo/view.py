"""The output of `csr-approver demo --all`: every decision, the runs, and some log lines."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any, Final

from rich.console import Console
from rich.json import JSON
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.demo.json_answer import decision_json
from cli.demo.run import Line, Play, Row
from cli.lines import without_quotes
from cli.screen import table
from core.model import APP_SERVING
from core.printable import printable
from core.signers import SIGNERS
from sandbox.fleet import PLACES, Place

#: Wider lines are harder to read than folded ones.
WIDEST: Final = 120

_SHORT_DETAIL: Final = 45
_LONGEST_DETAIL: Final = 90
_LONGEST_NAME: Final = 60
_NAMES_SHOWN: Final = 3

_COLOURS: Final = {
    "approve": "green",
    "approved": "bold green",
    "deny": "red",
    "denied": "bold red",
    "leave": "yellow",
    "left": "yellow",
    "waiting": "cyan",
    "withheld": "magenta",
    "reported": "bold red",
}

_NOTES: Final = {
    "waiting": "too early to decide; a later run looks again",
    "withheld": "the cluster's tag forbids writes",
}

_HOW: Final = """\
The functions that Lambda runs, at work in this process: moto stands in for AWS, and each cluster
has a fake Kubernetes API server, which verifies tokens, stores the requests and signs approved
ones. The dispatcher ran once and queued a message for each cluster. For each message the reviewer
listed the cluster's requests, asked EC2 and IAM about the requesters, and asked the cluster for the
Services that ServiceAccounts name (APP_SERVING=true). It judged the requests and wrote its
decisions (MODE=enforce: denials too)."""

# The request whose log line is shown.
_SHOWN: Final = "Object name with a log line and terminal codes"


def show_all(play: Play, console: Console) -> None:
    """Print everything for people."""
    console.width = min(console.width, WIDEST)
    title = f"{len(play.rows)} certificate requests, {len(PLACES)} clusters, one run"
    how = Text(" ".join(_HOW.split()))  # in one line, which the terminal folds
    console.print(Panel(how, title=title, title_align="left", padding=(0, 1)))
    for place in PLACES.values():
        _show_cluster(place, play, console)
    _show_runs(play, console)
    _show_lines(play, console)
    _rule("Result", console)
    console.print(Padding(_totals(play), (1, 2)))


def show_surprises(play: Play, console: Console) -> None:
    """Print each result that isn't the expected one."""
    for row in play.surprises:
        console.print(Text(f"NOT AS EXPECTED: {decision_json(row)}", style="bold red"))
    if not (play.surprises or play.is_expected):
        console.print(Text(f"NOT AS EXPECTED: {play.before}, {play.after}", style="bold red"))


# --- the decisions -------------------------------------------------------------------------------


def _show_cluster(place: Place, play: Play, console: Console) -> None:
    _rule(f"{place.name}   {place.region}   {place.says}", console)
    if not place.onboarded:
        for line in play.log_lines("cluster not onboarded"):
            text = f"{line['cause']} ({line['detail']}): counted as not onboarded, no error"
            console.print(Padding(Text(text, style="yellow"), (1, 2)))
        return
    shown = table(expand=True)
    shown.add_column("Request", ratio=46, overflow="fold")
    shown.add_column("Verdict", width=7)
    shown.add_column("Done", width=8)
    shown.add_column("Why", ratio=48, overflow="fold")
    rows = [row for row in play.rows if row.scenario.cluster == place.name]
    for chapter, found in groupby(rows, key=lambda row: row.chapter):
        shown.add_row(Text(chapter, style="bold underline"))
        _add_rows(shown, found)
        shown.add_section()
    console.print(shown)


def _add_rows(shown: Table, rows: Iterable[Row]) -> None:
    for row in rows:
        verdict = row.outcome.verdict
        action = done(row)
        shown.add_row(
            _who(row),
            Text(verdict or "-", style=_COLOURS.get(verdict, "")),
            Text(action, style=_COLOURS.get(action, "bold red")),
            _why(row),
        )


def done(row: Row) -> str:
    """Return what the run did about a request: its action, or `reported` for a finding."""
    is_finding = row.line is not None and "finding" in row.line
    return "reported" if is_finding else row.outcome.action


def _who(row: Row) -> Text:
    """Return title, requester and names; the node's own name comes first."""
    node = row.requester.removeprefix("system:node:")
    names = sorted(dict.fromkeys(row.names), key=lambda name: name != node)
    shown = ["its own name" if name == node else _cut(name) for name in names[:_NAMES_SHOWN]]
    more = row.name_count - len(shown)
    asked = ", ".join(shown) + (f", {more} more" if more > 0 else "")
    text = Text(f"{row.scenario.title}\n")
    if row.scenario.name_as:
        text.append(f"named {_cut(printable(row.scenario.name_as), WIDEST)}\n", "dim")
    first, _, _ = node.removeprefix("system:serviceaccount:").partition(".")
    text.append(f"{first} asks for {asked or 'no readable name'}", "dim")
    return text


def _why(row: Row) -> Text:
    reason, _, detail = row.why.partition(": ")
    if row.outcome.verdict == "approve":
        text = Text(f"all {len(SIGNERS[row.scenario.signer].checks)} checks agree", style="green")
    else:
        more = f" (+{row.refusals - 1})" if row.refusals > 1 else ""
        text = Text.assemble((row.outcome.check or row.outcome.action, "bold"), f": {reason}{more}")
        if detail:
            # The log line has what was expected.
            plain = without_quotes(detail)
            got = plain if len(plain) <= _SHORT_DETAIL else plain.partition(", expected")[0]
            text.append(f"\n{_cut(got, _LONGEST_DETAIL)}", "dim")
    note = "only counted: AWS isn't asked, and there is no log line" if row.outcome.counted else ""
    note = _NOTES.get(row.outcome.action, note)
    return text.append(f"\n{note}", "dim italic") if note else text


# --- runs, lines, metrics ------------------------------------------------------------------------


def _show_runs(play: Play, console: Console) -> None:
    _rule("The runs, from their log lines", console)
    for line in play.log_lines("cluster reviewed"):
        of_workloads = ", workloads" if line["signer"] == APP_SERVING else ""
        text = Text(f"{line['cluster']}{of_workloads}: ", style="bold")
        text.append(f"{line['listed']} listed in {line['seconds']:.2f} s", "not bold")
        parts = {
            "": line["actions"],
            "stopped at a gate: ": line["gated"],
            "wrong certificates: ": line["findings"],
        }
        for words, counts in parts.items():
            if any(counts.values()):
                text.append(f"; {words}{_counts(counts)}", "not bold")
        console.print(text)
    for line in play.log_lines("cluster not onboarded"):
        console.print(Text.assemble((f"{line['cluster']}: ", "bold"), "not onboarded"))


def _show_lines(play: Play, console: Console) -> None:
    _rule("The log line of a decision (one line in CloudWatch, indented here)", console)
    for row in play.rows:
        if row.scenario.title == _SHOWN and row.line is not None:
            console.print(JSON.from_data(dict(row.line), indent=2, ensure_ascii=True))
    _rule("The log line of a run", console)
    for line in play.log_lines("cluster reviewed")[:1]:
        console.print(JSON.from_data(dict(line), indent=None, ensure_ascii=True))
    _rule("Metrics in the log (EMF), for the account and for each cluster", console)
    # `Completed` counts a cluster once, for its first signer: the second one's 0 is no failure.
    completed = [metrics for metrics in play.metrics if metrics.get("Completed") == [1.0]]
    for metrics in completed[-2:]:
        console.print(JSON.from_data(_values(metrics), indent=None))


def _values(metrics: Line) -> dict[str, Any]:
    """Return the values of an EMF object without its metadata for CloudWatch."""
    return {name: value for name, value in metrics.items() if name != "_aws"}


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "-"


# --- the end -------------------------------------------------------------------------------------


def _totals(play: Play) -> Text:
    counts = Counter(row.outcome.action for row in play.rows)
    attacks = [row for row in play.rows if row.chapter == "Attacks"]
    certified = sum(row.issued for row in attacks)
    issued = sum(row.issued for row in play.rows if row.outcome.action == "approved")
    text = Text(f"{_counts(dict(counts.most_common()))}.\n")
    text.append(f"{issued} requesters got their certificates. ", "green")
    text.append(
        f"Of {len(attacks)} attacks {certified or 'none'} got one. ",
        "red" if certified else "green",
    )
    return text.append(f"{play.seconds:.1f} s.")


def _rule(title: str, console: Console) -> None:
    console.print()
    console.rule(Text(title, style="bold"), align="left")


def _cut(text: str, longest: int = _LONGEST_NAME) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
