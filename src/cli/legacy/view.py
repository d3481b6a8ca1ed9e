"""The findings of `csr-approver legacy`: as JSON of a stable shape, and for people."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import typer

from cli.columns import padded
from cli.legacy.find import Finding, FoundAs, Manifest
from cli.legacy.migration import SIGNERS, Problem
from cli.legacy.request import Read
from cli.legacy.searched import Searched
from cli.lines import prose
from cli.screen import Screen
from core.model import APP_SERVING
from core.printable import printable

Json = dict[str, Any]

STILL_VALID: Final = (
    "Certificates that were issued through v1beta1 stay valid until they expire: move manifests "
    "and clients to v1 before they must be renewed."
)

_LOOK: Final = "check"
_SHORT: Final = {APP_SERVING: "app-serving"}
_UPDATE: Final = "others' code, to be updated rather than changed; to list them, search that folder"
_MOST_SANS: Final = 5


def as_json(searched: Searched) -> Json:
    """Return everything for programs; the keys and their meaning are a stable contract."""
    findings = searched.findings
    return {
        "searched": searched.files,
        "binary": searched.binary,
        "findings": [_finding(one) for one in findings],
        "vendored": [
            {"folder": folder, "findings": count}
            for folder, count in sorted(searched.vendored.items())
        ],
        "unclear": [
            {"file": one.path, "line": one.line, "problem": one.problem} for one in searched.unclear
        ],
        "signers": _signers(findings),
        "notes": _general_notes(findings),
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
    named |= {APP_SERVING for one in findings if _is_never_issued(one)}
    return {signer: note for signer, note in SIGNERS.items() if signer in named}


def _general_notes(findings: Sequence[Finding]) -> list[str]:
    """Return the notes on v1beta1, if anything of it was found."""
    old = {issue.problem for one in findings for issue in one.issues} - {Problem.SIGNER_NOT_ISSUED}
    return [STILL_VALID] if old else []


def _notes(one: Manifest) -> Iterator[str]:
    yield from one.fit.notes
    if one.stored:
        yield "from a cluster, where its spec can't be changed: file a new request, with a new key"
    if one.expires is not None:
        yield f"its certificate is valid until {one.expires:%Y-%m-%d}"
    if one.request.read is Read.UNREADABLE:
        yield "no v1 form: the API server refuses this request; create one that can be read"
    if one.v1 is not None and not one.v1.comments_kept:
        yield "rewritten: the original's comments are not kept"


# --- for people ---------------------------------------------------------------------------------


def show(searched: Searched) -> None:
    """Print a line for each finding, then each CSR with its v1 form, then notes and counts."""
    width = Screen.of_stdout().width
    for line in _lines(searched, width):
        typer.echo(line)


def _lines(searched: Searched, width: int) -> Iterator[str]:
    findings = searched.findings
    if findings:
        yield from padded([("Problems", "Signer for v1", "CSR", "Where"), *map(_row, findings)])
        yield ""
    for one in findings:
        if one.manifest is not None:
            yield from _section(one, one.manifest, width)
    for signer, note in _signers(findings).items():
        yield from [*prose(f"{signer}: {note}", width), ""]
    for note in _general_notes(findings):
        yield from [*prose(note, width), ""]
    yield from _counts(searched, width)


def _counts(searched: Searched, width: int) -> Iterator[str]:
    for tree, count in sorted(searched.vendored.items()):
        yield from prose(f"{count} more in {printable(tree, None)}: {_UPDATE}", width)
    found = f"{len(searched.findings)} found" if searched.findings else "nothing found"
    looked = f"{searched.files} file{'' if searched.files == 1 else 's'} searched"
    more = f"{searched.binary} binary, {len(searched.unclear)} not searched or not understood"
    yield from prose(f"{found}; {looked}, {more}", width)


def _row(one: Finding) -> tuple[str, ...]:
    return (
        ", ".join(issue.problem.value for issue in one.issues),
        _signer(one),
        printable(one.manifest.name) if one.manifest else "-",
        f"{printable(one.path, None)}:{one.line}",
    )


def _signer(one: Finding) -> str:
    """Return the signer's short name: the notes below the table have the whole one."""
    if one.manifest is None:
        return _SHORT[APP_SERVING] if _is_never_issued(one) else _LOOK
    if not one.manifest.fit.is_issued:
        return "none on EKS"
    signer = one.manifest.fit.signer or ""
    return _SHORT.get(signer, printable(signer, None))


def _is_never_issued(one: Finding) -> bool:
    return any(issue.problem is Problem.SIGNER_NOT_ISSUED for issue in one.issues)


def _section(one: Finding, manifest: Manifest, width: int) -> Iterator[str]:
    embedded = ", within other text" if one.found_as is FoundAs.EMBEDDED else ""
    signer = printable(manifest.fit.signer or "none", None)
    comments = [
        f"{printable(one.path, None)}:{one.line}{embedded}",
        *(f"line {issue.line}: {printable(issue.detail, None)}" for issue in one.issues),
        f"request: {_request(manifest)}",
        f"signer: {signer} ({printable(manifest.fit.why, None)})",
        *(f"note: {printable(note, None)}" for note in _notes(manifest)),
    ]
    for comment in comments:
        yield from prose(comment, width, "# ", "#   ")
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
