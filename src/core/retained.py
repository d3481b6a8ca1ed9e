"""What was read of a list and is to be judged, within a bound of memory.

All of it is read before anything is written, and hundreds of requesters may each have a request of
the largest size, which takes up to two megabytes once it is read.
"""

from collections.abc import Iterable
from heapq import heappop, heappush
from itertools import count

from core.memo import MAX_BYTES, weight_of
from core.model import Csr, OversizedRequest, ParsedCsr


class RetainedRequests:
    """The entries that found room, in the order added."""

    def __init__(self) -> None:
        """Begin with none."""
        self._entries: dict[int, ParsedCsr] = {}
        self._by_weight: list[tuple[int, int]] = []  # both negative: the heaviest, latest first
        self._weight = 0
        self._places = count()

    @property
    def entries(self) -> Iterable[ParsedCsr]:
        """All that is kept."""
        return self._entries.values()

    def add(self, entry: ParsedCsr) -> None:
        """Keep one more; where all together have too much, the largest give way."""
        place, weight = next(self._places), _weight(entry.csr)
        self._entries[place] = entry
        self._weight += weight
        heappush(self._by_weight, (-weight, -place))
        while self._weight > MAX_BYTES:
            negative_weight, negative_place = heappop(self._by_weight)
            self._weight += negative_weight
            del self._entries[-negative_place]


def _weight(csr: Csr) -> int:
    return weight_of(b"" if isinstance(csr.request, OversizedRequest) else csr.request)
