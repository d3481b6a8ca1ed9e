"""The run of `csr-approver request`: key, request, approval and certificate, or none of them.

The key is written before the request is filed: a certificate without its key is useless. It is
deleted only once nothing can be issued for it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from adapters.clock import WallClock
from cli.account.copied import KUBECTL
from cli.account.problems import what_failed
from cli.request.outcome import NotIssued, Outcome, RequestState, Result
from cli.request.own_csr import Filed, OwnCsr, RequestRejected, is_of
from cli.request.plan import Plan
from cli.request.saving import saved
from core.errors import ClusterUnavailable, NotOnboarded
from core.model import Csr

#: How long one call may take, retries included.
CALL_SECONDS: Final = 20.0

# EKS decides within about a minute; a person may take longer.
_EARLY_SECONDS: Final = 20.0
_EARLY_PAUSE_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 5.0
_MAX_DELETIONS: Final = 3


@dataclass(frozen=True, slots=True)
class Pace:
    """A clock whose seconds never decrease, and how to wait."""

    ticks: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep  # the run polls: it needs no right to watch


class Issuance:
    """One run; it can be run once."""

    def __init__(self, plan: Plan, own: OwnCsr, pace: Pace, report: Callable[[str], None]) -> None:
        """`report`: prints a line during the run."""
        self._plan = plan
        self._own = own
        self._pace = pace
        self._report = report
        self._clock = WallClock(plan.seconds, pace.ticks)
        self._key_written = False
        self._sent = False
        self._seen: Filed | None = None

    def run(self) -> Result:
        """Run it to its end, and clean up if nothing is issued.

        Raises:
            OSError: the key can't be written; nothing was done.
        """
        try:
            self._plan.files.write_key(self._plan.key.pem)
            self._key_written = True
            return saved(self._plan, self._issued(self._filed()).csr)
        except NotIssued as error:
            outcome, detail = error.outcome, error.detail
        except RequestRejected as error:
            outcome, detail = Outcome.REFUSED, str(error)
        except ClusterUnavailable as error:
            outcome, detail = Outcome.UNKNOWN, what_failed(error)
        except KeyboardInterrupt:
            outcome, detail = Outcome.STOPPED, "stopped by Ctrl-C"
        return self._cleaned_up(outcome, detail)

    # --- from the key to the certificate --------------------------------------------------------

    def _filed(self) -> Filed:
        self._sent = True
        self._seen = self._own.file(self._plan.manifest)
        who = self._seen.csr.username
        self._report(f"Filed {self._plan.spec.name} as {who}." + self._next_step(who))
        return self._seen

    def _next_step(self, requester: str) -> str:
        if self._plan.approve:
            return ""
        person = f"{KUBECTL} certificate approve {self._plan.spec.name}"
        if requester.startswith("system:serviceaccount:"):
            return f" The approver may approve it (with APP_SERVING=true), or a person: {person}"
        return f" A person has to approve it: {person} (or use --approve next time)"

    def _issued(self, filed: Filed) -> Filed:
        """Wait for the certificate; return the request with it."""
        reported, error = False, ""
        while not filed.csr.certificate:
            _check(filed.csr)
            approved = filed.csr.condition("Approved")
            if approved and not reported:
                self._report(f"Approved ({approved.reason}); waiting for the certificate.")
                reported = True
            if self._clock.remaining() <= 0:
                raise self._late(filed.csr, error)
            filed, error = self._next(filed, error)
        return filed

    def _next(self, filed: Filed, last_error: str) -> tuple[Filed, str]:
        """Return the request's next state; if the cluster doesn't answer, the last one and why."""
        try:
            now = self._own.approve(filed) if self._is_ours_to_approve(filed) else None
            if now is None:
                self._pause()
                now = self._own.look()
        except NotOnboarded:
            raise
        except ClusterUnavailable as error:
            if not last_error:
                self._report(f"The cluster doesn't answer, trying again: {what_failed(error)}")
            self._pause()
            return filed, what_failed(error)
        if now is None or now.csr.uid != filed.csr.uid:
            raise NotIssued(Outcome.DELETED, "someone else deleted the request: run this again")
        self._seen = now
        return now, ""

    def _is_ours_to_approve(self, filed: Filed) -> bool:
        return self._plan.approve and filed.csr.is_pending

    def _pause(self) -> None:
        waited = self._plan.seconds - self._clock.remaining()
        self._pace.sleep(_EARLY_PAUSE_SECONDS if waited < _EARLY_SECONDS else _PAUSE_SECONDS)

    def _late(self, csr: Csr, error: str) -> NotIssued:
        if error:
            return NotIssued(Outcome.UNKNOWN, error)
        approved = csr.condition("Approved")
        seconds = f"within {self._plan.seconds:.0f} s"
        if approved is None:
            return NotIssued(
                Outcome.NOT_ISSUED,
                f"no one approved it {seconds}: use --approve, or a longer --timeout",
            )
        return NotIssued(
            Outcome.NOT_ISSUED,
            f"approved ({approved.reason}), but not issued {seconds}: try a longer --timeout",
        )

    # --- clean-up -------------------------------------------------------------------------------

    def _cleaned_up(self, outcome: Outcome, detail: str) -> Result:
        """Delete the request, then the key: as long as it exists, it may still be issued."""
        state = self._request_state(outcome)
        useless = outcome in {
            Outcome.DENIED,
            Outcome.FAILED,
            Outcome.UNUSABLE,
            Outcome.REFUSED,
            Outcome.DELETED,
        }
        gone = state in {RequestState.DELETED, RequestState.NONE}
        if self._key_written and not self._plan.keep and (useless or gone):
            self._plan.files.key.unlink(missing_ok=True)
            self._key_written = False
        return self._result(outcome, detail, state, key_kept=self._key_written)

    def _request_state(self, outcome: Outcome) -> RequestState:
        """Delete the request if nothing else ended it; return its state."""
        if not self._sent or outcome in {Outcome.REFUSED, Outcome.DELETED}:
            return RequestState.NONE
        if outcome in {Outcome.DENIED, Outcome.FAILED, Outcome.UNUSABLE} or (
            self._plan.keep and self._seen
        ):
            return RequestState.THERE
        try:
            return self._deleted()
        except ClusterUnavailable as error:
            self._report(f"Could not delete {self._plan.spec.name}: {what_failed(error)}")
            return RequestState.UNKNOWN

    def _deleted(self) -> RequestState:
        """Delete it, unless it was issued by now, or is another requester's."""
        for _ in range(_MAX_DELETIONS):
            there = self._own.look()
            if there is None or not is_of(there, self._plan.manifest):
                return RequestState.NONE
            self._seen = there
            if there.csr.certificate or self._plan.keep:
                return RequestState.THERE
            if self._own.delete(there):
                return RequestState.DELETED
        return RequestState.THERE

    def _result(
        self, outcome: Outcome, detail: str, state: RequestState, *, key_kept: bool
    ) -> Result:
        requester = self._seen.csr.username if self._seen else ""
        return Result(outcome, detail, state, key_kept, requester)


def _check(csr: Csr) -> None:
    """Raise NotIssued if the request was denied or failed: neither can be undone."""
    for kind, outcome in (("Denied", Outcome.DENIED), ("Failed", Outcome.FAILED)):
        condition = csr.condition(kind)
        if condition is not None:
            raise NotIssued(outcome, f"{condition.reason}: {condition.message}")
