"""The answers of `evaluate` as JSON objects of a stable shape."""

from typing import Any, assert_never

from cli.account.problems import hint
from cli.evaluate.ignored import why_ignored
from cli.evaluate.saved_evidence import Answer, Ignored
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
