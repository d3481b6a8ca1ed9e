r"""The part of regular expressions that Java and Python read alike.

CloudFormation reads a template's patterns as Java does; cfn-lint, SAM and the tests of the settings
read them as Python does. `difference` accepts a pattern only if all its parts mean the same in
both: printable ASCII, `\` before punctuation, `\n`, `\r`, `\t`, plain classes, groups, `|`, one
greedy quantifier after each part, and `^` and `$` around an alternative of the whole. It refuses
everything else, so a construct that is not listed here can't slip through.
"""

import re
from typing import Final

_ESCAPED: Final = r"\\[!-/:-@\[-`{-~nrt]"
_MEMBER: Final = rf"(?:{_ESCAPED}|[^\[\]\\\x00-\x1f\x7f-\U0010ffff-])"
_PARTS: Final = re.compile(
    rf"""
    (?P<atom> {_ESCAPED} | [^\\\[\](){{}}|^$.*+?\x00-\x1f\x7f-\U0010ffff]
      | \[(?!\^?\]) \^?-?(?:{_MEMBER}(?:-{_MEMBER})?)*-? \] )
    | (?P<repeat> [*+?] | \{{[0-9]{{1,4}}(?:,[0-9]{{0,4}})?\}} )
    | (?P<open> \((?:\?:)?(?!\?) )
    | (?P<close> \) )
    | (?P<or> \| )
    | (?P<start> \^ )
    | (?P<end> \$(?=\||\Z) )
    """,
    re.VERBOSE,
)
#: Set operations: Java has `&&`, and Python warns that it may have all four.
_SET_OPERATION: Final = re.compile(r"&&|--|~~|\|\|")


def difference(pattern: str) -> str:
    """Return the place that Java and Python may read differently, or "" where there is none."""
    place, depth, before = 0, 0, "or"
    while place < len(pattern):
        part = _PARTS.match(pattern, place)
        kind = part.lastgroup if part else None
        fits = part and kind and _fits(kind, part[0], before, depth)
        if not (part and kind and fits):
            return f"at {place}: {pattern[place : place + 10]!r}"
        depth += {"open": 1, "close": -1}.get(kind, 0)
        place, before = part.end(), kind
    return "at the end: a group is open" if depth else ""


def _fits(kind: str, text: str, before: str, depth: int) -> bool:
    """Return whether the part may follow the one before it, in this many open groups."""
    if kind == "atom":
        return not (text[0] == "[" and _SET_OPERATION.search(text))
    if kind == "repeat":
        return before in {"atom", "close"}
    if kind in {"start", "end"}:
        return depth == 0 and (kind == "end" or before == "or")
    if kind == "close":
        return depth > 0
    return True
