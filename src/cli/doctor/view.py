"""The output of `csr-approver doctor`: all links, and then the first one to fix."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from cli.doctor.chain import Finding, Status, first
from cli.lines import command, prose, put
from core.printable import printable, visible

_STYLES = {
    Status.OK: "green",
    Status.OPEN: "cyan",
    Status.BROKEN: "bold red",
    Status.UNKNOWN: "yellow",
    Status.NOT_CHECKED: "dim",
}

_BROKEN: Final = Status.BROKEN
_MOST: Final = 3
_STATUS_WIDTH: Final = 11
_LINK_WIDTH: Final = 16
_COMMANDS: Final = ("csr-approver ", "aws ", "kubectl ")

Findings = Mapping[str, Finding]


@dataclass(frozen=True, slots=True)
class Examined:
    """The findings of a cluster."""

    name: str
    region: str
    findings: Findings


def as_json(account: Findings, clusters: Sequence[Examined]) -> dict[str, Any]:
    """Return everything for programs."""
    return {
        "first_broken": first(account, _BROKEN),
        "account": _links(account),
        "clusters": [
            {
                "cluster": one.name,
                "region": one.region,
                "first_broken": first(account, _BROKEN) or first(one.findings, _BROKEN),
                "links": _links(one.findings),
            }
            for one in clusters
        ],
    }


def show(account: Findings, clusters: Sequence[Examined], console: Console) -> None:
    """Print a table for the account and for each cluster, what to fix first, and the result."""
    _show("The account", account, console)
    for one in clusters:
        _show(f"{one.name} ({one.region})", one.findings, console)
    _show_first("First broken", _BROKEN, account, clusters, console)
    _show_first("Unknown", Status.UNKNOWN, account, clusters, console)
    text, status = _result(account, clusters)
    put([Text(line, style=_STYLES[status]) for line in prose(text, console.width)], console)


def _show_first(
    words: str, status: Status, account: Findings, clusters: Sequence[Examined], console: Console
) -> None:
    """Print the first such link and its fix: of the account, or else of each cluster."""
    link = first(account, status)
    if link is not None:
        _show_link(f"{words}, the account", link, account[link], console)
        return
    for one in clusters:
        link = first(one.findings, status)
        if link is not None:
            _show_link(f"{words}, {one.name}", link, one.findings[link], console)


def _result(account: Findings, clusters: Sequence[Examined]) -> tuple[str, Status]:
    """Return the closing line."""
    for status, start in ((_BROKEN, "Broken: "), (Status.UNKNOWN, "Nothing is broken. Unknown: ")):
        parts = [("the account", account), *((one.name, one.findings) for one in clusters)]
        found = [(name, link) for name, one in parts if (link := first(one, status)) is not None]
        if found:
            places = ", ".join(f"{printable(name)} ({link})" for name, link in found[:_MOST])
            more = f" and {len(found) - _MOST} more" if len(found) > _MOST else ""
            return f"{start}{places}{more}.", status
    count = f"{len(clusters)} cluster{'' if len(clusters) == 1 else 's'}"
    return f"Nothing is broken: the account and {count} were checked.", Status.OK


def _links(findings: Findings) -> list[dict[str, Any]]:
    return [
        {
            "link": link,
            "status": one.status.value,
            "detail": one.detail,
            "fix": one.fix or None,
        }
        for link, one in findings.items()
    ]


def _show(title: str, findings: Findings, console: Console) -> None:
    lines: list[Text | str] = [Text(visible(title), style="bold")]
    for link, one in findings.items():
        lines += _finding(link, one, console.width)
    put([*lines, ""], console)


def _finding(link: str, one: Finding, width: int) -> Iterator[Text | str]:
    """Yield a link's lines: its detail beside it, or below it where an id needs the room."""
    start = f"  {one.status.value:<{_STATUS_WIDTH}}  {link:<{_LINK_WIDTH}}  "
    detail = visible(one.detail)
    if max(map(len, detail.split()), default=0) > width - len(start):
        lines = [start.rstrip(), *prose(detail, width, "    ")]
    else:
        lines = prose(detail, width, start)
    head = Text(lines[0])
    head.stylize(_STYLES[one.status], 2, 2 + len(one.status.value))
    yield head
    yield from lines[1:]
    if one.fix:
        yield from _fix(one.fix, width, "    -> ")


def _fix(fix: str, width: int, start: str) -> list[str]:
    """Return a fix as lines; a command can be copied from several."""
    text = visible(fix)
    # A sentence may begin with a command: "csr-approver access prod prints how ...".
    is_command = text.startswith(_COMMANDS) and " prints " not in text
    if not is_command:
        return prose(text, width, start)
    first_line, *rest = command(text, width, " " * len(start))
    return [start + first_line.lstrip(), *rest]


def _show_link(words: str, link: str, finding: Finding, console: Console) -> None:
    style = _STYLES[finding.status]
    text = visible(f"{words}: {link}: {finding.detail}")
    put([Text(line, style=style) for line in prose(text, console.width)], console)
    if finding.fix:
        put(_fix(finding.fix, console.width, "Fix: "), console)
