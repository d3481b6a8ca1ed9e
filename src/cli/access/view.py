"""What `csr-approver access` prints: manifests and commands, or what was done to each cluster."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import yaml
from rich.console import Console

from cli.access.approver_role import ApproverRole
from cli.access.manifests import Manifest
from cli.access.onboarding import ENTRY, Onboarding, State, Step
from cli.screen import cell, table
from core.printable import printable

_STYLES = {
    State.CREATED: "green",
    State.CHANGED: "green",
    State.TO_DO: "yellow",
    State.NO: "bold red",
    State.UNTOLD: "bold red",
}

_TROUBLE = (State.NO, State.UNTOLD)


def as_json(
    role: ApproverRole,
    manifests: Sequence[Manifest],
    onboardings: Sequence[Onboarding],
    *,
    applied: bool,
) -> dict[str, Any]:
    """All of it, for programs."""
    return {
        "role_arn": role.arn,
        "applied": applied,
        "manifests": list(manifests),
        "clusters": [
            {
                "cluster": one.name,
                "region": one.region,
                "authentication_mode": one.auth_mode or None,
                "steps": [_step(step) for step in one.steps],
            }
            for one in onboardings
        ],
    }


def as_manifests(
    role: ApproverRole, manifests: Sequence[Manifest], onboardings: Sequence[Onboarding]
) -> str:
    """YAML that `kubectl apply -f -` takes; all that isn't a manifest stands in comments."""
    lines = [
        "# What the approver may do, the same in each cluster. To apply this: kubectl apply -f -"
    ]
    lines.append(yaml.safe_dump_all(manifests, sort_keys=False).rstrip("\n"))
    lines += ["#", f"# Who it is: {role.arn}", f"# ({printable(role.source)})"]
    for one in onboardings:
        lines.append("#")
        lines += [f"# {line}" for line in _told(one)]
    return "\n".join(lines)


def show(onboardings: Sequence[Onboarding], console: Console) -> None:
    """A row for each cluster, and the sums."""
    rows = table("Cluster", "Rights", "Access entry", "To do")
    for one in onboardings:
        rights = [step for step in one.steps if step.thing != ENTRY]
        entries = [step for step in one.steps if step.thing == ENTRY]
        rows.add_row(
            cell(one.name, one.region),
            _states(rights),
            _states(entries),
            cell(*(line for step in one.steps for line in _lines(step))),
        )
    console.print(rows)
    totals = Counter(_sum(one) for one in onboardings)
    reported = ", ".join(f"{count} {state}" for state, count in totals.most_common())
    console.print(cell(f"{len(onboardings)} clusters: {reported}."))


def _step(step: Step) -> dict[str, Any]:
    return {
        "thing": step.thing,
        "state": step.state.value,
        "detail": step.detail or None,
        "fix": list(step.fix),
    }


def _told(one: Onboarding) -> Iterator[str]:
    for step in one.steps:
        detail = f" ({printable(step.detail, None)})" if step.detail else ""
        yield f"{one.name} ({one.region}): {step.thing}: {step.state.value}{detail}"
        yield from (f"  {printable(line, None)}" for line in step.fix)


def _states(steps: Sequence[Step]) -> Any:
    states = list(dict.fromkeys(step.state for step in steps))
    worst = max(states, key=list(State).index, default=State.THERE)
    return cell(", ".join(state.value for state in states) or "-", style=_STYLES.get(worst, ""))


def _lines(step: Step) -> Iterator[str]:
    if step.state in _TROUBLE:
        yield f"{step.thing}: {step.detail}"
        yield from step.fix


def _sum(one: Onboarding) -> str:
    return next((state.value for state in _TROUBLE if one.has(state)), "done")
