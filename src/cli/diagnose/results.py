"""The result of each check for one request, also of those that pass or compare nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from core.checks import KUBELET_SERVING_CHECKS, Availability, Need, availability
from core.model import Case, Refusal, Verdict


class Result(Enum):
    """The result of a check; the values are a stable contract."""

    PASSED = "passed"
    REFUSED = "refused"
    #: There is nothing to compare with, or an earlier check has ended the judging.
    NOT_COMPARED = "not-compared"
    #: A setting turns the check off.
    OFF = "off"


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check with its result, and its refusal if it refused."""

    check: str
    result: Result
    refusal: Refusal | None = None


def check_results(case: Case, verdict: Verdict) -> Iterator[CheckResult]:
    """Yield the results in the checks' order."""
    refused = {one.check: one for one in verdict.refusals}
    absent = {need for need in Need if availability(need, case) is not Availability.AVAILABLE}
    for check in KUBELET_SERVING_CHECKS:
        if check.id in refused:
            absent |= check.establishes
    is_ended = False
    for check in KUBELET_SERVING_CHECKS:
        if check.id in refused:
            is_ended = is_ended or check.gate
            yield CheckResult(check.id, Result.REFUSED, refused[check.id])
        elif not check.applies(case.policy):
            yield CheckResult(check.id, Result.OFF)
        elif is_ended or not absent.isdisjoint(check.needs) or check.id in verdict.not_run:
            yield CheckResult(check.id, Result.NOT_COMPARED)
        else:
            yield CheckResult(check.id, Result.PASSED)


def checks_json(results: Iterable[CheckResult]) -> list[dict[str, Any]]:
    """Return the results in the shape of JSON. Without a refusal, three keys are null."""
    return [
        {
            "check": one.check,
            "result": one.result.value,
            "effect": one.refusal.effect.value if one.refusal else None,
            "reason": one.refusal.reason if one.refusal else None,
            "detail": one.refusal.detail if one.refusal else None,
        }
        for one in results
    ]
