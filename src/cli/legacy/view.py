"""The findings of `csr-approver legacy`: as JSON of a stable shape, and for people."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.legacy.files import Unclear
from cli.legacy.find import Finding, FoundAs, Manifest
from cli.legacy.migration import SIGNERS
from cli.legacy.request import Read
from cli.screen import table
from core.printable import printable

Json = dict[str, Any]

STILL_VALID: Final = (
    "Certificates that were issued through v1beta1 stay valid until they expire: move manifests "
    "and clients to v1 before they must be renewed."
)

_LOOK: Final = "text: check version and signerName"
_MOST_SANS: Final = 5


def as_json(
    findings: Sequence[Finding], unclear: Sequence[Unclear], *, searched: int, binary: int
) -> Json:
    """Return everything for programs; the keys and their meaning are a stable contract."""
    return {
        "searched": searched,
        "binary": binary,
        "findings": [_finding(one) for one in findings],
        "unclear": [
            {"file": one.path, "line": one.line, "problem": one.problem} for one in unclear
        ],
        "signers": _signers(findings),
        "notes": [STILL_VALID] if findings else [],
    }


def _finding(one: Finding) -> Json:
    return {
        "file": one.path,
        "line": one.line,
        "found": one.found_as.value,
        "problems": [
            {"problem": issue.problem.value, "line": issue.line, "detail": issue.detail}
            for issue in one.issues
        ],
        "csr": None if one.manifest is None else _csr(one.manifest),
    }


def _csr(one: Manifest) -> Json:
    names = one.request.names
    return {
        "name": one.name,
        "stored": one.stored,
        "certificate_expires": one.expires.isoformat() if one.expires else None,
        "request": {
            "read": one.request.read.value,
            "reason": one.request.why or None,
            "common_name": names.common_name if names else None,
            "organizations": list(names.organizations) if names else None,
            "sans": list(names.sans) if names else None,
        },
        "signer": one.fit.signer,
        "reason": one.fit.why,
        "usages": list(one.fit.usages),
        "notes": list(_notes(one)),
        "manifest": one.v1.manifest if one.v1 else None,
        "comments_kept": one.v1.comments_kept if one.v1 else None,
    }


def _signers(findings: Sequence[Finding]) -> dict[str, str]:
    """Return the notes on the signers that the findings name."""
    named = {one.manifest.fit.signer for one in findings if one.manifest}
    return {signer: note for signer, note in SIGNERS.items() if signer in named}


def _notes(one: Manifest) -> Iterator[str]:
    yield from one.fit.notes
    if one.stored:
        yield "from a cluster, where its spec can't be changed: file a new request, with a new key"
    if one.expires is not None:
        yield f"its certificate is valid until {one.expires:%Y-%m-%d}"
    if one.v1 is not None and not one.v1.comments_kept:
        yield "rewritten: the original's comments are not kept"


# --- for people ---------------------------------------------------------------------------------


def show(
    findings: Sequence[Finding],
    unclear: Sequence[Unclear],
    console: Console,
    *,
    searched: int,
    binary: int,
) -> None:
    """Print the table, then each CSR with its v1 form, then the notes on signers."""
    if findings:
        console.print(_table(findings))
    for one in findings:
        if one.manifest is not None:
            for line in _section(one, one.manifest):
                typer.echo(line)
    for signer, note in _signers(findings).items():
        console.print(Text(f"{signer}: {note}\n"))
    if findings:
        console.print(Text(f"{STILL_VALID}\n"))
    found = f"{len(findings)} found" if findings else "nothing found"
    looked = f"{searched} file{'' if searched == 1 else 's'} searched, {binary} binary"
    console.print(Text(f"{found}; {looked}, {len(unclear)} not searched or not understood"))


def _table(findings: Sequence[Finding]) -> Table:
    rows = table("Where", "CSR")
    rows.add_column("Problems", no_wrap=True)
    rows.add_column("Signer for v1", overflow="fold")
    for one in findings:
        manifest = one.manifest
        rows.add_row(
            Text(f"{printable(one.path, None)}:{one.line}"),
            Text(printable(manifest.name) if manifest else "-"),
            Text("\n".join(issue.problem.value for issue in one.issues)),
            Text(printable(manifest.fit.signer or "none on EKS", None), style="green")
            if manifest
            else Text(_LOOK, style="yellow"),
        )
    return rows


def _section(one: Finding, manifest: Manifest) -> Iterator[str]:
    embedded = ", within other text" if one.found_as is FoundAs.EMBEDDED else ""
    yield f"# {printable(one.path, None)}:{one.line}{embedded}"
    for issue in one.issues:
        yield f"# line {issue.line}: {printable(issue.detail, None)}"
    yield f"# request: {_request(manifest)}"
    signer, why = printable(manifest.fit.signer or "none", None), printable(manifest.fit.why, None)
    yield f"# signer: {signer} ({why})"
    for note in _notes(manifest):
        yield f"# note: {printable(note, None)}"
    if manifest.v1 is not None:
        lines = manifest.v1.manifest.removesuffix("\n").split("\n")
        shown = [_shown(line) for line in lines]
        if shown != lines:
            yield "# note: some characters are shown escaped; --output json has them as they are"
        yield from ("---", *shown)
    yield ""


def _shown(line: str) -> str:
    """Return a line for copying; it is only escaped if a terminal could interpret it."""
    return line if line.isascii() and line.isprintable() else printable(line, None)


def _request(manifest: Manifest) -> str:
    request = manifest.request
    match request.read:
        case Read.ELSEWHERE:
            return "filled in by a script or template"
        case Read.UNREADABLE:
            return printable(request.why, None)
    names = request.names
    if names is None:
        return printable(request.why, None)
    who = ", ".join([f"CN={names.common_name}", *(f"O={one}" for one in names.organizations)])
    more = f" and {len(names.sans) - _MOST_SANS} more" if len(names.sans) > _MOST_SANS else ""
    sans = ", ".join(names.sans[:_MOST_SANS]) + more if names.sans else "no subjectAltName"
    loose = f" (not read strictly: {request.why})" if request.read is Read.LENIENT else ""
    return printable(f"{who}; {sans}{loose}", None)
