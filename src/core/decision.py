"""From refusals to a verdict. Any deny outweighs leave; no refusal at all means approve."""

from core.checks import Availability, Check, Need, availability
from core.model import Case, Decision, Effect, Refusal, Verdict


def decide(case: Case, checks: tuple[Check, ...]) -> Verdict:
    """Run the checks in order. A gate that refuses ends the evaluation with LEAVE.

    A check that needs what wasn't provided is listed as not run.

    Raises:
        ValueError: there are no checks, or two with the same id, or one refuses as it must not.
    """
    if not checks or len({check.id for check in checks}) != len(checks):
        raise ValueError("no checks, or two with one id")
    state = {need: availability(need, case) for need in Need}
    refusals: list[Refusal] = []
    not_run: list[str] = []
    for check in checks:
        if not check.applies(case.policy):
            continue
        needs = [state[need] for need in check.needs]
        if Availability.NOT_PROVIDED in (*needs, *(state[use] for use in check.uses)):
            not_run.append(check.id)
        if Availability.NOT_PROVIDED in needs:
            continue
        refusal = check.run(case) if Availability.ABSENT not in needs else _absent(case, state)
        if refusal is not None:
            if refusal.effect not in check.effects:
                raise ValueError(f"{check.id} may not {refusal.effect.value}")
            refusals.append(refusal.by(check.id))
            if check.gate:
                return Verdict(Decision.LEAVE, tuple(refusals))
    return _verdict(refusals, not_run, state)


def _absent(case: Case, state: dict[Need, Availability]) -> Refusal | None:
    """Refuse for an absent instance. A request that can't be read was refused before, once."""
    if state[Need.REQUEST] is Availability.ABSENT:
        return None
    claimed = (case.identity and case.identity.instance_id) or f"node {case.csr.node}"
    return Refusal.leave(
        "no running instance to compare with", f"no single running instance for {claimed}"
    )


def _verdict(
    refusals: list[Refusal], not_run: list[str], state: dict[Need, Availability]
) -> Verdict:
    effects = {refusal.effect for refusal in refusals}
    if Effect.DENY in effects:
        decision = Decision.DENY
    elif effects or state[Need.REQUEST] is Availability.ABSENT:
        # Without a readable request most checks were not run, so there is no approval.
        decision = Decision.LEAVE
    else:
        decision = Decision.APPROVE
    return Verdict(decision, tuple(refusals), tuple(not_run))
