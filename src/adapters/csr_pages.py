"""One signer's CSRs, page by page: to the end of the list, or as far as time and size allow.

From: Kubernetes API Concepts, "Retrieving large results sets in chunks" and "410 Gone responses".
"""

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlencode

from adapters.api_connection import ApiConnection
from adapters.csr_messages import read_page
from adapters.csr_objects import read_csr
from adapters.csr_shares import CsrShares
from adapters.kubernetes_protobuf import MEDIA_TYPE, read_status
from adapters.list_cursor import ListCursor
from adapters.protobuf import Malformed
from adapters.retry import Answer, NoAnswer, Outcome
from core.errors import ClusterUnavailable, NotOnboarded
from core.model import KUBELET_SERVING, Listing, UnreadableCsr

CSRS: Final = "/apis/certificates.k8s.io/v1/certificatesigningrequests"

#: The most CSRs that are requested in one page.
PAGE: Final = 500

# The letters of generated names, in order. A kubelet's request is named `csr-` and five of them.
# From: Kubernetes apimachinery pkg/util/rand; client-go util/certificate/csr.
_LETTERS: Final = "2456789bcdfghjklmnpqrstvwxz"
_PLACES: Final = {KUBELET_SERVING: tuple(f"csr-{letter}" for letter in _LETTERS)}
_OTHER_PLACES: Final = tuple("abcdefghijklmnopqrstuvwxyz")

# For so long `_leap_if_late` goes to the same place; then it goes to the next one.
_TURN_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a list is accepted and kept, in bytes.

    `page`: a longer page is requested again with fewer CSRs on it. `share`: the most that is kept
    of one requester's CSRs, the newest ones. `total`: the most that is kept of all. Requesters fill
    labels, annotations and requests as they like, and must not fill the memory. A kubelet's CSR
    takes 2 to 3 KiB.
    """

    page: int = 16 * 1024 * 1024
    share: int = 4 * 1024 * 1024
    total: int = 64 * 1024 * 1024


class CsrPages:
    """One reading of the list."""

    def __init__(
        self,
        connection: ApiConnection,
        signer: str,
        *,
        stop_at: float,
        limits: Limits,
    ) -> None:
        """`stop_at`: seconds of the run that must be left when the reading ends."""
        self._connection = connection
        self._signer = signer
        self._stop_at = stop_at
        self._limits = limits
        self._limit = PAGE
        self._half = (connection.clock.remaining() + stop_at) / 2
        self._cursor = ListCursor(_PLACES.get(signer, _OTHER_PLACES))
        self._cause = ""
        self._begin()

    def _begin(self) -> None:
        self._kept = CsrShares(self._limits.share, self._limits.total)
        self._pages = 0

    @property
    def listed(self) -> dict[str, bytes]:
        """By uid, the message that is sent back when a CSR is decided."""
        return self._kept.listed

    def read(self) -> Listing:
        """Return all CSRs that can be read; where a later page fails, those of the pages before.

        Raises:
            ClusterUnavailable: not one page could be read.
            NotOnboarded: likewise, because the API server rejects our credentials or rights.
        """
        try:
            while self._step():
                pass
        except ClusterUnavailable as error:
            if not self._pages:
                raise
            self._cause = str(error)
        cause = self._cause or self._cursor.cause or self._kept.cause
        return Listing(self._kept.items, bool(cause), self._pages, cause)

    def _step(self) -> bool:
        """Request a page and keep it, or decide how to request it again; False at the end."""
        self._leap_if_late()
        outcome = self._connection.call(
            "GET", self._path(), stop_at=self._stop_at, accept=MEDIA_TYPE
        )
        match outcome:
            case Answer(status=200):
                return self._keep(outcome)
            case Answer(status=410) if self._cursor.can_restart:
                self._restart(outcome)
                return True
            case Answer(status=414 | 431) if self._cursor.skip_name(
                f"name: too long to list on from, {outcome.words}"
            ):
                return True
            case NoAnswer(cause="size") if self._limit > 1:
                self._limit //= 2
                return True
            case NoAnswer(cause="size"):
                self._cause = f"size: one CSR alone, {outcome.detail}"
                return False
        raise unavailable(outcome)

    def _leap_if_late(self) -> None:
        """Once, when half of the listing's time is gone, read on from a later place in the list.

        Otherwise requesters that file gigabytes under the first names would keep all later names
        from ever being read. As the place is another one each minute, they would have to fill the
        list everywhere.
        """
        clock = self._connection.clock
        if clock.remaining() <= self._half:
            self._cursor.leap(int(clock.now().timestamp()) // _TURN_SECONDS)

    def _path(self) -> str:
        query = {"fieldSelector": f"spec.signerName={self._signer}", "limit": str(self._limit)}
        if self._cursor.token:
            query["continue"] = self._cursor.token
        return f"{CSRS}?{urlencode(query, quote_via=quote, safe='')}"

    def _restart(self, expired: Answer) -> None:
        """Read the rest of the list as it is now, where the server offers that; or all of it."""
        offered = _sendable(read_status(expired.body).token)
        self._cursor.restart(offered)
        if not offered:
            self._begin()

    def _keep(self, answer: Answer) -> bool:
        try:
            page = read_page(answer.body, self._limit)
        except Malformed as error:
            raise ClusterUnavailable("answer", f"not a list of CSRs: {error}") from None
        for item in page.items:
            self._keep_item(item)
        self._pages += 1
        if len(answer.body) * 4 < self._limits.page:
            self._limit = min(self._limit * 2, PAGE)
        return self._cursor.advance(_sendable(page.token))

    def _keep_item(self, item: memoryview) -> None:
        read = read_csr(item)
        if not isinstance(read, UnreadableCsr) and read.csr.signer != self._signer:
            problem = "spec.signerName: not the signer asked for"
            read = UnreadableCsr(read.csr.name, read.csr.signer, problem)
        if isinstance(read, UnreadableCsr):
            self._kept.add_unreadable(read, item)
        elif read.csr.uid not in self.listed:
            self._kept.add(read.csr, read.message)


def unavailable(outcome: Outcome) -> ClusterUnavailable:
    """Return the error that says why there is no list."""
    if isinstance(outcome, NoAnswer):
        return ClusterUnavailable(outcome.cause, outcome.detail)
    known = {401: "unauthorized", 403: "forbidden"}.get(outcome.status)
    return NotOnboarded(known, outcome.words) if known else _status(outcome)


def _status(answer: Answer) -> ClusterUnavailable:
    hint = ", redirects are not followed" if 300 <= answer.status < 400 else ""
    return ClusterUnavailable("status", answer.words + hint)


def _sendable(token: str) -> str:
    if not token.isascii():
        raise ClusterUnavailable("answer", "the continue token isn't ASCII")
    return token
