"""The parsed requests of a list that are to be judged, within a bound of memory.

All are read before anything is written, and hundreds of requesters may each have a request of the
largest size, which takes up to two megabytes once it is parsed.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count

from core.memo import ENTRY_BYTES, MAX_BYTES, weight_of
from core.model import Csr, OversizedRequest, ParsedCsr


class RetainedRequests:
    """Parsed requests in the order added, without the largest if all together are too large."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """Begin with none; keep at most `max_bytes`, as `core.memo.weight_of` counts them."""
        self._max_bytes = max_bytes
        self._entries: dict[int, ParsedCsr] = {}
        self._by_weight: list[tuple[int, int]] = []  # both negative: the heaviest, latest first
        self._weight = 0
        self._places = count()

    @property
    def entries(self) -> Iterable[ParsedCsr]:
        """Return all that are kept."""
        return self._entries.values()

    def add(self, parsed: ParsedCsr) -> None:
        """Keep one more; if all together are too large, drop the largest."""
        place, weight = next(self._places), _weight(parsed.csr)
        self._entries[place] = parsed
        self._weight += weight
        heappush(self._by_weight, (-weight, -place))
        while self._weight > self._max_bytes:
            negative_weight, negative_place = heappop(self._by_weight)
            self._weight += negative_weight
            del self._entries[-negative_place]


def _weight(csr: Csr) -> int:
    if isinstance(csr.request, OversizedRequest):
        return ENTRY_BYTES
    return weight_of(csr.request)
