"""Libraries that take long to import are imported where a command uses them, not for its help."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]

#: What takes most of a second together. Typer itself imports pydantic for a command's options.
HEAVY: Final = {
    "boto3",
    "botocore",
    "kubernetes",
    "cryptography",
    "rich",
    "urllib3",
    "yaml",
    "moto",
}

#: Prints the modules that are imported at the end.
PROGRAM: Final = """
import json, sys
from cli.app import app
try:
    app()
except SystemExit:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported(*arguments: str) -> set[str]:
    """Return the top-level modules that a command line imports."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    ended = subprocess.run(  # noqa: S603  this program
        command, capture_output=True, text=True, env=environment, check=True
    )
    return {name.partition(".")[0] for name in json.loads(ended.stderr.splitlines()[-1])}


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_help_imports_no_heavy_library(option: str) -> None:
    assert set() == imported(option) & (HEAVY | {"pydantic"})


@pytest.mark.parametrize(
    "command",
    ["access", "demo", "diagnose", "doctor", "evaluate", "legacy", "request", "review"],
)
def test_a_commands_help_imports_no_heavy_library(command: str) -> None:
    assert set() == imported(command, "--help") & HEAVY


def test_evaluate_imports_no_client_of_aws_or_kubernetes(tmp_path: Path) -> None:
    """It works offline."""
    file = tmp_path / "csrs.json"
    file.write_text('{"items": []}')

    assert set() == imported("evaluate", "--csr", str(file)) & {"boto3", "kubernetes", "moto"}
