"""The option `--set NAME=VALUE`, with the names of the functions' settings."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli.exits import USAGE, stop
from core.errors import BadSettings
from core.printable import printable

if TYPE_CHECKING:  # pydantic takes time to import
    from core.settings import JudgingSettings

_Kind = TypeVar("_Kind", bound="JudgingSettings")

Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="A setting, e.g. ALLOW_SECONDARY_ENIS=true.", metavar="NAME=VALUE"),
]


def settings_of(given: Sequence[str] | None, kind: type[_Kind], **defaults: str) -> _Kind:
    """Return the settings: the defaults, overridden by what was given.

    `given`: names in upper or lower case. `kind`: the class of the settings. `defaults`: a
    command's own, by setting name, if they differ from the functions'.

    Raises:
        typer.Exit: a name is unknown, or a value isn't allowed (2).
    """
    allowed = {name.upper() for name in kind.model_fields}
    environ = dict(defaults)
    for pair in given or ():
        name, equals, value = pair.partition("=")
        if not equals or name.upper() not in allowed:
            known = ", ".join(sorted(allowed))
            stop(
                USAGE,
                f"--set {printable(pair)}: expected NAME=VALUE with NAME one of {known}",
            )
        environ[name.upper()] = value
    try:
        return kind.from_env(environ)
    except BadSettings as error:
        stop(USAGE, f"--set: {error}")
