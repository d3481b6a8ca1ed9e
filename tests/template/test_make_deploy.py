"""The documented `make deploy` commands reach SAM as they are written."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.template.cloudformation import Template
from tests.template.templates import ROOT

PAGES: Final = [
    *(ROOT / name for name in ("README.md", "Makefile")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
_COMMAND: Final = re.compile(r'make deploy PARAMETERS="([^"]*)"')

#: It writes its arguments where the test finds them.
_FAKE_SAM: Final = '#!/bin/sh\nprintf "%s\\n" "$@" >"$0.$1"\n'


def documented() -> Iterator[str]:
    """Yield the parameters of each command."""
    for page in PAGES:
        yield from _COMMAND.findall(page.read_text())


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def given_to_sam(folder: Path, parameters: str) -> list[str]:
    """Run the command, with programs that install, build and deploy nothing; return SAM's words."""
    program(folder / "bin" / "sam", _FAKE_SAM)
    program(folder / "bin" / "python", "#!/bin/sh\n")
    for mark in ("installed", "runtime.installed"):
        (folder / mark).touch()
    command = ["make", "deploy", f"PARAMETERS={parameters}", f"VENV={folder}", f"SAM_VENV={folder}"]
    # The variables of a `make test` that runs this would change what this make does.
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)  # noqa: S603
    return (folder / "bin" / "sam.deploy").read_text().splitlines()


@pytest.mark.parametrize("parameters", sorted(set(documented())))
def test_a_documented_command_deploys_its_parameters(
    parameters: str, tmp_path: Path, template: Template
) -> None:
    """Each parameter exists and reaches SAM as one word, whatever characters it has."""
    words = given_to_sam(tmp_path, parameters)

    assert ["deploy", "--parameter-overrides", "Architecture=arm64"] == words[:3]
    assert shlex.split(parameters) == words[3:]
    assert {word.partition("=")[0] for word in words[3:]} <= set(template.parameters)


def test_the_schedule_can_be_given_to_make(tmp_path: Path) -> None:
    """A rate such as `rate(5 minutes)` would be an error of the shell, so it is a number."""
    parameters = "ScheduleMinutes=5 MaxCsrAgeSeconds=960"

    assert parameters.split() == given_to_sam(tmp_path, parameters)[3:]
