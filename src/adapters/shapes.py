"""What all answers of AWS have in common: fields that may be missing, and errors in words."""

from typing import Annotated, Final

from pydantic import BeforeValidator, StrictStr, ValidationError

from core.printable import printable


def or_(default: object) -> BeforeValidator:
    """Read null as this default. AWS leaves a field out; the CLI or a mock may write null."""
    return BeforeValidator(lambda value: default if value is None else value)


def _text_only(value: object) -> object:
    if isinstance(value, str):
        return value or None
    # Pydantic would read a number as an address or a time; AWS writes them as text.
    if isinstance(value, int | float | bytes):
        raise ValueError("expected text")  # noqa: TRY004  pydantic reports ValueErrors
    return value


#: Text; empty if missing.
Text = Annotated[StrictStr, or_("")]

#: Before an address, network or time: requires text, and reads empty text as none.
AS_TEXT: Final = BeforeValidator(_text_only)


def explain(error: ValidationError, *, with_value: bool = True) -> str:
    """Return the first problem: the field, what is wrong, and its value, bounded and printable.

    `with_value`: False for objects whose values must not be logged.
    """
    problem = error.errors(include_url=False, include_context=False)[0]
    # The name of an unknown field is chosen by the sender.
    field = printable(".".join(str(part) for part in problem["loc"]), 80)
    if problem["type"] == "missing":  # its input is the whole object
        return f"no field {field}"
    what = printable(problem["msg"].removeprefix("Value error, "), 200)
    what = "expected an object" if problem["type"] == "model_type" else what
    where = f"{field}: " if field else ""  # empty: the whole object
    return f"{where}{what}" + (f" (got {printable(problem['input'], 80)})" if with_value else "")
