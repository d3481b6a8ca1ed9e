"""Explain one evaluation: why its request has no certificate, or a wrong one."""

from datetime import timedelta

from cli.diagnose import causes
from cli.diagnose.cause import Cause, Explanation
from cli.diagnose.name_causes import explain_names
from cli.diagnose.name_status import RequestedName
from core import issued
from core.model import (
    Bug,
    Case,
    Csr,
    Evaluation,
    IssueState,
    Pkcs10,
    UnreadableRequest,
    Verdict,
)
from core.settings import JudgingSettings


def explain(
    evaluation: Evaluation, names: tuple[RequestedName, ...], settings: JudgingSettings
) -> tuple[Explanation, ...]:
    """Return the causes, each once; at least one."""
    case, verdict = evaluation.case, evaluation.verdict
    age = (case.now - case.csr.created).total_seconds()
    may_lag = age < settings.deny_after_seconds
    wrong = wrong_certificate(case.csr, case.request) if case.csr.certificate else None
    if wrong is not None:
        # Names that a stopped node's certificate lacks need no action; other defects do.
        gone = wrong.cause is Cause.FEWER_NAMES and causes.is_gone(case, may_lag=may_lag)
        of_names = explain_names(case, names)
        return (Explanation(Cause.INSTANCE_GONE),) if gone else (wrong, *of_names)
    if verdict is None:
        cause = Cause.NOT_JUDGED if isinstance(evaluation, Bug) else Cause.EVIDENCE_UNAVAILABLE
        return (Explanation(cause, evaluation.problem),)
    if age > settings.max_csr_age_seconds:
        return _abandoned(case, verdict, names)
    if causes.is_judged_by_eks(case.csr) and _is_just_approved(case, settings):
        return (_passing(case, settings),)
    reported = causes.explain_refusals(case, verdict.refusals, names, may_lag=may_lag)
    if any(one.cause is Cause.INSTANCE_GONE for one in reported):
        return reported
    return (*_decided(case.csr), *reported) or (_passing(case, settings),)


def wrong_certificate(csr: Csr, request: Pkcs10 | UnreadableRequest) -> Explanation | None:
    """Return what is wrong with a request's certificate; None if nothing is, or it has none."""
    found = issued.find(csr, request, csr.created, grace=timedelta(), max_age=timedelta())
    if found is None:
        return None
    fewer = found.state is IssueState.FEWER_NAMES
    return Explanation(Cause.FEWER_NAMES if fewer else Cause.WRONG_CERTIFICATE, found.detail)


def _abandoned(
    case: Case, verdict: Verdict, names: tuple[RequestedName, ...]
) -> tuple[Explanation, ...]:
    """Return the causes of a request older than the kubelet waits, with no newer one listed."""
    if causes.is_judged_by_eks(case.csr):
        return (Explanation(Cause.NO_NEWER_REQUEST),)
    if case.csr.namespace is not None:  # a workload waits as long as its author wants
        return (Explanation(Cause.WORKLOAD),)
    reasons = {(one.check, one.reason) for one in verdict.refusals}
    is_not_ec2 = ("node-kind", "not an EC2 session") in reasons
    if is_not_ec2 or any(check == "requester-is-node" for check, _ in reasons):
        return (Explanation(Cause.ABANDONED),)
    if causes.is_gone(case, may_lag=False):
        return (Explanation(Cause.INSTANCE_GONE),)
    return (Explanation(Cause.NO_NEWER_REQUEST), *explain_names(case, names))


def _decided(csr: Csr) -> tuple[Explanation, ...]:
    for kind, cause in (("Failed", Cause.SIGNER_FAILED), ("Denied", Cause.DENIED)):
        condition = csr.condition(kind)
        if condition is not None:
            return (Explanation(cause, f"{condition.reason}: {condition.message}"),)
    return ()


def _is_just_approved(case: Case, settings: JudgingSettings) -> bool:
    if case.csr.condition("Approved") is None or _decided(case.csr):
        return False
    return _passing(case, settings).cause is Cause.JUST_APPROVED


def _passing(case: Case, settings: JudgingSettings) -> Explanation:
    """Return the cause of a request that passes every check and has no certificate."""
    approved = case.csr.condition("Approved")
    since = case.csr.created if approved is None else approved.last_update or case.csr.created
    seconds = (case.now - since).total_seconds()
    if approved is None:
        return Explanation(
            Cause.WAITING if seconds < settings.approve_after_seconds else Cause.NOT_APPROVED
        )
    detail = f"approved {seconds:.0f} s ago by {approved.reason}"
    if seconds <= settings.issue_grace_seconds:
        return Explanation(Cause.JUST_APPROVED, detail)
    is_ours = case.csr.is_approved_by_us
    return Explanation(Cause.NOT_ISSUED_AFTER_US if is_ours else Cause.NOT_ISSUED, detail)
