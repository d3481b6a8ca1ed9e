"""How a run divides its time. All that one step keeps for the later ones is stated here.

A run (in Lambda of 50 s, and of what a second signer doesn't need) goes like this:

1. List the requests; half of the time stays.
2. Read those to be judged, without a call to AWS; time for a slice stays, however slow AWS is.
3. Read the others; half of what is left stays.
4. Slice by slice: ask EC2 and IAM, judge, write, record; to the end.
5. Within 5 s more, which the clock doesn't show (`adapters.clock`), record the sums.

With the slowest answers that are still taken (EC2 and IAM 5 s each, a write 10 s) one slice is done
in every run.
"""

from collections.abc import Callable
from typing import Final

from core.ports import Clock

#: The fraction of a run's time that the listing leaves.
LISTING_LEAVES: Final = 0.5

_OTHERS_LEAVE: Final = 0.5

# Without the requests of one slice nothing can be approved, so these may be read longer: until
# there is this much more time than a slice needs.
_SPARE_SECONDS: Final = 1.0


class Budget:
    """The time of one review."""

    def __init__(self, clock: Clock, slice_seconds: float, first_slice_seconds: float) -> None:
        """`slice_seconds`: with less than this left a slice's evidence isn't asked for any more.

        `first_slice_seconds`: what the evidence of the first slice may take.
        """
        self._clock = clock
        self._slice_seconds = slice_seconds
        self._reading_leaves = first_slice_seconds

    def may_read_first_slice(self) -> bool:
        """Return True while requests of the first slice may be read."""
        return self._clock.remaining() > self._slice_seconds + _SPARE_SECONDS

    def may_read(self) -> bool:
        """Return True while requests may be read beyond those of the first slice."""
        return self._clock.remaining() > self._reading_leaves

    def reading_of_others(self) -> Callable[[], bool]:
        """Begin to read the others; return what is True while they may be read."""
        leave = max(self._clock.remaining() * _OTHERS_LEAVE, self._reading_leaves)
        return lambda: self._clock.remaining() > leave

    def may_begin_slice(self) -> bool:
        """Return True while there is time for one more slice."""
        return self._clock.remaining() > self._slice_seconds
