"""The findings of `csr-approver legacy` for programs."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cli.legacy.find import Finding
from cli.legacy.manifest import Manifest
from cli.legacy.problems import Problem
from cli.legacy.request import Read
from cli.legacy.searched import Searched
from cli.legacy.signers import SIGNERS
from core.model import APP_SERVING

Json = dict[str, Any]


STILL_VALID: Final = (
    "Certificates that were issued through v1beta1 stay valid until they expire: move manifests "
    "and clients to v1 before they must be renewed."
)


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
        "signers": signers(findings),
        "notes": general_notes(findings),
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
        "notes": list(notes(one)),
        "manifest": one.v1.manifest if one.v1 else None,
        "comments_kept": one.v1.comments_kept if one.v1 else None,
    }


def signers(findings: Sequence[Finding]) -> dict[str, str]:
    """Return the notes on the signers that the findings name."""
    named = {one.manifest.fit.signer for one in findings if one.manifest}
    named |= {APP_SERVING for one in findings if is_never_issued(one)}
    return {signer: note for signer, note in SIGNERS.items() if signer in named}


def general_notes(findings: Sequence[Finding]) -> list[str]:
    """Return the notes on v1beta1, if anything of it was found."""
    old = {issue.problem for one in findings for issue in one.issues} - {Problem.SIGNER_NOT_ISSUED}
    return [STILL_VALID] if old else []


def notes(one: Manifest) -> Iterator[str]:
    """Yield what to know about one CSR."""
    yield from one.fit.notes
    if one.stored:
        yield "from a cluster, where its spec can't be changed: file a new request, with a new key"
    if one.expires is not None:
        yield f"its certificate is valid until {one.expires:%Y-%m-%d}"
    if one.request.read is Read.UNREADABLE:
        yield "no v1 form: the API server refuses this request; create one that can be read"
    if one.v1 is not None and not one.v1.comments_kept:
        yield "rewritten: the original's comments are not kept"


def is_never_issued(one: Finding) -> bool:
    """Return whether EKS never issues with the signer that was found."""
    return any(issue.problem is Problem.SIGNER_NOT_ISSUED for issue in one.issues)
