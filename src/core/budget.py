"""How a run divides its time among its steps, in one place.

In Lambda a review has 55 s of the function's 60 (RESERVE_SECONDS), less what the nodes' run keeps
for a second signer (SECOND_SIGNER_SECONDS):

1. List the requests, in at most half of the time.
2. Read the requests to be judged, without a call to AWS. Time for one slice stays, however slow
   AWS is.
3. Read the others, in at most half of the remaining time.
4. Slice by slice, to the end: ask EC2 and IAM, judge, write, record. Judging takes at most half of
   the time that is left after the calls; the other half is for writing.
5. Record the totals, in the reserve that the clock doesn't show (`adapters.clock`).

Even with the slowest answers that are still accepted (5 s each from EC2 and IAM, 10 s for a write)
every run writes some decisions.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from core.ports import Clock

#: The part of an invocation's time that the clock doesn't show, so that every run records its end.
RESERVE_SECONDS: Final = 5.0

#: What the nodes' run leaves for a second signer: a flood of nodes' requests uses all it gets.
SECOND_SIGNER_SECONDS: Final = 10.0

#: With less time left, the dispatcher sends what it has found. SQS takes ten messages per call.
DISPATCH_SECONDS: Final = 10.0

#: With less time left, a call with the SDK's usual timeouts and its second attempt may outlast the
#: run. From then on a client that fails fast asks EC2, and IAM isn't asked any more.
USUAL_CALL_SECONDS: Final = 15.0

#: With less time left, EC2 isn't asked at all: what is known by then is judged and written.
FAST_CALL_SECONDS: Final = 5.0

#: With less time left, the API server isn't asked for Services.
SERVICE_CALL_SECONDS: Final = 3.0

#: How long a cluster's endpoint may take to accept a connection, for each of its addresses.
CONNECT_SECONDS: Final = 3.0

#: The same where there may be no way to the endpoint, and it is tried once: 24 such clusters must
#: not delay the others. TCP repeats a lost first packet after a second.
SHORT_CONNECT_SECONDS: Final = 1.5

#: The fraction of a run's time that the listing leaves.
LISTING_LEAVES: Final = 0.5

_OTHERS_LEAVE: Final = 0.5

_JUDGING_LEAVES: Final = 0.5

# Nothing can be approved before the first slice is read, so its reading may take longer than the
# rest's: until the time left is what a slice needs, and this much more.
_SPARE_SECONDS: Final = 1.0

# The slowest answers that a slice accepts: 5 s each from EC2 and IAM, 10 s for its writes.
_SLOWEST_NODES_SECONDS: Final = 5.0 + 5.0 + 10.0 + _SPARE_SECONDS

#: With less time left, EC2 isn't asked which instances have an address. That takes three calls of
#: up to 5 s, and one requester may cause them: what a slice needs must remain for the others.
HOLDERS_SECONDS: Final = 3 * 5.0 + _SLOWEST_NODES_SECONDS


@dataclass(frozen=True, slots=True)
class SliceSeconds:
    """What a slice of one signer's requests needs, in seconds.

    `to_begin`: with less time left, no slice begins, because its evidence could no longer be asked
    for. `slowest`: what a run's first slice may take if every call is slow.
    """

    to_begin: float
    slowest: float


NODE_SLICE: Final = SliceSeconds(FAST_CALL_SECONDS, _SLOWEST_NODES_SECONDS)
SERVICE_SLICE: Final = SliceSeconds(SERVICE_CALL_SECONDS, SERVICE_CALL_SECONDS + _SPARE_SECONDS)


class Budget:
    """The time of one review."""

    def __init__(self, clock: Clock, needs: SliceSeconds) -> None:
        """Take the run's clock, and what its slices need."""
        self.clock = clock
        self._needs = needs

    def may_read_first_slice(self) -> bool:
        """Return True while requests of the first slice may be read."""
        return self.clock.remaining() > self._needs.to_begin + _SPARE_SECONDS

    def may_read(self) -> bool:
        """Return True while requests may be read beyond those of the first slice."""
        return self.clock.remaining() > self._needs.slowest

    def reading_of_others(self) -> Callable[[], bool]:
        """Return a function that returns True while the other requests may be read, from now on."""
        return self._until(max(self.clock.remaining() * _OTHERS_LEAVE, self._needs.slowest))

    def judging(self) -> Callable[[], bool]:
        """Return a function that returns True while a slice may be judged, from now on."""
        return self._until(self.clock.remaining() * _JUDGING_LEAVES)

    def may_begin_slice(self) -> bool:
        """Return True while there is time for another slice."""
        return self.clock.remaining() > self._needs.to_begin

    def _until(self, left: float) -> Callable[[], bool]:
        return lambda: self.clock.remaining() > left
