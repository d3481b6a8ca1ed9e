"""The answer of `csr-approver demo --output json`."""

from dataclasses import asdict
from typing import Any

from cli.demo.run import Play, Row
from sandbox.fleet import BROKEN


def as_json(play: Play) -> dict[str, Any]:
    """Return everything for programs."""
    return {
        "seconds": round(play.seconds, 1),
        "as_expected": play.is_expected,
        "broken_node": {
            "csr": BROKEN.name,
            "before": asdict(play.before),
            "after": asdict(play.after),
        },
        "decisions": [decision_json(row) for row in play.rows],
        "log": list(play.lines),
        "metrics": list(play.metrics),
    }


def decision_json(row: Row) -> dict[str, Any]:
    """Return what became of one request."""
    return {
        "chapter": row.chapter,
        "title": row.scenario.title,
        "cluster": row.scenario.cluster,
        "csr": row.scenario.name,
        "requester": row.requester,
        "names": list(row.names),
        "verdict": row.outcome.verdict or None,
        "check": row.outcome.check or None,
        "action": row.outcome.action,
        "why": row.why or None,
        "issued": row.issued,
        "as_expected": row.is_expected,
    }
