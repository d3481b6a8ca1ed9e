"""The answers of `evaluate`: as JSON objects of a stable shape, and as a table for people."""

from typing import Any, assert_never

from rich.text import Text

from cli.account.problems import hint
from cli.evaluate.ignored import why_ignored
from cli.evaluate.saved_evidence import Answer, Ignored
from cli.screen import console, table
from core.model import (
    Bug,
    Case,
    Csr,
    Deferred,
    Effect,
    Judged,
    NoEvidence,
    NotProvided,
    Refusal,
    UnreadableCsr,
    Verdict,
)
from core.printable import printable

Row = dict[str, Any]


def row_of(answer: Answer) -> Row:
    """Return the answer as one JSON object; its keys and their meaning are a stable contract."""
    match answer:
        case UnreadableCsr():
            refusal = Refusal(Effect.LEAVE, "not a CSR object", answer.problem, "object-readable")
            return _answer(answer.name, answer.signer, verdict="leave", refusals=(refusal,))
        case Ignored():
            csr, refusal = answer.csr, why_ignored(answer.csr)
            return _answer(csr.name, csr.signer, csr=csr, verdict="ignore", refusals=(refusal,))
        case Judged(verdict=verdict):
            return _judged(answer.case, verdict)
        case Deferred() | NoEvidence() | Bug():
            refusal = Refusal(Effect.LEAVE, "not judged", why_not_judged(answer.problem), "judged")
            csr = answer.case.csr
            return _answer(csr.name, csr.signer, csr=csr, verdict="leave", refusals=(refusal,))
        case _:
            assert_never(answer)


def why_not_judged(problem: str) -> str:
    """Return why a request wasn't judged, and what to do about that."""
    fix = "report it" if problem.startswith("this is a bug") else hint(problem) or "run this again"
    return f"{printable(problem.removeprefix('evidence unavailable: '))}; {fix}"


def _judged(case: Case, verdict: Verdict) -> Row:
    row = _answer(
        case.csr.name,
        case.csr.signer,
        csr=case.csr,
        verdict=verdict.decision.value,
        refusals=verdict.refusals,
    )
    identity = case.identity
    if identity is not None and case.csr.node:
        row["identity"] = identity.kind.value
        row["instance"] = identity.instance_id or _only(case)
    row["not_run"] = list(verdict.not_run)
    return row


def _only(case: Case) -> str | None:
    if isinstance(case.instances, NotProvided) or len(case.instances) != 1:
        return None
    return case.instances[0].id


def _answer(
    name: str | None,
    signer: str | None,
    *,
    verdict: str,
    csr: Csr | None = None,
    refusals: tuple[Refusal, ...] = (),
) -> Row:
    return {
        "csr": name,
        "signer": signer,
        "requester": csr.username if csr else None,
        "node": (csr.node or None) if csr else None,
        "instance": None,
        "identity": None,
        "verdict": verdict,
        "not_run": [],
        "refusals": [
            {
                "check": refusal.check,
                "effect": refusal.effect.value,
                "reason": refusal.reason,
                "detail": refusal.detail,
            }
            for refusal in refusals
        ],
    }


COLOURS = {"approve": "green", "deny": "red", "leave": "yellow", "ignore": "dim"}


def print_table(rows: list[Row]) -> None:
    """Print the answers as a table; untrusted text is escaped and shortened."""
    shown = table("CSR", "Requester", "Instance", "Verdict", "Why")
    for row in rows:
        why = "\n".join(f"{r['check']}: {r['reason']} ({r['detail']})" for r in row["refusals"])
        missing = f"not run: {', '.join(row['not_run'])}" if row["not_run"] else ""
        shown.add_row(
            Text(printable(row["csr"] or "?")),
            Text(printable(row["requester"] or "?")),
            Text(printable(row["instance"] or "-")),
            Text(row["verdict"], style=COLOURS[row["verdict"]]),
            Text("\n".join(filter(None, (why, missing)))),
        )
    console().print(shown)
