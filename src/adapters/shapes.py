"""What AWS's answers have in common when they are read: what may be missing, and how it is told."""

from typing import Annotated, Final

from pydantic import BeforeValidator, StrictStr, ValidationError

from core.printable import printable


def or_(default: object) -> BeforeValidator:
    """Read null as this. AWS leaves a field out, the CLI or a mock may write null."""
    return BeforeValidator(lambda value: default if value is None else value)


def _text_only(value: object) -> object:
    # Pydantic reads numbers as addresses and times, and AWS never writes them so.
    if isinstance(value, int | float | bytes):
        raise ValueError("expected text")  # noqa: TRY004  pydantic reports ValueErrors
    return None if value == "" else value


#: Text, empty where there is none.
Text = Annotated[StrictStr, or_("")]

#: Before an address, network or time: it must be written as text, and empty text is none.
AS_TEXT: Final = BeforeValidator(_text_only)


def explain(error: ValidationError) -> str:
    """The first problem: field, what is wrong with it, and its value, bounded and printable."""
    problem = error.errors(include_url=False, include_context=False)[0]
    # Of a field that isn't known the name is the sender's own.
    where = printable(".".join(str(part) for part in problem["loc"]), 80) or "the whole"
    what = "expected an object" if problem["type"] == "model_type" else problem["msg"]
    return f"{where}: {what} (got {printable(problem['input'], 80)})"
