"""The output of `csr-approver doctor`: all links, and then the first one to fix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console

from cli.doctor.chain import Finding, Status, first
from cli.screen import cell, table

_STYLES = {
    Status.OK: "green",
    Status.OPEN: "cyan",
    Status.BROKEN: "bold red",
    Status.UNKNOWN: "yellow",
    Status.NOT_CHECKED: "dim",
}

_BROKEN: Final = Status.BROKEN

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
    """Print a table for the account and for each cluster; the first broken link comes last."""
    _show("The account", account, console)
    for one in clusters:
        _show(f"{one.name} ({one.region})", one.findings, console)
    _show_first("First broken", _BROKEN, account, clusters, console)
    _show_first("Unknown", Status.UNKNOWN, account, clusters, console)


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
    rows = table()
    rows.add_column(cell(title), no_wrap=True, min_width=14)
    rows.add_column("", no_wrap=True, width=11)
    rows.add_column("", overflow="fold")
    for link, one in findings.items():
        lines = [one.detail, f"-> {one.fix}"] if one.fix else [one.detail]
        rows.add_row(cell(link), cell(one.status.value, style=_STYLES[one.status]), cell(*lines))
    console.print(rows)


def _show_link(words: str, link: str, finding: Finding, console: Console) -> None:
    style = _STYLES[finding.status]
    console.print(cell(f"{words}: {link}: {finding.detail}", style=style))
    if finding.fix:
        console.print(cell(f"Fix: {finding.fix}"))
