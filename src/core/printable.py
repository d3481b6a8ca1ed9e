"""Escape and shorten untrusted text for log lines, alarms, terminals and conditions."""

from collections.abc import Iterable
from typing import Final

#: The limit for one value in a log line or a refusal, in characters. A name may be a megabyte.
MAX_DETAIL: Final = 300

_CUT: Final = "~"


def printable(value: object, limit: int | None = MAX_DETAIL) -> str:
    r"""Return `value` as printable ASCII text, anything else as a Python escape (`\n`, `\u202e`).

    `limit`: the most characters, None for no limit; text that was cut ends in `~`. A backslash is
    doubled, so that no text looks like the escape of another.
    """
    text = value if isinstance(value, str) else repr(value)
    if limit is None:
        return _escaped(text)
    # Cut before escaping too, which never shortens: a megabyte isn't escaped in vain.
    escaped = _escaped(text[: limit + 1])
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + _CUT


def visible(text: str) -> str:
    """Return text that may be escaped in parts, safe for a terminal: a backslash stays single."""
    return _escaped(text).replace("\\\\", "\\")


def quoted(value: object, limit: int | None = MAX_DETAIL) -> str:
    """Return the printable value in quotes, for a message that says what was got."""
    return f"'{printable(value, limit)}'"


def listed(values: Iterable[object]) -> str:
    """Return the values for a sentence, each in quotes; "none" if there are none."""
    return ", ".join(repr(str(value)) for value in values) or "none"


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")
