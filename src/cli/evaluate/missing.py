"""What a verdict lacks for want of a file: evidence that wasn't given is never a yes."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from core.checks import Availability, Check, Need, availability
from core.model import Evaluation, Judged, Refusal

#: The check whose refusal names the missing files.
EVIDENCE_GIVEN: Final = "evidence-given"

_FILES: Final[Mapping[Need, str]] = {
    Need.EC2: "--instances",
    Need.INSTANCE: "--instances",
    Need.OWN_INSTANCE: "--instances",
    Need.CLUSTER: "--cluster",
    Need.ROLE: "--instance-profiles",
    Need.SERVICES: "--services",
}


def with_missing(evaluation: Evaluation, checks: Iterable[Check]) -> Evaluation:
    """Return the evaluation with a refusal that names the files that its checks lacked, if any."""
    if not isinstance(evaluation, Judged) or not evaluation.verdict.not_run:
        return evaluation
    verdict = evaluation.verdict
    needs = {
        need
        for check in checks
        if check.id in verdict.not_run
        for need in check.needs | check.uses
        if availability(need, evaluation.case) is Availability.NOT_PROVIDED
    }
    files = ", ".join(sorted({_FILES[need] for need in needs}))
    refusal = Refusal.leave("evidence not given", f"give {files}; without it some checks can't run")
    refusals = (*verdict.refusals, refusal.by(EVIDENCE_GIVEN))
    return replace(evaluation, verdict=replace(verdict, refusals=refusals))
