r"""`difference` refuses what Java and Python read differently; they read alike what it accepts."""

import re
import warnings
from typing import Final, Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.template.common_regex import difference
from tests.template.java import Java, PatternRefusedError

#: Whether the pattern matches all of the text, or "refused" if it isn't a valid pattern.
Answer = bool | Literal["refused"]


def in_java(java: Java, pattern: str, text: str) -> Answer:
    try:
        return java.matches(pattern, text)
    except PatternRefusedError:
        return "refused"


def in_python(pattern: str, text: str) -> Answer:
    with warnings.catch_warnings():
        # Python warns that it may read some of these as Java does in the future.
        warnings.simplefilter("ignore", FutureWarning)
        try:
            return bool(re.fullmatch(pattern, text))
        except re.error:
            return "refused"


#: Pattern, text, Java's answer, Python's.
DIFFERENT: Final[list[tuple[str, str, Answer, Answer]]] = [
    # Classes: Java has unions and intersections.
    ("[][a]", "[", "refused", True),
    ("[[a]", "[", "refused", True),
    ("[a[b]]", "b", True, False),
    ("[a&&b]", "a", False, True),
    ("[[:alpha:]]", "a", True, False),
    (r"\p{Alpha}", "a", True, "refused"),
    # Classes with a name: Java's are ASCII, Python's Unicode.
    (r"\d", "٣", False, True),
    (r"\w", "é", False, True),
    (r"\W", "é", True, False),
    (r"\s", "\u00a0", False, True),
    (r"\bé", "é", False, True),
    (r"\v", "\n", True, False),
    (r"\h", " ", True, "refused"),
    (r"\R", "\r\n", True, "refused"),
    (r"\X", "a", True, "refused"),
    # Ends of lines: Java has more of them.
    (".", "\r", False, True),
    (".", "\u2028", False, True),
    ("a$\r", "a\r", True, False),
    ("a\\Z\n", "a\n", True, False),
    # Groups.
    ("(?P<name>a)", "a", "refused", True),
    ("(?<name>a)", "a", True, "refused"),
    ("(?#comment)a", "a", "refused", True),
    ("(x)?(?(1)a|b)", "b", "refused", True),
    ("a(?<=a{1,2})b", "ab", True, "refused"),
    (r"(a)\11", "aa1", True, "refused"),
    # Flags.
    ("a(?i)b", "aB", True, "refused"),
    ("(?i)É", "é", False, True),
    ("(?i:k)", "\N{KELVIN SIGN}", False, True),
    ("(?x)[ a]", " ", False, True),
    (r"(?a)\w", "a", "refused", True),
    ("(?d).", "a", True, "refused"),
    # Quantifiers.
    ("a{,2}", "aa", "refused", True),
    ("a{", "a{", "refused", True),
    ("a*{2}", "aa", True, "refused"),
    ("^*a", "a", True, "refused"),
    # Escapes.
    (r"\0", "\0", "refused", True),
    (r"\e", "\x1b", True, "refused"),
    (r"\cA", "\x01", True, "refused"),
    (r"\x{61}", "a", True, "refused"),
    (r"\Qa.b\E", "a.b", True, "refused"),
    (r"\Ga", "a", True, "refused"),
]


@pytest.mark.parametrize(("pattern", "text", "java_says", "python_says"), DIFFERENT)
def test_what_is_read_differently_is_refused(
    pattern: str, text: str, java_says: Answer, python_says: Answer, java: Java
) -> None:
    """Java and Python answer as listed, which isn't the same, and the check names a place."""
    assert java_says != python_says
    assert java_says == in_java(java, pattern, text)
    assert python_says == in_python(pattern, text)
    assert difference(pattern)


@pytest.mark.parametrize(
    ("pattern", "place"),
    [
        ("ab[c[d]]e", "at 2: '[c[d]]e'"),
        ("(a", "at the end: a group is open"),
        ("a)", "at 1: ')'"),
        ("a++", "at 2: '+'"),
        ("a*?", "at 2: '?'"),
        ("(?>a)", "at 0: '(?>a)'"),
        ("(?=a)", "at 0: '(?=a)'"),
        ("(^a)", "at 1: '^a)'"),
        ("a^", "at 1: '^'"),
        ("(a$)", "at 2: '$)'"),
        ("a$b", "at 1: '$b'"),
        ("[]", "at 0: '[]'"),
        ("[a-b-c]", "at 0: '[a-b-c]'"),
        ("a]", "at 1: ']'"),
        ("a}", "at 1: '}'"),
        ("é", "at 0: 'é'"),
        ("[é]", "at 0: '[é]'"),
        ("a\n", r"at 1: '\n'"),
        ("a{12345}", "at 1: '{12345}'"),
        ("*a", "at 0: '*a'"),
        ("a\\", r"at 1: '\\'"),
    ],
)
def test_a_part_that_is_not_listed_is_refused(pattern: str, place: str) -> None:
    """The part's place is reported, whether or not Java and Python read it alike."""
    assert place == difference(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "^$|^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$",
        r"^[0-9A-Za-z*?!_\[\]-]{1,100}$",
        r"[^=]{1,}(?:=[^\r\n\t]{0,256})?",
        r"\.?[-a]+[^-^]*\\\$",
        "(a|)()",
        "[!-~ ]",
    ],
)
def test_plain_patterns_are_accepted(pattern: str) -> None:
    """Every part that is listed is accepted."""
    assert "" == difference(pattern)


PARTS: Final = st.sampled_from(
    [
        *("a", "b", "-", ",", "&", "~", r"\.", r"\[", r"\]", r"\-", r"\n"),
        *("[", "[^", "]", "[a-b]", "[^a]", "(", "(?:", ")", "|", "^", "$"),
        *("*", "+", "?", "{2}", "{1,}", "{0,2}", "(a|b)", "(?:|[^b]+)"),
    ]
)
TEXTS: Final = st.text(alphabet="ab-^.,&~[]\n\r\u2028é", max_size=5)


def longest_accepted(parts: list[str]) -> str:
    """Return the longest accepted pattern that begins the joined parts."""
    joined = ("".join(parts[:count]) for count in range(len(parts), -1, -1))
    return next(pattern for pattern in joined if not difference(pattern))


@settings(max_examples=300, deadline=None)
@given(pattern=st.lists(PARTS, max_size=12).map(longest_accepted), text=TEXTS)
@example(pattern="^$|^(?:[^a]|b)+$", text="b\r")
def test_java_and_python_read_accepted_patterns_alike(pattern: str, text: str, java: Java) -> None:
    """Java and Python give the same answer for every pattern that `difference` accepts."""
    assert in_java(java, pattern, text) == in_python(pattern, text)
