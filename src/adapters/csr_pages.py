"""One signer's CSRs, page by page: to the end of the list, or as far as time and size allow.

From: Kubernetes API Concepts, "Retrieving large results sets in chunks" and "410 Gone responses".
"""

import base64
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from adapters.api_connection import ApiConnection
from adapters.csr_items import read_item
from adapters.csr_shares import CsrShares
from adapters.retry import Answer, NoAnswer, Outcome
from core.errors import ClusterUnavailable, NotOnboarded
from core.model import Csr, Listing, OversizedRequest, UnreadableCsr

Json = dict[str, Any]

CSRS: Final = "/apis/certificates.k8s.io/v1/certificatesigningrequests"

#: CSRs asked for at once.
PAGE: Final = 500

# To which other objects' names are held, and CSRs' aren't. From: Kubernetes apimachinery
# pkg/util/validation, DNS1123SubdomainMaxLength.
_LONGEST_NAME: Final = 253


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is taken in, in bytes.

    `page`: a longer page is asked for anew with fewer CSRs on it. `share`: so much is kept of one
    requester's CSRs, the newest, and `total` of all, because labels, annotations and requests are
    theirs to fill, and must not fill the memory. A kubelet's CSR takes 2 to 3 KiB.
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
        """`stop_at`: what must be left of the run's time when the reading ends."""
        self._connection = connection
        self._signer = signer
        self._stop_at = stop_at
        self._limits = limits
        self._limit = PAGE
        self._expired = False
        self._begin()

    def _begin(self) -> None:
        self._kept = CsrShares(self._limits.share, self._limits.total)
        self._pages = 0
        self._next = ""
        self._cause = ""

    @property
    def listed(self) -> dict[str, bytes]:
        """By uid, what is sent back when a CSR is decided."""
        return self._kept.listed

    def read(self) -> Listing:
        """All that can be read; where a later page fails, what came before it.

        Raises:
            ClusterUnavailable: not one page could be read.
            NotOnboarded: likewise, because the API server knows us not or allows us nothing.
        """
        try:
            while self._step():
                pass
        except ClusterUnavailable as error:
            if not self._pages:
                raise
            self._cause = str(error)
        cause = self._cause or self._kept.cause
        return Listing(self._kept.items, bool(cause), self._pages, cause)

    def _step(self) -> bool:
        """Ask for a page and keep it, or settle how to ask anew; False when all is done."""
        outcome = self._connection.call("GET", self._path(), stop_at=self._stop_at)
        match outcome:
            case Answer(status=200):
                return self._keep(outcome)
            case Answer(status=410) if self._next and not self._expired:
                return self._resume(outcome)
            case Answer(status=414 | 431) if shorter := _past_the_long_name(self._next):
                self._cause = f"name: one too long to go on from, {outcome.words}"
                self._next = shorter
                return True
            case NoAnswer(cause="size") if self._limit > 1:
                self._limit //= 2
                return True
            case NoAnswer(cause="size"):
                self._cause = f"size: one CSR alone, {outcome.detail}"
                return False
        raise unavailable(outcome)

    def _path(self) -> str:
        query = {"fieldSelector": f"spec.signerName={self._signer}", "limit": str(self._limit)}
        if self._next:
            query["continue"] = self._next
        return f"{CSRS}?{urlencode(query, quote_via=quote, safe='')}"

    def _resume(self, expired: Answer) -> bool:
        """Once: the rest of the list as it is now, where the server offers that; or all anew."""
        self._expired = True
        offered = _continue(expired.object())
        if not offered:
            self._begin()
        self._next = offered
        return True

    def _keep(self, answer: Answer) -> bool:
        page = answer.object()
        items = page.get("items", "absent")
        if not isinstance(items, list | None):
            raise ClusterUnavailable("answer", "not a list of CSRs")
        if len(items or ()) > self._limit:
            raise ClusterUnavailable("answer", "more CSRs on a page than were asked for")
        for item in items or ():
            self._keep_item(item)
        self._pages += 1
        self._next = _continue(page)
        if len(answer.body) * 4 < self._limits.page:
            self._limit = min(self._limit * 2, PAGE)
        return bool(self._next)

    def _keep_item(self, item: Any) -> None:
        read = read_item(item)
        if isinstance(read, Csr) and (problem := _unusable(read, self._signer)):
            read = UnreadableCsr(read.name, read.signer, problem)
        if isinstance(read, UnreadableCsr):
            self._kept.add_unreadable(read)
        elif read.uid not in self.listed:
            self._kept.add(read, _to_send_back(read, item))


def unavailable(outcome: Outcome) -> ClusterUnavailable:
    """The error that tells why a list couldn't be had."""
    if isinstance(outcome, NoAnswer):
        return ClusterUnavailable(outcome.cause, outcome.detail)
    known = {401: "unauthorized", 403: "forbidden"}.get(outcome.status)
    return NotOnboarded(known, outcome.words) if known else _status(outcome)


def _status(answer: Answer) -> ClusterUnavailable:
    hint = ", redirects are not followed" if 300 <= answer.status < 400 else ""
    return ClusterUnavailable("status", answer.words + hint)


def _continue(page: Json) -> str:
    metadata = page.get("metadata")
    token = metadata.get("continue") if isinstance(metadata, dict) else None
    if isinstance(token, str) and not token.isascii():
        raise ClusterUnavailable("answer", "a continue token that can't be one")
    return token if isinstance(token, str) else ""


def _past_the_long_name(token: str) -> str:
    """The continue token that leads past all names beginning as the one in this; else empty.

    A token holds the name of the last object. A node may choose one of half a megabyte, by which
    the token outgrows what servers take in a URL, and nobody after it would ever be listed. Those
    that are passed over have names longer than any that Kubernetes's own rules allow.
    From: Kubernetes apiserver pkg/storage/continue.go.
    """
    try:
        read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        start = read["start"]
        if len(start) <= _LONGEST_NAME + 1:  # one of ours has one more
            return ""
        read["start"] = start[:_LONGEST_NAME] + "\U0010ffff"
    except (ValueError, TypeError, KeyError, RecursionError):
        return ""
    return base64.urlsafe_b64encode(json.dumps(read).encode()).decode().rstrip("=")


def _unusable(csr: Csr, signer: str) -> str:
    """What a saved object may lack, but nothing can be judged and written live without."""
    if not csr.uid:
        return "metadata.uid: Field required"
    if not csr.resource_version:
        return "metadata.resourceVersion: Field required"
    return "" if csr.signer == signer else "spec.signerName: not the signer asked for"


def _to_send_back(csr: Csr, item: Json) -> bytes:
    """The item as listed. The spec of an oversized one isn't kept: the server keeps its own."""
    left_out = {"spec"} if isinstance(csr.request, OversizedRequest) else set()
    return json.dumps({key: value for key, value in item.items() if key not in left_out}).encode()
