"""The findings of `csr-approver legacy` for people."""

from collections.abc import Iterator
from typing import Final

import typer

from cli.columns import padded
from cli.legacy.find import Finding, FoundAs
from cli.legacy.json_answer import general_notes, is_never_issued, notes, signers
from cli.legacy.manifest import Manifest
from cli.legacy.request import Read
from cli.legacy.searched import Searched
from cli.lines import prose
from cli.screen import Screen
from core.model import APP_SERVING
from core.printable import printable

_LOOK: Final = "check"
_SHORT: Final = {APP_SERVING: "app-serving"}
_UPDATE: Final = "others' code, to be updated rather than changed; to list them, search that folder"
_MOST_SANS: Final = 5


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
    for signer, note in signers(findings).items():
        yield from [*prose(f"{signer}: {note}", width), ""]
    for note in general_notes(findings):
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
        return _SHORT[APP_SERVING] if is_never_issued(one) else _LOOK
    if not one.manifest.fit.is_issued:
        return "none on EKS"
    signer = one.manifest.fit.signer or ""
    return _SHORT.get(signer, printable(signer, None))


def _section(one: Finding, manifest: Manifest, width: int) -> Iterator[str]:
    embedded = ", within other text" if one.found_as is FoundAs.EMBEDDED else ""
    signer = printable(manifest.fit.signer or "none", None)
    comments = [
        f"{printable(one.path, None)}:{one.line}{embedded}",
        *(f"line {issue.line}: {printable(issue.detail, None)}" for issue in one.issues),
        f"request: {_request(manifest)}",
        f"signer: {signer} ({printable(manifest.fit.why, None)})",
        *(f"note: {printable(note, None)}" for note in notes(manifest)),
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
