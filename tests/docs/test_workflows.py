"""GitHub's workflows run only make targets, with few rights, by actions pinned by commit."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

ROOT: Final = Path(__file__).parents[2]
FILES: Final = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TEXTS: Final = {file.stem: file.read_text() for file in FILES}
WORKFLOWS: Final[dict[str, Any]] = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS: Final[dict[str, Any]] = {
    f"{name}.{job}": one for name, flow in WORKFLOWS.items() for job, one in flow["jobs"].items()
}
#: The only job that may write to the repository. It runs none of the project's code.
PUBLISH: Final = "release.publish"


def steps(key: str, jobs: Any = JOBS) -> list[Any]:
    return [step[key] for job in jobs.values() for step in job["steps"] if key in step]


def test_the_workflows_are_found() -> None:
    """A new one is held to the same rules."""
    assert ["ci", "release", "security"] == sorted(WORKFLOWS)


def test_actions_are_pinned_by_commit() -> None:
    """A comment names the release; a tag can be moved, a commit can't."""
    used = [found for text in TEXTS.values() for found in re.findall(r"uses: (\S+)(.*)", text)]

    assert len(used) == len(steps("uses"))
    for action, comment in used:
        assert re.fullmatch(r"(?:actions|github)/[\w/-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)


def test_one_action_has_one_commit() -> None:
    """An update changes all workflows alike."""
    pinned = {use.rpartition("@")[0]: use for use in steps("uses")}

    assert set(pinned.values()) == set(steps("uses"))


@pytest.mark.parametrize("job", sorted(set(JOBS) - {PUBLISH}))
def test_a_job_that_runs_our_code_may_read_it_and_at_most_report_findings(job: str) -> None:
    """By default a workflow's token may also write."""
    assert {} == WORKFLOWS[job.partition(".")[0]]["permissions"]
    assert {"contents": "read"} == {
        right: level
        for right, level in JOBS[job]["permissions"].items()
        if (right, level) != ("security-events", "write")
    }


def test_the_job_that_publishes_runs_none_of_our_code() -> None:
    """A dependency of the build could otherwise publish what it likes."""
    publish = {PUBLISH: JOBS[PUBLISH]}
    [command] = steps("run", publish)

    assert {"attestations", "contents", "id-token"} == set(JOBS[PUBLISH]["permissions"])
    assert not [use for use in steps("uses", publish) if "checkout" in use]
    assert command.startswith("gh release create ")


def test_a_release_has_provenance_for_each_file() -> None:
    """What is attested is what is published."""
    publish = {PUBLISH: JOBS[PUBLISH]}
    [attested] = [one["subject-path"] for one in steps("with", publish) if "subject-path" in one]

    assert steps("run", publish)[0].endswith(f" {attested}")


def test_no_credentials_are_left_in_the_checkout() -> None:
    """A test or a dependency could read them."""
    checkouts = [
        step for job in JOBS.values() for step in job["steps"] if "checkout" in step.get("uses", "")
    ]

    assert len(checkouts) == len(JOBS) - 1
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_jobs_run_make_targets_only() -> None:
    """A step that fails in CI also fails locally, because both run the same target."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = steps("run", {name: job for name, job in JOBS.items() if name != PUBLISH})
    named = {
        word
        for command in commands
        for word in command.removeprefix("make ").split()
        if "=" not in word and "{{" not in word and "}}" not in word and "." not in word
    }

    assert all(command.startswith("make ") for command in commands)
    assert {
        "audit",
        "build",
        "lint",
        "release",
        "reproduce",
        "test",
        "types",
        "validate",
        "workflows",
    } == named
    assert named <= targets


def test_jobs_end() -> None:
    """A job that hangs costs money by the minute."""
    assert all(job["timeout-minutes"] <= 60 for job in JOBS.values())


def test_nothing_of_a_pull_request_reaches_a_shell() -> None:
    """Anyone can write its title and branch name; a release's tag is a variable too."""
    assert not [command for command in steps("run") if "github." in command]


def test_each_lock_and_module_is_proposed_for_updates() -> None:
    """Dependabot looks at the folders of all locks, workflows and Go modules."""
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    looked = {one["package-ecosystem"]: {*one.get("directories", ["/"])} for one in updates}
    modules = [*(ROOT / "tests").rglob("go.mod"), *(ROOT / ".github").rglob("go.mod")]

    assert {"/", "/src"} == looked["pip"]
    assert {"/"} == looked["github-actions"]
    assert {f"/{file.parent.relative_to(ROOT)}" for file in modules} == looked["gomod"]
