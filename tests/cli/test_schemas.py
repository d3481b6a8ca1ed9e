"""Each command's JSON has a documented schema; every answer in these tests is compared with it."""

import pytest
from jsonschema import Draft202012Validator
from typer.main import get_command

from cli.app import app
from cli.output import SCHEMA_VERSION
from tests.cli.schemas import FOLDER, check, documented

COMMANDS = sorted(
    name for name, one in vars(get_command(app))["commands"].items() if not one.hidden
)


def test_every_command_has_a_schema() -> None:
    assert COMMANDS == sorted(path.stem for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_schema_is_valid_and_has_the_version_of_the_code(command: str) -> None:
    """`evaluate` prints an array, which has no place for it."""
    schema = documented(command)
    Draft202012Validator.check_schema(schema)

    if command == "evaluate":
        assert ("array", True) == (schema["type"], "Version 1." in schema["description"])
    else:
        for shape in schema.get("anyOf", [schema]):
            assert SCHEMA_VERSION == shape["properties"]["schema_version"]["const"]
            assert {"schema_version", "version"} <= set(shape["required"])


@pytest.mark.parametrize(
    "answer",
    [{}, {"first_broken": None, "account": [], "clusters": []}],
    ids=["no keys", "no version"],
)
def test_an_answer_without_a_documented_key_is_noticed(answer: object) -> None:
    with pytest.raises(pytest.fail.Exception, match="is a required property"):
        check("doctor", answer)


def test_an_answer_with_an_undocumented_key_is_noticed() -> None:
    link = {"link": "ec2", "status": "ok", "detail": "", "fix": None, "more": 1}
    answer = {
        "schema_version": 1,
        "version": "1",
        "first_broken": None,
        "account": [link],
        "clusters": [],
    }

    with pytest.raises(pytest.fail.Exception, match="'more' was unexpected"):
        check("doctor", answer)
