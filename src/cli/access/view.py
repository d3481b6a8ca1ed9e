"""The output of `csr-approver access`: manifests and commands, or the result by cluster."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import typer
import yaml

from cli.access.approver_role import ApproverRole
from cli.access.manifests import Manifest
from cli.access.onboarding import Onboarding
from cli.access.steps import CLUSTER, ENTRY, State, Step
from cli.account.copied import KUBECTL
from cli.columns import padded
from cli.lines import prose
from cli.screen import Screen
from core.printable import printable, visible

_FIRST_LINE: Final = (
    "# The approver's rights, the same in each cluster. Apply them with --apply, or:\n"
    f"# {KUBECTL} apply -f -"
)

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
    lines = [_FIRST_LINE]
    lines.append(yaml.safe_dump_all(manifests, sort_keys=False).rstrip("\n"))
    lines += ["#", f"# The approver's role: {role.arn}", f"# ({visible(role.source)})"]
    for one in onboardings:
        if not one.is_described:
            continue
        lines.append("#")
        lines += [f"# {line}" for line in _comments(one)]
    return "\n".join(lines)


def show(onboardings: Sequence[Onboarding]) -> None:
    """Print a line for each cluster, then what failed and how to fix it, and the totals."""
    screen = Screen.of_stdout()
    rows = [("Cluster", "Region", "Rights", "Access entry"), *map(_row, onboardings)]
    # Half the screen is left for the other columns; 80 columns are also a pipe's.
    for line in padded(rows, max(screen.width, 80) // 2):
        typer.echo(line)
    for one in onboardings:
        for step in one.steps:
            if step.state in _FAILED:
                _show_failure(one, step, screen)
    totals = Counter(_result(one) for one in onboardings)
    reported = ", ".join(f"{count} {state}" for state, count in totals.most_common())
    many = "" if len(onboardings) == 1 else "s"
    typer.echo(f"\n{len(onboardings)} cluster{many}: {reported}.")


def failures(onboardings: Sequence[Onboarding]) -> Iterator[str]:
    """Yield why a cluster couldn't be described, for stderr."""
    for one in onboardings:
        for step in one.steps:
            if step.thing == CLUSTER:
                yield f"{one.name} ({one.region}): {visible(step.detail)}"


def _row(one: Onboarding) -> tuple[str, ...]:
    rights = [step for step in one.steps if step.thing not in {ENTRY, CLUSTER}]
    entries = [step for step in one.steps if step.thing == ENTRY]
    return printable(one.name), printable(one.region), _states(rights), _states(entries)


def _show_failure(one: Onboarding, step: Step, screen: Screen) -> None:
    text = f"{one.name} ({one.region}): {step.thing}: {step.detail}"
    lines = prose(visible(text), screen.width)
    typer.echo("\n".join(["", *(screen.styled(line, "bold red") for line in lines)]))
    for line in step.fix:  # to be copied, so not folded
        typer.echo(f"  {visible(line)}")


def _step(step: Step) -> dict[str, Any]:
    return {
        "thing": step.thing,
        "state": step.state.value,
        "detail": step.detail or None,
        "fix": list(step.fix),
    }


def _comments(one: Onboarding) -> Iterator[str]:
    for step in one.steps:
        detail = f" ({visible(step.detail)})" if step.detail else ""
        yield f"{one.name} ({one.region}): {step.thing}: {step.state.value}{detail}"
        yield from (f"  {visible(line)}" for line in step.fix)


def _states(steps: Sequence[Step]) -> str:
    return ", ".join(dict.fromkeys(step.state.value for step in steps)) or "-"


def _result(one: Onboarding) -> str:
    return next((state.value for state in _FAILED if one.has(state)), "done")
