"""The documented schemas of the commands' JSON, and answers compared with them."""

import json
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator

FOLDER: Final = Path(__file__).parents[2] / "docs" / "schemas"

#: Other names of a command.
_ALIASES: Final = {"readiness": "diagnose"}


def documented(command: str) -> Any:
    """Return a command's schema."""
    return json.loads((FOLDER / f"{_ALIASES.get(command, command)}.json").read_text())


def check(command: str, answer: object) -> None:
    """Fail if an answer has another shape than the documented one, or a key more."""
    problems = [
        f"{error.json_path}: {error.message}" for error in _validator(command).iter_errors(answer)
    ]
    if problems:
        pytest.fail("\n".join(problems))


@cache
def _validator(command: str) -> Draft202012Validator:
    schema = documented(command)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(_closed(schema))


def _closed(schema: Any) -> Any:
    """Return the schema without room for other keys: a new one must be documented.

    The documented schema has that room, as programs must expect new keys.
    """
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: _closed(value) for key, value in schema.items()}
    if schema.get("type") == "object" and "properties" in schema:
        made["additionalProperties"] = False
    return made
