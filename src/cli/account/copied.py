"""Commands to copy: they repeat the options without which they would ask another account."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: How commands of kubectl begin. Without a context they would reach whatever cluster is current.
#: CONTEXT is a placeholder, as names of contexts are the user's own: a command that is copied
#: without replacing it fails, and changes nothing.
KUBECTL: Final = "kubectl --context CONTEXT"

# In characters. From: Kubernetes, "Object Names and IDs".
_LONGEST: Final = 253


@dataclass(frozen=True, slots=True)
class GivenOptions:
    """What a command was given to reach its account, and to judge.

    Each property returns options with a blank before each; empty if there are none.
    """

    profile: str | None = None
    proxy: bool = False
    settings: Sequence[str] = ()

    @property
    def aws(self) -> str:
        """Return the options for the AWS CLI, which uses the environment's proxy by itself."""
        return f" {_option('--profile', self.profile)}" if self.profile else ""

    @property
    def account(self) -> str:
        """Return the options for commands that ask AWS."""
        return f"{self.aws}{' --proxy' if self.proxy else ''}"

    @property
    def judging(self) -> str:
        """Return the options for commands that judge, with other results by other settings."""
        return self.account + "".join(f" {_option('--set', one)}" for one in self.settings)


def word(text: str) -> str:
    """Return what a requester may have chosen as one word of a shell command: see `whole_word`.

    Text that is too long for a name is cut and ends in `~`.
    """
    return whole_word(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}~")


def whole_word(text: str) -> str:
    r"""Return text of any length as one word of a shell command, in printable ASCII.

    Control characters, backslashes and non-ASCII characters are escaped as bash and zsh read
    them (`$'\n'`).
    """
    # In fish a backslash escapes the quote after it, and what follows would be a command.
    if not (text.isascii() and text.isprintable()) or "\\" in text:
        return f"$'{''.join(map(_escaped, text))}'"
    if text.startswith("=") and "'" not in text:  # in zsh `=ls` is the path of ls
        return f"'{text}'"
    return shlex.quote(text)


def _option(name: str, value: str) -> str:
    shown = whole_word(value)
    return f"{name}={shown}" if value.startswith("-") else f"{name} {shown}"


def _escaped(character: str) -> str:
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    if code > 0x7F:
        return f"\\u{code:04x}"
    # The quotes are escaped too, so that a word has no quote within.
    is_plain = character.isprintable() and character not in "'\"\\"
    return character if is_plain else f"\\x{code:02x}"
