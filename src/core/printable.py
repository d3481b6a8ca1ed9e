"""Text that others chose, made fit for a log line, an alarm, a terminal or a condition."""

from typing import Final

#: The limit of what stands in a log line or a refusal, in characters. A name may be a megabyte.
MAX_DETAIL: Final = 300

_CUT: Final = "~"


def printable(value: object, limit: int | None = MAX_DETAIL) -> str:
    r"""Return `value` as printable ASCII text, anything else as a Python escape (`\n`, `\u202e`).

    `limit`: the most characters, None for any number; text that was cut ends in `~`. A backslash
    is doubled, so that no text looks like the escape of another.
    """
    text = value if isinstance(value, str) else repr(value)
    if limit is None:
        return _escaped(text)
    # Cut before as well: escaping never shortens.
    escaped = _escaped(text[: limit + 1])
    return escaped if len(escaped) <= limit else escaped[: limit - 1] + _CUT


def _escaped(text: str) -> str:
    return text.encode("unicode_escape").decode("ascii")
