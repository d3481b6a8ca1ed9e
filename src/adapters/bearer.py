"""The bearer token of one run, made when it is first needed, and again after a 401."""

import re
from collections.abc import Callable
from threading import Lock
from typing import Final

from adapters.aws_clients import AWS_FAULTS, error_code
from core.printable import printable

TokenSource = Callable[[], str]

_MAX_WORDS: Final = 200

# From: RFC 6750, section 2.1; and nothing that could end a header.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class NoToken(Exception):
    """No token could be made. The message says why, and is safe to log."""


class Bearer:
    """One token for all calls of a run, and one new token if the API server refuses it."""

    def __init__(self, source: TokenSource) -> None:
        """`source`: makes a new token at each call."""
        self._source = source
        self._token = ""
        self._renewed = False
        self._lock = Lock()

    def token(self) -> str:
        """Return the token; make it first if there is none yet.

        Raises:
            NoToken: it can't be made.
        """
        with self._lock:
            if not self._token:
                self._token = self._made()
            return self._token

    def instead_of(self, refused: str) -> str | None:
        """Return another token than the refused one; None if the run has used its one renewal.

        A token made within the same second is identical. It is tried nevertheless: the
        authenticator refuses every token while STS doesn't answer it.

        Raises:
            NoToken: it can't be made.
        """
        with self._lock:
            if self._token == refused and not self._renewed:
                self._renewed = True
                self._token = self._made()
                return self._token
            return None if self._token == refused else self._token

    def _made(self) -> str:
        try:
            token = self._source()
        except AWS_FAULTS as error:
            raise NoToken(f"AWS credentials: {error_code(error)}") from error
        except ValueError as error:
            raise NoToken(printable(str(error), _MAX_WORDS)) from error
        if not _TOKEN.fullmatch(token):
            raise NoToken("the token has characters that a bearer token can't have")
        return token
