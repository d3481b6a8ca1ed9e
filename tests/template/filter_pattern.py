"""Filter patterns of CloudWatch Logs for JSON lines: the part that the runbook uses.

From: CloudWatch Logs User Guide, "Filter pattern syntax", JSON. `&&` and `||` aren't mixed here.
"""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

_CLAUSE: Final = re.compile(r'\$\.([\w.]+) (?:= "([^"]*)"|(>) (\d+)|(IS TRUE))')


def clauses(pattern: str) -> list[str]:
    """Return the conditions of `{ $.a = "b" && $.c > 1 }`, one by one."""
    return re.split(r" (?:&&|\|\|) ", pattern.removeprefix("{ ").removesuffix(" }"))


def matches(clause: str, line: Mapping[str, Any]) -> bool:
    """Return whether the line satisfies this condition."""
    found = _CLAUSE.fullmatch(clause)
    assert found, f"unsupported condition: {clause}"
    name, text, greater, number, true = found.groups()
    value: Any = line
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if true:
        return value is True
    if greater:
        return isinstance(value, int | float) and value > int(number)
    return isinstance(value, str) and fnmatchcase(value, text)


def selects(pattern: str, line: Mapping[str, Any]) -> bool:
    """Return whether the line satisfies all conditions of the pattern, or any if it has `||`."""
    combined = any if "||" in pattern else all
    return combined(matches(clause, line) for clause in clauses(pattern))
