"""From refusals to a verdict. Any deny outweighs leave; no refusal at all means approve."""

from core.checks import Check
from core.model import Case, Decision, Effect, Refusal, Verdict


def decide(case: Case, checks: tuple[Check, ...]) -> Verdict:
    """Run the checks in order. A gate that refuses ends the judging with LEAVE.

    Raises:
        ValueError: there are no checks, or two with the same id, or one refuses as it must not.
    """
    if not checks or len({check.id for check in checks}) != len(checks):
        raise ValueError("no checks, or two with one id")
    refusals: list[Refusal] = []
    not_run: list[str] = []
    for check in checks:
        if not check.given(case):
            not_run.append(check.id)
            if not check.partial:
                continue
        refusal = check.run(case)
        if refusal is not None:
            if refusal.effect not in check.effects:
                raise ValueError(f"{check.id} may not {refusal.effect.value}")
            refusals.append(refusal.by(check.id))
            if check.gate:
                return Verdict(Decision.LEAVE, tuple(refusals))
    return Verdict(_outcome(refusals), tuple(refusals), tuple(not_run))


def _outcome(refusals: list[Refusal]) -> Decision:
    effects = {refusal.effect for refusal in refusals}
    if Effect.DENY in effects:
        return Decision.DENY
    return Decision.LEAVE if effects else Decision.APPROVE
