"""CI on GitHub runs only make targets, with read access, by actions pinned by commit."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
TEXT: Final = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
WORKFLOW: Final[Any] = yaml.safe_load(TEXT)
JOBS: Final[dict[str, Any]] = WORKFLOW["jobs"]


def steps(key: str) -> list[str]:
    return [step[key] for job in JOBS.values() for step in job["steps"] if key in step]


def test_actions_are_pinned_by_commit() -> None:
    """A comment names the release."""
    used = re.findall(r"uses: (\S+)(.*)", TEXT)

    assert len(used) == len(steps("uses"))
    for action, comment in used:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


def test_jobs_may_read_the_code_and_nothing_else() -> None:
    """By default a workflow's token may also write."""
    assert WORKFLOW["permissions"] == {}
    assert {"contents": "read"} == {
        right: level for job in JOBS.values() for right, level in job["permissions"].items()
    }


def test_no_credentials_are_left_in_the_checkout() -> None:
    """A test or a dependency could read them."""
    checkouts = [
        step for job in JOBS.values() for step in job["steps"] if "checkout" in step.get("uses", "")
    ]

    assert len(checkouts) == len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_jobs_run_make_targets_only() -> None:
    """A step that fails in CI also fails locally, because both run the same target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        word
        for command in steps("run")
        for word in command.removeprefix("make ").split()
        if "=" not in word and "{{" not in word and "}}" not in word and "." not in word
    }

    assert all(command.startswith("make ") for command in steps("run"))
    assert {"lint", "types", "validate", "test", "build"} == named
    assert named <= targets


def test_jobs_end() -> None:
    """A job that hangs costs money by the minute."""
    assert all(job["timeout-minutes"] <= 60 for job in JOBS.values())


def test_nothing_of_a_pull_request_reaches_a_shell() -> None:
    """Anyone can write its title and branch name."""
    assert not [command for command in steps("run") if "github." in command]
