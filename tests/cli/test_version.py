"""The version has one place."""

import tomllib
from typing import Any, Final

from typer.testing import CliRunner

from cli.app import app
from core.version import VERSION
from tests.template.cloudformation import Template
from tests.template.templates import ROOT

PROJECT: Final[Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_command_line_prints_its_version() -> None:
    """No command has to be named."""
    shown = CliRunner().invoke(app, ["--version"])

    assert (0, f"csr-approver {VERSION}\n") == (shown.exit_code, shown.output)


def test_the_package_takes_its_version_from_the_code() -> None:
    """Setuptools reads the attribute, so the two can't differ."""
    assert "version" not in PROJECT["project"]
    assert ["version"] == PROJECT["project"]["dynamic"]
    assert {"attr": "core.version.VERSION"} == PROJECT["tool"]["setuptools"]["dynamic"]["version"]


def test_the_stack_s_output_is_the_version() -> None:
    """The template can't read the code: a new version is written in both."""
    assert VERSION == Template.read(ROOT / "template.yaml").source["Outputs"]["Version"]["Value"]
