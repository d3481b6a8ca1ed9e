"""Turn refusals into a verdict. Any DENY outweighs LEAVE; no refusal means APPROVE."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from core.checks import Availability, Check, Need, availability
from core.model import Case, Decision, Effect, Refusal, Verdict

_NEEDS = tuple(Need)


def decide(case: Case, checks: tuple[Check, ...]) -> Verdict:
    """Run the checks, and list their refusals in order. A gate that refuses ends it with LEAVE.

    Gates run first, then the checks that establish something, so the order given doesn't matter.
    A check whose needs weren't provided is not run, and is listed as not run; then there is no
    approval. What a check establishes is absent for later ones if it refuses, and not provided if
    it isn't run.

    Raises:
        ValueError: there are no checks, two have the same id, or one refuses with an effect that
            isn't among its effects.
    """
    return decider(checks)(case)


def decider(checks: tuple[Check, ...]) -> Callable[[Case], Verdict]:
    """Return the function that decides with these checks, for many cases.

    Raises:
        ValueError: there are no checks, or two have the same id.
    """
    places = {check.id: place for place, check in enumerate(checks)}
    if not checks or len(places) < len(checks):
        raise ValueError("there are no checks, or two with the same id")
    in_turn = sorted(checks, key=lambda check: (not check.gate, not check.establishes))
    return partial(_decide, in_turn=in_turn, places=places)


def _decide(case: Case, in_turn: Sequence[Check], places: Mapping[str, int]) -> Verdict:
    absent, not_provided = _missing(case)
    refusals: list[Refusal] = []
    not_run: list[str] = []
    for check in in_turn:
        if not check.applies(case.policy):
            continue
        if not_provided and not not_provided.isdisjoint(check.needs | check.uses):
            not_run.append(check.id)
            if not not_provided.isdisjoint(check.needs):
                not_provided |= check.establishes
                continue
        refusal = check.run(case) if absent.isdisjoint(check.needs) else _absent(case, check)
        if refusal is not None:
            if refusal.effect not in check.effects:
                raise ValueError(f"{check.id} may not {refusal.effect.value}")
            refusals.append(refusal.by(check.id))
            absent |= check.establishes
            if check.gate:
                return Verdict(Decision.LEAVE, tuple(refusals))
    return Verdict(
        _decision(refusals, absent, not_run),
        tuple(sorted(refusals, key=lambda refusal: places[refusal.check])),
        tuple(sorted(not_run, key=places.__getitem__)),
    )


def _missing(case: Case) -> tuple[set[Need], set[Need]]:
    """Return what is absent, and what wasn't provided."""
    found = [(need, availability(need, case)) for need in _NEEDS]
    absent = {need for need, one in found if one is Availability.ABSENT}
    return absent, {need for need, one in found if one is Availability.NOT_PROVIDED}


def has_own_instance(case: Case, checks: tuple[Check, ...]) -> bool:
    """Return True when every check that establishes the instance as the cluster's passes."""
    establishing = tuple(one for one in checks if Need.OWN_INSTANCE in one.establishes)
    verdict = decide(case, establishing)
    return not verdict.refusals and not verdict.not_run


def _absent(case: Case, check: Check) -> Refusal | None:
    """Refuse for an absent instance; nothing else is refused twice.

    `request-well-formed` alone refuses an unreadable request, and the check that should have
    established the instance as the cluster's has refused any other.
    """
    if Need.REQUEST in check.needs and availability(Need.REQUEST, case) is Availability.ABSENT:
        return None
    if case.instance is not None:
        return None
    claimed = (case.identity and case.identity.instance_id) or f"node {case.csr.node}"
    return Refusal.leave(
        "no running instance to compare with", f"no single running instance for {claimed}"
    )


def _decision(refusals: list[Refusal], absent: set[Need], not_run: list[str]) -> Decision:
    effects = {refusal.effect for refusal in refusals}
    if Effect.DENY in effects:
        return Decision.DENY
    # Without a readable request most checks were not run, and what wasn't provided is never a yes.
    is_missing = not_run or Need.REQUEST in absent
    return Decision.LEAVE if effects or is_missing else Decision.APPROVE
