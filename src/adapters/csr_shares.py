"""The CSRs of a list that are kept: each requester's newest ones, within a limit of memory.

If all together exceed the limit, the requester that has most loses CSRs first. Otherwise sixteen
nodes with a few large requests each could push all others off the list.
"""

import hashlib
from collections import Counter, defaultdict
from datetime import datetime
from heapq import heappop, heappush

from core.model import Csr, OversizedRequest, Requester, UnreadableCsr

# A heap of one requester's CSRs: time of creation, uid, weight in bytes.
_ByAge = list[tuple[datetime, str, int]]


class CsrShares:
    """The kept items, in the order listed. `cause` says why others were not kept.

    `listed`: by uid, the message that is sent back when a CSR is decided.
    """

    def __init__(self, share: int, total: int) -> None:
        """`share`: the most bytes of one requester's CSRs. `total`: the most bytes of all."""
        self.listed: dict[str, bytes] = {}
        self.cause = ""
        self._share = share
        self._total = total
        self._items: dict[str | bytes, Csr | UnreadableCsr] = {}
        self._taken: Counter[Requester] = Counter()
        self._taken_by_all = 0
        self._by_age: defaultdict[Requester, _ByAge] = defaultdict(list)
        self._by_most: list[tuple[int, Requester]] = []

    @property
    def items(self) -> tuple[Csr | UnreadableCsr, ...]:
        """The kept items."""
        return tuple(self._items.values())

    def add_unreadable(self, item: UnreadableCsr, message: memoryview) -> None:
        """Keep an unreadable item, once, even if the same message is listed again.

        Its name and its problem are bounded, so ten thousand of them don't fill the memory.
        """
        self._items.setdefault(hashlib.sha256(message).digest(), item)

    def add(self, csr: Csr, message: bytes) -> None:
        """Keep a CSR and its message, if there is room in its requester's share and in the total.

        Make room by removing the same requester's oldest ones: a kubelet waits only for its newest.
        If all together have too much, remove the oldest ones of the requester that has most. The
        API server sets the requester.
        """
        weight = len(message) + _request_size(csr)
        while (excess := self._excess(csr, weight)) > 0:
            if not self._forget_one_of_most(csr, weight) and (
                excess > self._taken[csr.requester] or not self._forget_one_older(csr)
            ):
                return
        self._items[csr.uid] = csr
        self.listed[csr.uid] = message
        heappush(self._by_age[csr.requester], (csr.created, csr.uid, weight))
        self._take(csr.requester, weight)

    def _excess(self, csr: Csr, weight: int) -> int:
        """Return by how many bytes the CSR would exceed a limit."""
        of_one = self._taken[csr.requester] + weight - self._share
        of_all = self._taken_by_all + weight - self._total
        if of_one > 0:
            self.cause = f"share: more than {self._share} bytes of one requester's CSRs"
        elif of_all > 0:
            self.cause = f"share: more than {self._total} bytes of all requesters' CSRs"
        return max(of_one, of_all)

    def _forget_one_of_most(self, csr: Csr, weight: int) -> bool:
        """Remove a CSR of another requester that has more than this one; False if there is none."""
        would_have = self._taken[csr.requester] + weight
        if would_have > self._share:
            return False
        while self._by_most and -self._by_most[0][0] > would_have:
            taken, requester = self._by_most[0]
            if -taken == self._taken[requester]:
                self._forget_oldest(requester)
                return True
            heappop(self._by_most)  # outdated: the requester has more or less by now
        return False

    def _forget_one_older(self, csr: Csr) -> bool:
        by_age = self._by_age[csr.requester]
        if not by_age or by_age[0][0] >= csr.created:
            return False
        self._forget_oldest(csr.requester)
        return True

    def _forget_oldest(self, requester: Requester) -> None:
        _, uid, weight = heappop(self._by_age[requester])
        del self._items[uid], self.listed[uid]
        self._take(requester, -weight)

    def _take(self, requester: Requester, weight: int) -> None:
        self._taken[requester] += weight
        self._taken_by_all += weight
        heappush(self._by_most, (-self._taken[requester], requester))


def _request_size(csr: Csr) -> int:
    return 0 if isinstance(csr.request, OversizedRequest) else len(csr.request)
