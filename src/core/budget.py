"""How a run divides its time: what each step leaves for the steps after it.

In Lambda a run has 50 s, less what is kept for a second signer:

1. List the requests. Half of the time is left for the rest.
2. Read the requests to be judged, without a call to AWS. Time for one slice is left, however slow
   AWS is.
3. Read the others. Half of what is left stays.
4. Slice by slice, to the end: ask EC2 and IAM, judge, write, record. Judging takes at most half of
   what the questions leave; the other half is for writing.
5. Record the sums, in 5 s that the clock doesn't show (`adapters.clock`).

Even with the slowest answers that are still accepted (5 s each from EC2 and IAM, 10 s for a write)
every run writes some decisions. How early EC2, IAM and Services are no longer asked is in
`adapters.ec2` and `adapters.services`.
"""

from collections.abc import Callable
from typing import Final

from core.ports import Clock

#: The fraction of a run's time that the listing leaves.
LISTING_LEAVES: Final = 0.5

_OTHERS_LEAVE: Final = 0.5

_JUDGING_LEAVES: Final = 0.5

# Nothing can be approved before the first slice is read, so it may be read longer than the rest:
# until this much more time is left than a slice needs.
_SPARE_SECONDS: Final = 1.0


class Budget:
    """The time of one review."""

    def __init__(self, clock: Clock, slice_seconds: float, first_slice_seconds: float) -> None:
        """Begin a run.

        `slice_seconds`: with less time left, no slice is begun. `first_slice_seconds`: what the
        first slice's evidence and writes may take where everything is slow.
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
        """Begin to read the others; return a function that is true while they may be read."""
        return self._until(max(self._clock.remaining() * _OTHERS_LEAVE, self._reading_leaves))

    def judging(self) -> Callable[[], bool]:
        """Begin to judge a slice; return a function that is true while CSRs may be judged."""
        return self._until(self._clock.remaining() * _JUDGING_LEAVES)

    def may_begin_slice(self) -> bool:
        """Return True while there is time for another slice."""
        return self._clock.remaining() > self._slice_seconds

    def _until(self, left: float) -> Callable[[], bool]:
        return lambda: self._clock.remaining() > left
