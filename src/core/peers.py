"""What the rest of the list shows about one CSR: newer ones, shared keys, wrong certificates."""

from bisect import bisect_right
from datetime import datetime, timedelta
from heapq import heappop, heappush

from core.checks.moved import names_public
from core.checks.requester import CLOCK_SKEW_SECONDS
from core.model import Csr, ParsedCsr, Peers, Pkcs10, Requester

_Rank = tuple[datetime, bool, str]


class PeerIndex:
    """The list (one signer's CSRs, decided or not), indexed once for all of them.

    A requester's newest CSR is known from the list's objects; keys and wrong certificates only from
    requests that were read. Of a request only its key is kept.
    """

    def __init__(self, now: datetime, fresh_for: timedelta) -> None:
        """Begin with no items. An item that is dated later than `now` supersedes no other.

        `fresh_for`: a pending CSR older than this is abandoned, and no longer counts as asking.
        """
        self._first: dict[Requester, datetime] = {}
        self._fresh_for = fresh_for
        self._newest: dict[Requester, Csr] = {}
        self._users_of_key: dict[bytes, set[str]] = {}
        self._mismatched: dict[Requester, set[str]] = {}
        self._pending_of: dict[str | None, list[_Rank]] = {}
        self._unsorted: set[str | None] = set()
        self._unissued: dict[Requester, list[_Rank]] = {}  # heaps: the earliest first
        self._without_public: set[tuple[Requester, _Rank]] = set()
        self._now = now

    def note(self, csr: Csr) -> None:
        """Index one item by who filed it, and when."""
        if csr.created - self._now > timedelta(seconds=CLOCK_SKEW_SECONDS):
            return
        requester, rank = csr.requester, _rank(csr)
        known = self._newest.get(requester)
        if known is None or rank > _rank(known):
            self._newest[requester] = csr
        if not csr.certificate:
            heappush(self._unissued.setdefault(requester, []), rank)
        if csr.is_pending and self._now - csr.created <= self._fresh_for:
            first = self._first.get(requester, csr.created)
            self._first[requester] = min(first, csr.created)
            if (namespace := csr.namespace) is not None:
                self._pending_of.setdefault(namespace, []).append(rank)
                self._unsorted.add(namespace)

    def add(self, parsed: ParsedCsr) -> None:
        """Index the key of a request that was read, and whether its certificate is wrong."""
        request = parsed.request
        if isinstance(request, Pkcs10):
            if parsed.key_is_proven:
                self._users_of_key.setdefault(request.key.spki, set()).add(parsed.csr.username)
            if not names_public(request.dns, request.addresses):
                self._without_public.add((parsed.csr.requester, _rank(parsed.csr)))
        if parsed.mismatched:
            self._mismatched.setdefault(parsed.csr.requester, set()).add(parsed.csr.name)

    def newer(self, csr: Csr) -> str | None:
        """Return the name of the requester's newest CSR; None if this is it."""
        newest = self._newest.get(csr.requester)
        return newest.name if newest is not None and _rank(newest) > _rank(csr) else None

    def newer_in_namespace(self, csr: Csr) -> int:
        """Return how many CSRs of its namespace's ServiceAccounts are pending, fresh and newer."""
        namespace = csr.namespace
        pending = self._pending_of.get(namespace, [])
        # Sorted once: with thousands of CSRs even sorting a sorted list takes long for each.
        if namespace in self._unsorted:
            self._unsorted.remove(namespace)
            pending.sort()
        return len(pending) - bisect_right(pending, _rank(csr))

    def of(self, parsed: ParsedCsr) -> Peers:
        """Return what the rest of the list shows about this one."""
        csr = parsed.csr
        mismatched = self._mismatched.get(csr.requester, set()) - {csr.name}
        return Peers(
            newer=self.newer(csr),
            same_key=min(self._other_users(parsed), default=None),
            mismatch=min(mismatched, default=None),
            asking_since=self._earlier(csr),
            newer_in_namespace=self.newer_in_namespace(csr),
            asked_for_public=self._asked_for_public(csr),
        )

    def asking_seconds(self, csr: Csr) -> float:
        """Return how long the requester has been asking, by this CSR or by earlier ones."""
        return (self._now - (self._earlier(csr) or csr.created)).total_seconds()

    def _asked_for_public(self, csr: Csr) -> bool:
        """Return whether an earlier CSR, not issued, names a public address or wasn't read."""
        unissued = self._unissued.get(csr.requester)
        while unissued and (csr.requester, unissued[0]) in self._without_public:
            heappop(unissued)
        return bool(unissued and unissued[0] < _rank(csr))

    def _earlier(self, csr: Csr) -> datetime | None:
        first = self._first.get(csr.requester)
        return first if first is not None and first < csr.created else None

    def _other_users(self, parsed: ParsedCsr) -> set[str]:
        if not isinstance(parsed.request, Pkcs10):
            return set()
        return self._users_of_key.get(parsed.request.key.spki, set()) - {parsed.csr.username}


def _rank(csr: Csr) -> _Rank:
    """Return the sort key for age: by creation, then pending after decided, then by name.

    Creation times are whole seconds, and a node in a public subnet may file two requests within
    one. If the decided one superseded the pending one, that one could never be approved.
    """
    return csr.created, csr.is_pending, csr.name
