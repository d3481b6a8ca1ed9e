"""The commands in the documents exist: AWS and our command line have them and their options."""

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.validate import ParamValidator
from typer.main import get_command

from cli.app import app

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

#: Commands of the AWS CLI that aren't operations of a service, with the options that we use.
#: From: AWS CLI Command Reference, cloudformation deploy; s3 cp; logs tail; eks
#: update-kubeconfig; sns subscribe.
CUSTOM: Final = {
    ("cloudformation", "deploy"): {"template-file", "stack-name", "parameter-overrides"},
    ("s3", "cp"): {"recursive"},
    ("eks", "update-kubeconfig"): {"name"},
    ("logs", "tail"): {"since", "filter-pattern", "follow", "format"},
    # The operation's Endpoint has another name here: every command has an option --endpoint-url.
    ("sns", "subscribe"): {"topic-arn", "protocol", "notification-endpoint"},
}
#: Options of every command. From: AWS CLI Command Reference, Global options.
GLOBAL: Final = {"region", "profile", "query", "output", "max-items"}

_BLOCK: Final = re.compile(r"^ *```\w*\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_ASSIGNED: Final = re.compile(r"^\w+=\$\((.*)\)$")  # NAME=$(COMMAND)
_INLINE: Final = re.compile(r"`((?:aws|csr-approver) [^`]+)`")
_SESSION: Final = botocore.session.Session()
_COMMANDS: Final[Any] = get_command(app)


def commands(program: str = "aws") -> list[str]:
    """Return every command of this program that a document shows."""
    found: list[str] = []
    for page in PAGES:
        text = page.read_text()
        found += [code for code in _INLINE.findall(text) if code.startswith(f"{program} ")]
        for block in _BLOCK.findall(text):
            joined = re.sub(r"\\\n\s*", " ", block)
            lines = (line.strip().removeprefix("$ ") for line in joined.splitlines())
            lines = (_ASSIGNED.sub(r"\1", line) for line in lines)
            found += [line for line in lines if line.startswith(f"{program} ")]
    return sorted(set(found))


@pytest.mark.parametrize("command", commands())
def test_aws_has_the_command_and_its_options(command: str) -> None:
    """All required options are given, too, and values in JSON have the form that AWS expects."""
    words = itertools.takewhile(lambda word: word not in {">", "|"}, shlex.split(command))
    _, service, operation, *rest = words
    options = {word.removeprefix("--") for word in rest if word.startswith("--")} - GLOBAL
    if (service, operation) in CUSTOM:
        assert set() == options - CUSTOM[service, operation]
        return
    try:
        model = _SESSION.get_service_model("s3" if service == "s3api" else service)
    except UnknownServiceError:
        pytest.fail(f"AWS has no service {service}")
    by_name = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in by_name
    shape = model.operation_model(by_name[operation]).input_shape
    if shape is None:  # an operation without parameters
        assert set() == options
        return
    options = {_positive(option, shape) for option in options}
    known = {xform_name(member, "-"): member for member in shape.members}
    assert set() == options - known.keys()
    for option, value in itertools.pairwise(rest):
        member = shape.members.get(known.get(option.removeprefix("--"), ""))
        if member is not None and member.type_name == "structure" and value.startswith("{"):
            assert "" == ParamValidator().validate(json.loads(value), member).generate_report()
    assert {xform_name(member, "-") for member in shape.required_members} <= options


def _positive(option: str, shape: Any) -> str:
    """Return a boolean option without its `no-`. From: AWS CLI User Guide, boolean parameters."""
    plain = option.removeprefix("no-")
    names = {xform_name(name, "-"): member for name, member in shape.members.items()}
    return plain if plain in names and names[plain].type_name == "boolean" else option


@pytest.mark.parametrize("command", commands("csr-approver"))
def test_our_command_and_its_options_exist(command: str) -> None:
    """Other tests compare the output that is shown."""
    words = itertools.takewhile(
        lambda word: word not in {">", "|"}, shlex.split(command, comments=True)
    )
    _, name, *rest = words
    options = {word.partition("=")[0] for word in rest if word.startswith("-") and len(word) > 1}
    if name.startswith("-"):
        options, known = {name}, set(_options(_COMMANDS))
    else:
        known = set(_options(_COMMANDS.commands[name]))

    assert set() == options - known - {"--help"}


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts


@pytest.mark.parametrize("program", ["aws", "csr-approver"])
def test_commands_are_found(program: str) -> None:
    """If none were found, nothing would be checked."""
    assert len(commands(program)) > 10
