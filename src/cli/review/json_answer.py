"""The answer of `csr-approver review` for programs."""

from typing import Any

from cli.review.run import Reviewed
from cli.verdict_rows import Row, row_of
from core.model import Evaluation, IssueFinding, Record


def as_json(reviewed: Reviewed) -> dict[str, Any]:
    """Return the run as JSON; requests have the keys of `evaluate`, and what was done."""
    cluster = reviewed.cluster
    return {
        "cluster": cluster.name,
        "region": cluster.region,
        "mode": reviewed.mode.value,
        "applied": reviewed.applied,
        "only": list(reviewed.only),
        "not_listed": list(reviewed.not_listed),
        "signers": [
            {
                "signer": run.signer,
                "listed": run.listed,
                "truncated": run.truncated,
                "truncation_cause": run.cause or None,
                "not_read": run.not_read,
                "gated": dict(run.gated),
                "not_judged": {
                    action.value: count for action, count in run.totals.not_judged.items()
                },
                "csrs": [_csr(record, reviewed) for record in signer.records],
                "unjudged": [{"csr": one.name, "why": why} for one, why in signer.unjudged],
                "findings": [_finding(one) for one in run.findings],
                "unreadable": [{"csr": one.name, "problem": one.problem} for one in run.unreadable],
                "seconds": round(run.seconds, 3),
            }
            for signer in reviewed.signers
            for run in [signer.run]
        ],
    }


def _csr(record: Record, reviewed: Reviewed) -> Row:
    return json_row(record.evaluation) | {
        "action": reviewed.word(reviewed.action(record)),
        "written": reviewed.was_written(record),
        "age_seconds": round(record.age_seconds),
        "detail": record.detail or None,
    }


def json_row(evaluation: Evaluation) -> Row:
    """Return the keys of `evaluate`; without a verdict `problem` replaces the refusals."""
    row = row_of(evaluation)
    if evaluation.verdict is None:
        row |= {"verdict": None, "refusals": []}
    return row | {"problem": evaluation.problem or None}


def _finding(finding: IssueFinding) -> dict[str, Any]:
    verdict = None if finding.evaluation is None else finding.evaluation.verdict
    return {
        "csr": finding.csr.name,
        "requester": finding.csr.username,
        "finding": finding.state.value,
        "detail": finding.detail,
        "age_seconds": round(finding.age_seconds),
        "verdict": None if verdict is None else verdict.decision.value,
    }
