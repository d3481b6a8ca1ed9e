"""The documented `make deploy` commands reach SAM as they are written."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from rollout.__main__ import parser as main_parser
from tests.template.cloudformation import Template
from tests.template.templates import ROOT

PAGES: Final = [
    *(ROOT / name for name in ("README.md", "Makefile")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
_COMMAND: Final = re.compile(r'make deploy PARAMETERS="([^"]*)"')

#: It writes its arguments where the test finds them.
_FAKE_PROGRAM: Final = '#!/bin/bash\nprintf "%q " "$@" >>"$0.words"; echo >>"$0.words"\n'


def documented() -> Iterator[str]:
    """Yield the parameters of each command."""
    for page in PAGES:
        yield from _COMMAND.findall(page.read_text())


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def deploy(folder: Path, *variables: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command, with programs that install, build and deploy nothing."""
    program(folder / "bin" / "sam", _FAKE_PROGRAM)
    program(folder / "bin" / "python", _FAKE_PROGRAM)
    for mark in ("installed", "runtime.installed", "demo.installed"):
        (folder / mark).touch()
    # The variables of a `make test` that runs this would change what this make does.
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(  # noqa: S603
        ["make", "deploy", *variables, f"VENV={folder}", f"SAM_VENV={folder}"],  # noqa: S607
        cwd=ROOT,
        env={**inherited, **environment},
        check=False,
        capture_output=True,
        text=True,
    )


def words_of(folder: Path, program: str) -> list[str]:
    """Return the words of each run of a program, a line each."""
    written = folder / "bin" / f"{program}.words"
    return written.read_text().splitlines() if written.exists() else []


def given_to_sam(folder: Path, *variables: str, **environment: str) -> list[str]:
    """Return the words of `sam deploy`."""
    ran = deploy(folder, *variables, **environment)
    assert ran.returncode == 0, ran.stderr
    [line] = [line for line in words_of(folder, "sam") if line.startswith("deploy ")]
    return shlex.split(line)


@pytest.mark.parametrize("parameters", sorted(set(documented())))
def test_a_documented_command_deploys_its_parameters(
    parameters: str, tmp_path: Path, template: Template
) -> None:
    """Each parameter exists and reaches SAM as one word, whatever characters it has."""
    words = given_to_sam(tmp_path, f"PARAMETERS={parameters}")
    overridden = words[: words.index("--config-env")]

    assert ["deploy", "--parameter-overrides", "Architecture=arm64"] == overridden[:3]
    assert shlex.split(parameters) == overridden[3:]
    assert {word.partition("=")[0] for word in overridden[3:]} <= set(template.parameters)


def test_the_schedule_can_be_given_to_make(tmp_path: Path) -> None:
    """A rate such as `rate(5 minutes)` would be an error of the shell, so it is a number."""
    parameters = "ScheduleMinutes=5 MaxCsrAgeSeconds=960"
    words = given_to_sam(tmp_path, f"PARAMETERS={parameters}")

    assert parameters.split() == words[3 : words.index("--config-env")]


# --- flags ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "flags"),
    [
        ("ENVIRONMENT=prod", ["--config-env", "prod"]),
        ("STACK=two", ["--stack-name", "two"]),
        ("REGION=eu-west-1", ["--region", "eu-west-1"]),
        ("BUCKET=ours", ["--s3-bucket", "ours", "--no-resolve-s3"]),
        ("TAGS=team=a owner=b", ["--tags", "team=a", "owner=b"]),
        ("CONFIRM=no", ["--no-confirm-changeset"]),
        ("ROLLBACK=", ["--config-env", "default", "--resolve-s3"]),
    ],
)
def test_each_variable_is_a_flag_of_sam(variable: str, flags: list[str], tmp_path: Path) -> None:
    """What isn't given is as samconfig.toml says."""
    words = given_to_sam(tmp_path, variable)

    assert " ".join(flags) in " ".join(words)


@pytest.mark.parametrize("environment", [{}, {"CI": "true"}])
def test_ci_is_not_asked(environment: dict[str, str], tmp_path: Path) -> None:
    """A prompt would hang a job, or end it; a person is asked before anything changes."""
    words = given_to_sam(tmp_path, **environment)

    assert bool(environment) is ("--no-confirm-changeset" in words)


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        ("ARCHITECTURE=x86_64", "functions for x86_64"),
        ("BUCKET=ours", "the bucket ours"),
        ("BUCKET=", "the stack aws-sam-cli-managed-default"),
    ],
)
def test_it_says_which_processor_and_which_bucket_it_uses(
    variable: str, said: str, tmp_path: Path
) -> None:
    """SAM makes a bucket without asking, and `sam delete` leaves it."""
    assert said in " ".join(deploy(tmp_path, variable).stdout.split())


@pytest.mark.parametrize("variable", ["PARAMETERS=Mode=shadow Architecture=x86_64", "ROLLBACK=yes"])
def test_what_would_deploy_something_else_is_refused(variable: str, tmp_path: Path) -> None:
    """Code that was built for another processor can't start."""
    ran = deploy(tmp_path, variable)

    assert 0 != ran.returncode
    assert "deploy: " in ran.stderr
    assert [] == words_of(tmp_path, "sam")


def test_with_rollback_the_update_is_made_by_a_change_set(tmp_path: Path) -> None:
    """SAM only packages the build; a module of ours gets the same parameters."""
    ran = deploy(
        tmp_path, "ROLLBACK=1", "PARAMETERS=Mode=enforce", "STACK=two", "REGION=eu-west-1", CI="1"
    )
    [packaged] = [line for line in words_of(tmp_path, "sam") if line.startswith("package ")]
    [updated] = [line for line in words_of(tmp_path, "python") if line.startswith("-m rollout ")]
    options = main_parser().parse_args(shlex.split(updated)[2:])

    assert 0 == ran.returncode
    assert "--resolve-s3 --output-template-file .aws-sam/packaged.yaml" in packaged
    assert ("1", "two", "eu-west-1", False) == (
        options.rollback,
        options.stack,
        options.region,
        options.confirm,
    )
    assert ["Architecture=arm64", "Mode=enforce"] == options.parameters
