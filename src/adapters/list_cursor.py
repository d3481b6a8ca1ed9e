"""The place in a list where its next page begins: the continue tokens of one reading."""

import hashlib
from collections.abc import Sequence

from adapters.continue_tokens import is_before, onward, past


class ListCursor:
    """Moves through a list, page by page.

    The list is read in the order of its names, except that `leap` may go to a later place once.
    What it skipped is read after that.

    `token`: the continue token to send; empty for the first page. `cause`: why a part of the list
    can't be read; empty if there is none.
    """

    def __init__(self, places: Sequence[str]) -> None:
        """`places`: where `leap` may go, beginnings of names in their order."""
        self._places = places
        self._has_leapt = False
        self._has_restarted = False
        self._begin()

    def _begin(self) -> None:
        self.token = ""
        self.cause = ""
        self._skipped = ""  # the token of what `leap` skipped, until it is read
        self._place = ""
        self._seen = set[bytes]()

    @property
    def can_restart(self) -> bool:
        """Whether `restart` may be called: not at the first page, and once only."""
        return bool(self.token) and not self._has_restarted

    def restart(self, offered: str) -> None:
        """Read on by the token that the server offers for an expired one; without it, begin again.

        `offered`: leads to the rest of the list as it is now; empty where the server has none.
        """
        self._has_restarted = True
        if not offered:
            self._begin()
        self.token = offered

    def leap(self, turn: int) -> None:
        """Read on from a later place, the first time that this is called after the first page.

        `turn` chooses among the places that are still ahead. If none is, nothing changes.
        """
        if self._has_leapt or not self.token:
            return
        self._has_leapt = True
        place = onward(self.token, self._places, turn)
        if place:
            self._skipped, self._place, self.token = self.token, place, place

    def advance(self, token: str) -> bool:
        """Go to the next page, or to what `leap` skipped; return False when all was read.

        `token`: as it came with the page; empty on the list's last page.
        """
        if self._skipped and not token:
            self.token, self._skipped = self._skipped, ""
            return True
        if not token or self._is_back_at_place(token):
            return False
        self.token = token
        if self._is_new(token):
            return True
        skipped = self.skip_name("name: not UTF-8, so the list led back to an earlier name")
        if skipped and self._is_new(self.token):
            return True
        self.cause = "answer: the same continue token came twice"
        return False

    def skip_name(self, cause: str) -> bool:
        """Skip the names that begin like the one in the token; return False if it is ordinary."""
        later = past(self.token)
        if later:
            self.token, self.cause = later, cause
        return bool(later)

    def _is_back_at_place(self, token: str) -> bool:
        """Return whether all that `leap` skipped has been read."""
        return bool(self._place) and not self._skipped and not is_before(token, self._place)

    def _is_new(self, token: str) -> bool:
        """Return whether the server sent this token for the first time."""
        digest = hashlib.sha256(token.encode()).digest()  # a token may be as long as a name
        known = digest in self._seen
        self._seen.add(digest)
        return not known
