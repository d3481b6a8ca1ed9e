"""The ledger's log lines, as fields. Untrusted text is a bounded, printable value."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from itertools import islice
from typing import Final

from core.model import (
    Action,
    Case,
    Cluster,
    Csr,
    Evaluation,
    IssueFinding,
    IssueState,
    NotProvided,
    OtherName,
    Pkcs10,
    PublicKey,
    Record,
    Role,
    RoleUnknown,
    Run,
    Service,
    ServicesHidden,
    UnreadableCsr,
    UnreadableRequest,
    Verdict,
)
from core.printable import printable

Line = Mapping[str, object]

# A kubelet asks for a handful of names, an attacker for thousands.
_MAX_LISTED: Final = 20


def csr_line(record: Record) -> Line:
    """Return the line of one CSR past the gates: who asked for what, the evidence, the result."""
    evaluation = record.evaluation
    return {
        **_where(evaluation.case.cluster),
        "mode": record.mode.value,
        **_who(evaluation.case.csr),
        "age_seconds": round(record.age_seconds, 1),
        "asking_seconds": round(record.asking_seconds, 1),
        "action": record.action.value,
        **_bounded(detail=record.detail),
        **_asked(evaluation.case.request),
        **_checked(evaluation),
    }


def finding_line(cluster: Cluster, finding: IssueFinding) -> Line:
    """Return the line of an approved CSR without the approved certificate, with its names.

    For one that isn't issued, with the checks' result today.
    """
    return {
        **_where(cluster),
        **_who(finding.csr),
        "finding": finding.state.value,
        "age_seconds": round(finding.age_seconds, 1),
        "detail": printable(finding.detail),
        **_asked(finding.request),
        **({} if finding.evaluation is None else _checked(finding.evaluation)),
    }


def unreadable_line(cluster: Cluster, item: UnreadableCsr) -> Line:
    """Return the line of a list item that isn't shaped like a CSR."""
    return {
        **_where(cluster),
        "csr": None if item.name is None else printable(item.name),
        "signer": None if item.signer is None else printable(item.signer),
        "problem": printable(item.problem),
    }


def run_line(run: Run) -> Line:
    """Return a run's totals. With the other lines they account for every CSR that was listed.

    `not_judged`: how many of `actions` have no line of their own, because nothing could be due yet
    or because the run didn't reach them.
    """
    found = Counter(finding.state for finding in run.findings)
    return {
        **_where(run.cluster),
        "mode": run.mode.value,
        "signer": run.signer,
        "seconds": round(run.seconds, 3),
        "listed": run.listed,
        "pages": run.pages,
        "truncated": run.truncated,
        "truncation_cause": printable(run.cause),
        "not_read": run.not_read,
        "unreadable": len(run.unreadable),
        "gated": {reason: run.gated[reason] for reason in sorted(run.gated)},
        "gated_total": sum(run.gated.values()),
        "actions": {action.value: run.count(action) for action in Action},
        "not_judged": {action.value: count for action, count in run.totals.not_judged.items()},
        "findings": {state.value: found[state] for state in IssueState},
    }


def _where(cluster: Cluster | NotProvided) -> Line:
    if isinstance(cluster, NotProvided):
        return {}
    return {"cluster": cluster.name, "region": cluster.region}


def _who(csr: Csr) -> Line:
    return {
        "csr": printable(csr.name),
        "uid": printable(csr.uid),
        "signer": printable(csr.signer),
        "requester": printable(csr.username),
        "node": None if csr.node is None else printable(csr.node),
    }


def _identity(case: Case) -> Line:
    """Return the kind of identity, its instance, and what EC2 showed for it, with states."""
    instances = () if isinstance(case.instances, NotProvided) else case.instances
    known = case.identity.instance_id if case.identity is not None else None
    return {
        "identity": None if case.identity is None else case.identity.kind.value,
        "instance": known or (instances[0].id if len(instances) == 1 else None),
        "instances": _listed(f"{one.id} {one.state}" for one in instances),
    }


def _checked(evaluation: Evaluation) -> Line:
    """Return the evidence and the verdict, or why there is none."""
    return {
        **_identity(evaluation.case),
        **_role(evaluation.case.role),
        **_services(evaluation.case),
        **_verdict(evaluation.verdict),
        **_bounded(problem=evaluation.problem),
    }


def _verdict(verdict: Verdict | None) -> Line:
    if verdict is None:
        return {"verdict": None}
    return {
        "verdict": verdict.decision.value,
        "refusals": [
            {
                "check": refusal.check,
                "effect": refusal.effect.value,
                "reason": refusal.reason,
                "detail": refusal.detail,
            }
            for refusal in verdict.refusals
        ],
        "not_run": list(verdict.not_run),
    }


def _bounded(**texts: str) -> Line:
    return {key: printable(text) for key, text in texts.items() if text}


def _asked(request: Pkcs10 | UnreadableRequest) -> Line:
    """Return the names and the kind of key that were asked for, or why they can't be read."""
    if isinstance(request, UnreadableRequest):
        return {"request_problem": printable(request.why)}
    others = [f"{san.kind}:{san.value}" for san in request.sans if isinstance(san, OtherName)]
    return {
        "dns": _listed(request.dns),
        "ips": _listed(str(address) for address in request.addresses),
        "other_names": _listed(others),
        "names": len(request.sans),
        "key": request.key.kind,
        "public_key_sha256": _fingerprint(request.key),
    }


def _fingerprint(key: PublicKey) -> str | None:
    """Return the SHA-256 of the key in hex, to find a certificate's approval by its key.

    None if the algorithm is unknown. The parser refuses keys with an unusual encoding, so the
    certificate's key has the same bytes.
    """
    return sha256(key.spki).hexdigest() if key.spki else None


def _role(role: Role | RoleUnknown | NotProvided) -> Line:
    """Return the role of the instance's profile, which is compared with the requester's."""
    if isinstance(role, Role):
        return {"role": str(role)}
    return {"role_unknown": role.why} if isinstance(role, RoleUnknown) else {}


def _services(case: Case) -> Line:
    """Return the Services that were named, and what the cluster showed of them."""
    if case.claim is None:
        return {}
    shown = case.services
    if isinstance(shown, ServicesHidden):
        reported: Line = {"services_not_readable": printable(shown.why)}
    else:
        reported = {
            "services": _listed(map(_described, () if isinstance(shown, NotProvided) else shown))
        }
    return {
        "namespace": case.claim.namespace,
        "services_named": _listed(case.claim.names),
        **reported,
    }


def _described(service: Service) -> str:
    addresses = ", ".join(sorted(map(str, service.cluster_ips))) or "no cluster IP"
    return f"{service.name} {service.kind} {addresses}{', deleting' if service.deleting else ''}"


def _listed(texts: Iterable[str]) -> Sequence[str]:
    return [printable(text) for text in islice(texts, _MAX_LISTED)]
