"""The output of `csr-approver access`: manifests and commands, or the result by cluster."""

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
    State.NEEDS_ACTION: "yellow",
    State.BLOCKED: "bold red",
    State.UNKNOWN: "bold red",
}

_FAILED = (State.BLOCKED, State.UNKNOWN)


def as_json(
    role: ApproverRole,
    manifests: Sequence[Manifest],
    onboardings: Sequence[Onboarding],
    *,
    applied: bool,
) -> dict[str, Any]:
    """Return everything for programs."""
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
    """Return YAML for `kubectl apply -f -`; everything but the manifests is in comments."""
    lines = ["# The approver's rights, the same in each cluster. To apply them: kubectl apply -f -"]
    lines.append(yaml.safe_dump_all(manifests, sort_keys=False).rstrip("\n"))
    lines += ["#", f"# The approver's role: {role.arn}", f"# ({printable(role.source)})"]
    for one in onboardings:
        lines.append("#")
        lines += [f"# {line}" for line in _comments(one)]
    return "\n".join(lines)


def show(onboardings: Sequence[Onboarding], console: Console) -> None:
    """Print a row for each cluster, and the totals."""
    rows = table("Cluster", "Rights", "Access entry", "Needs action")
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
    totals = Counter(_result(one) for one in onboardings)
    reported = ", ".join(f"{count} {state}" for state, count in totals.most_common())
    console.print(cell(f"{len(onboardings)} clusters: {reported}."))


def _step(step: Step) -> dict[str, Any]:
    return {
        "thing": step.thing,
        "state": step.state.value,
        "detail": step.detail or None,
        "fix": list(step.fix),
    }


def _comments(one: Onboarding) -> Iterator[str]:
    for step in one.steps:
        detail = f" ({printable(step.detail, None)})" if step.detail else ""
        yield f"{one.name} ({one.region}): {step.thing}: {step.state.value}{detail}"
        yield from (f"  {printable(line, None)}" for line in step.fix)


def _states(steps: Sequence[Step]) -> Any:
    states = list(dict.fromkeys(step.state for step in steps))
    worst = max(states, key=list(State).index, default=State.OK)
    return cell(", ".join(state.value for state in states) or "-", style=_STYLES.get(worst, ""))


def _lines(step: Step) -> Iterator[str]:
    if step.state in _FAILED:
        yield f"{step.thing}: {step.detail}"
        yield from step.fix


def _result(one: Onboarding) -> str:
    return next((state.value for state in _FAILED if one.has(state)), "done")
