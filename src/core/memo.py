"""Parsed requests and certificates, kept in the warm function.

The same requests are listed every minute, and apart from calls to AWS a run spends most of its time
on parsing them. The key of an entry is the SHA-256 of the bytes that were parsed, never what an API
server says about them (name, uid, resourceVersion): another cluster's server may say the same about
other bytes. Only the results of pure functions of these bytes are kept: no verdict, no evidence,
nothing that depends on the time, the requester or the settings.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, TypeVar, cast

#: The most that is kept for all clusters together, in bytes as `weight_of` counts them: some 16,000
#: parsed requests of kubelets.
MAX_BYTES: Final = 32 * 1024 * 1024

#: The least that an entry counts, in bytes.
#: Measured with tracemalloc: a kubelet's parsed request takes 1.5 KiB of memory, its certificate
#: 0.8 KiB. Larger ones take up to 35 bytes per byte read, if a request has thousands of registered
#: ids.
ENTRY_BYTES: Final = 2_048
_USUAL_BYTES: Final = 1_024
_BYTES_PER_BYTE: Final = 36

_Key = tuple[str, bytes]
_T = TypeVar("_T")


class Reader:
    """Parsed requests and certificates of one list, of this run and of earlier ones."""

    def __init__(self, memo: "Memo") -> None:
        self._memo = memo
        self._before: dict[_Key, tuple[object, int]] = {}
        self._used: dict[_Key, tuple[object, int]] = {}
        self.weight = 0

    def read(self, kind: str, content: bytes, how: Callable[[bytes], _T]) -> _T:
        """Return `how(content)`, from memory if the same bytes were read before.

        `kind`: a name for `how`, a pure function. An exception from it propagates and isn't kept.
        """
        key = kind, sha256(content).digest()
        found = self._used.get(key) or self._before.pop(key, None)
        if found is None:
            found = how(content), weight_of(content)
            if not self._memo.has_room(found[1], self):
                return found[0]
            self.weight += found[1]
        self._used[key] = found
        return cast("_T", found[0])

    def begin(self) -> None:
        """Begin a new run."""
        self._before |= self._used
        self._used = {}

    def forget_unused(self) -> None:
        """Forget what a complete run hasn't used: it isn't listed any more."""
        self.weight -= sum(weight for _, weight in self._before.values())
        self._before = {}


class Memo:
    """The readers of all lists in one Lambda environment, within a bound of memory."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        """Begin with no readers; keep at most `max_bytes` in all."""
        self._max_bytes = max_bytes
        self._readers: dict[tuple[str, ...], Reader] = {}  # the least recently used first

    def reader(self, *key: str) -> Reader:
        """Begin a run, and return its list's reader.

        `key`: identifies the list, such as a Region, a cluster and a signer.
        """
        reader = self._readers.pop(key, None) or Reader(self)
        reader.begin()
        self._readers[key] = reader
        return reader

    def has_room(self, weight: int, reader: Reader) -> bool:
        """Make room for `weight` bytes; return False if there is none.

        Other lists are forgotten first, each as a whole, and then what `reader` hasn't used.
        """
        while self._excess(weight) > 0:
            oldest = next(iter(self._readers))
            if self._readers[oldest] is reader:  # in use, so the most recent: no other is left
                reader.forget_unused()
                return self._excess(weight) <= 0
            del self._readers[oldest]
        return True

    def _excess(self, weight: int) -> int:
        return sum(one.weight for one in self._readers.values()) + weight - self._max_bytes


def weight_of(content: bytes) -> int:
    """Return the most memory that the parsed form of these bytes takes, in bytes."""
    return ENTRY_BYTES + _BYTES_PER_BYTE * max(0, len(content) - _USUAL_BYTES)
