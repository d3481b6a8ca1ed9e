"""How text that others chose is shown: printable ASCII, and of bounded length."""

import pytest

from core.printable import MAX_DETAIL, listed, printable, quoted, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("prod ~", "prod ~"),
        ("\x1b[31m", "\\x1b[31m"),
        ("a\x7fb\x1f", "a\\x7fb\\x1f"),
        ("\u202e\xe4", "\\u202e\\xe4"),
        ("a\\nb", "a\\nb"),
    ],
)
def test_visible_text_has_all_but_printable_ascii_escaped(text: str, shown: str) -> None:
    """A backslash stays single: the text may be escaped in parts already."""
    assert shown == visible(text)


def test_a_backslash_is_doubled_in_printable_text() -> None:
    """No text looks like the escape of another."""
    assert ("a\\\\nb", "a\\nb") == (printable("a\\nb"), printable("a\nb"))


def test_text_up_to_the_limit_is_shown_whole_and_longer_text_ends_in_a_tilde() -> None:
    """A name may have a megabyte. Without a limit all of it is shown."""
    assert ("abc", "ab~") == (printable("abc", 3), printable("abcd", 3))
    assert ("\\n", "\\~") == (printable("\n", 2), printable("\n\n", 2))
    assert 2 * MAX_DETAIL == len(printable("a" * 2 * MAX_DETAIL, None))
    assert MAX_DETAIL == len(printable("a" * 2 * MAX_DETAIL))


def test_a_quoted_value_is_printable_and_cut_at_its_limit() -> None:
    """The quotes don't count."""
    assert "'\\x1b[31m'" == quoted("\x1b[31m")
    assert "'ab~'" == quoted("abcd", 3)
    assert MAX_DETAIL + 2 == len(quoted("a" * 2 * MAX_DETAIL))


def test_listed_values_are_quoted_and_no_value_is_none() -> None:
    """Values of any kind, such as addresses."""
    assert ("'a', '5'", "none") == (listed(["a", 5]), listed([]))
