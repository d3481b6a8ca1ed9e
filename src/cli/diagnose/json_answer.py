"""The diagnosis for programs. Its keys and their meaning are a stable contract."""

from collections.abc import Sequence
from typing import Any

from cli.diagnose.advice import about_version, advise, remedy
from cli.diagnose.diagnosis import DiagnosedCsr, state_of
from cli.diagnose.groups import grouped, shown
from cli.diagnose.results import check_results, checks_json
from cli.diagnose.run import ClusterDiagnosis
from cli.diagnose.totals import all_ready, confirmed, ignored

Json = dict[str, Any]


def as_json(clusters: Sequence[ClusterDiagnosis], account: str) -> Json:
    """Return everything. `account`: of the credentials; empty if unknown."""
    return {
        "account": account or None,
        "ready": all_ready(clusters),
        "clusters": [_cluster(one) for one in clusters],
    }


def _cluster(cluster: ClusterDiagnosis) -> Json:
    diagnosis = cluster.diagnosis
    return {
        "cluster": cluster.name,
        "region": cluster.region,
        "version": cluster.version or None,
        "about_version": about_version(cluster),
        "ready": cluster.ready,
        "problem": cluster.problem or None,
        "problem_cause": cluster.cause or None,
        "listed": None if diagnosis is None else diagnosis.listed,
        "gaps": [] if diagnosis is None else list(diagnosis.gaps),
        "approvals": None
        if diagnosis is None
        else {"issued": diagnosis.approvals.issued, "not_issued": diagnosis.approvals.not_issued},
        "groups": list(_groups(cluster)),
        "csrs": [_csr(csr, cluster) for csr in shown(cluster)],
        "ignored": [
            {
                "csr": csr.name,
                "node": csr.node or None,
                "state": state_of(csr).value,
                "cause": cause.value,
                "newer": newer or None,
            }
            for csr, cause, newer in ignored(cluster)
        ],
        "issued": [] if diagnosis is None else [one.name for one in diagnosis.issued],
    }


def _groups(cluster: ClusterDiagnosis) -> list[Json]:
    made = []
    for group in grouped(cluster):
        advice = group.advice(cluster)
        made.append(
            {
                "cause": group.cause.value,
                "need": group.cause.need.value,
                "count": len(group.csrs),
                "title": advice.title,
                "remedy": advice.text,
                "commands": list(advice.commands),
                "csrs": [one.csr.name for one in group.csrs],
            }
        )
    return made


def _csr(csr: DiagnosedCsr, diagnosed: ClusterDiagnosis) -> Json:
    return {
        "csr": csr.csr.name,
        "state": csr.state.value,
        "need": csr.need.value,
        "requester": csr.csr.username,
        "node": csr.csr.node or None,
        "instance": csr.instance_id,
        "age_seconds": round(csr.age_seconds),
        "verdict": None if csr.verdict is None else csr.verdict.value,
        "names": [
            {
                "kind": name.kind,
                "name": name.value,
                "confirmed": confirmed(name),
                "status": name.status.value,
                "settings": list(name.settings),
            }
            for name in csr.names
        ],
        "causes": [
            {
                "cause": explanation.cause.value,
                "need": explanation.cause.need.value,
                "detail": explanation.detail or None,
                "names": list(explanation.values),
                "remedy": remedy(explanation, csr, diagnosed),
                "commands": list(
                    advise(explanation.cause, [(explanation, csr)], diagnosed).commands
                ),
            }
            for explanation in csr.causes
        ],
        "checks": _checks(csr),
    }


def _checks(csr: DiagnosedCsr) -> list[Json]:
    evaluation = csr.evaluation
    if evaluation is None or evaluation.verdict is None:
        return []
    return checks_json(check_results(evaluation.case, evaluation.verdict))
