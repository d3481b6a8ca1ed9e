"""The option `--output`, and JSON for programs."""

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Any, Final

import typer

from core.version import VERSION

#: The version of the JSON objects that the commands print. It rises when a key is removed or gets
#: another meaning, and not when a key is added. From: docs/schemas.
SCHEMA_VERSION: Final = 1


class Output(Enum):
    """The formats of an answer."""

    TABLE = "table"
    JSON = "json"


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="How to print the answer: table or json.")
]


def print_json(answer: Mapping[str, Any]) -> None:
    """Print an answer for programs, in ASCII, with the versions of its schema and of the code."""
    print_value({"schema_version": SCHEMA_VERSION, "version": VERSION, **answer})


def print_value(value: object) -> None:
    """Print a value for programs, in ASCII."""
    import json

    typer.echo(json.dumps(value, indent=2))
