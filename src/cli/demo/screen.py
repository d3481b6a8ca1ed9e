"""The output of `csr-approver demo`, on one screen: the symptom, one review, and that it works."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from cli.demo.run import Play, Row, Symptom
from cli.demo.view import done
from core.signers import SIGNERS
from core.version import VERSION
from sandbox.fleet import BROKEN, CHAPTERS, LOG, PLACES

#: The screen that it must fit, in columns; it has at most 50 lines.
WIDTH: Final = 80

_WHAT: Final = (
    f"csr-approver {VERSION}, in a sandbox: the functions that Lambda runs, at work in this "
    "process. moto stands in for AWS, and each cluster has a fake API server and signer."
)

_WHY_BROKEN: Final = "It replaced a node at the same address. EKS may leave its request pending."

#: These actions have columns of their own.
_COUNTED: Final = ("approved", "denied", "left")

_OTHERS: Final = (
    "other: too young to be decided, withheld by a cluster's tag, or a fault of an earlier "
    "certificate that is reported"
)

#: The requests that are shown, by their titles.
EXAMPLES: Final = (
    "Replacement at the address of a node just gone",
    "IPv6 node",
    "Instance that EC2 doesn't show yet",
    "Also a pod's address: a secondary one",
    "A good node of a cluster in shadow mode",
    "Issued with a name that was not approved",
    "Another node's address",
    "Another node's name behind 200 own ones",
    "Microsoft's attribute hides what PKCS#9's asks",
    "The API server's name",
)

_STYLES: Final = {"approved": "bold green", "denied": "bold red", "left": "yellow"}

_NEXT: Final = (
    ("csr-approver demo --all", "every decision and log line (make demo ARGS=--all)"),
    ("csr-approver diagnose", "which of your own nodes have no certificate, and why"),
    ("README.md", "install the commands; deploy the approver"),
)


def show(play: Play, console: Console) -> None:
    """Print one screen for people."""
    console.width = min(console.width, WIDTH)
    console.print(Text(_WHAT))
    _step("1", "A node is broken", console)
    console.print(_indented(Text(_WHY_BROKEN)))
    _show_symptom(play.before, console)
    _step("2", f"One review of {len(PLACES)} clusters: {len(play.rows)} requests", console)
    console.print(_indented(_groups(play)))
    console.print(_indented(Text(_OTHERS, style="dim")))
    console.print()
    console.print(_indented(_examples(play)))
    _step("3", "The node works", console)
    _show_symptom(play.after, console)
    console.print()
    console.print(_result(play))
    console.print()
    console.print(_next())


def _indented(shown: Text | Table) -> Padding:
    return Padding(shown, (0, 0, 0, 3), expand=False)


def _step(number: str, title: str, console: Console) -> None:
    console.print()
    console.print(Text.assemble((f"{number}  ", "bold cyan"), (title, "bold")))


def _show_symptom(symptom: Symptom, console: Console) -> None:
    style = "green" if symptom.condition.endswith("Issued") else "red"
    lines = Text("Asked for a pod's log, as by `kubectl logs`, the sandbox's kubelet answers\n")
    lines.append(f"  GET https://{BROKEN.node.ip}:10250{LOG}\n")
    lines.append(f"  {symptom.log}\n", f"bold {style}")
    lines.append(f"  {BROKEN.name}  {BROKEN.signer}  ")
    lines.append(symptom.condition, style)
    console.print(_indented(lines))


def _groups(play: Play) -> Table:
    """Return how many requests of each group were approved, denied, left, or something else."""
    columns = (*_COUNTED, "other")
    shown = Table.grid(padding=(0, 2))
    shown.add_column()
    for _ in columns:
        shown.add_column(justify="right")
    shown.add_row("", *(Text(action, _STYLES.get(action, "magenta")) for action in columns))
    for chapter in CHAPTERS:
        actions = [row.outcome.action for row in play.rows if row.chapter == chapter]
        counts = Counter(action if action in _COUNTED else "other" for action in actions)
        shown.add_row(chapter, *(str(counts[action] or "-") for action in columns))
    return shown


def _examples(play: Play) -> Table:
    shown = Table.grid(padding=(0, 2))
    for row in _chosen(play):
        action = done(row)
        style = _STYLES.get(action, "magenta")
        shown.add_row(Text(action, style), Text(row.scenario.title), Text(_why(row), "dim"))
    return shown


def _chosen(play: Play) -> Iterator[Row]:
    by_title = {row.scenario.title: row for row in play.rows}
    return (by_title[title] for title in EXAMPLES)


def _why(row: Row) -> str:
    if row.outcome.verdict == "approve":
        return f"{len(SIGNERS[row.scenario.signer].checks)} checks agree"
    return row.outcome.check or row.outcome.action


def _result(play: Play) -> Text:
    attacks = [row for row in play.rows if row.chapter == "Attacks"]
    certified = sum(row.issued for row in attacks)
    issued = sum(row.issued for row in play.rows if row.outcome.action == "approved")
    text = Text(f"{issued} requesters got their certificates. ", "green")
    text.append(
        f"Of {len(attacks)} attacks {certified or 'none'} got one. ",
        "red" if certified else "green",
    )
    return text.append(f"{play.seconds:.1f} s.", "default")


def _next() -> Table:
    rows = Table.grid(padding=(0, 3))
    for command, does in _NEXT:
        rows.add_row(Text(command, style="bold"), Text(does))
    return rows
