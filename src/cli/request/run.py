"""The walk of `csr-approver request`: key, request, approval, certificate; or none of them.

The key is on the disk before anything is asked for, as a certificate without its key is of no use.
It is taken away again once nothing can be issued for it any more, and not before.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from adapters.clock import WallClock
from cli.request.certificate import Certificate, inspect
from cli.request.files import Files
from cli.request.key import Key
from cli.request.own_csr import Filed, NotTaken, OwnCsr, is_of
from cli.request.wanted import Wanted
from core.errors import ClusterUnavailable, NotOnboarded, WrongCertificate
from core.model import Csr

#: How long one call may take, retries included.
CALL_SECONDS: Final = 20.0

# EKS decides within a minute or so; a person may take longer.
_SOON_SECONDS: Final = 20.0
_OFTEN: Final = 1.0
_SELDOM: Final = 5.0
_TRIES: Final = 3


class End(Enum):
    """How it ended; the values are a stable contract."""

    ISSUED = "issued"
    #: Issued and saved, but not what was asked for.
    DIFFERS = "differs"
    #: What was issued is of no use, or couldn't be saved.
    UNUSABLE = "unusable"
    DENIED = "denied"
    FAILED = "failed"
    #: The API server doesn't take the request.
    REFUSED = "refused"
    #: Somebody deleted the request.
    DELETED = "deleted"
    NOT_ISSUED = "not-issued"
    STOPPED = "stopped"
    UNKNOWN = "unknown"


class Left(Enum):
    """What became of the request in the cluster; the values are a stable contract."""

    THERE = "there"
    DELETED = "deleted"
    NONE = "none"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds that only ever rise, and how they are let pass."""

    ticks: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = (
        time.sleep
    )  # between two looks: the right to watch isn't needed


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done. `ca_pem`: the cluster's own."""

    asked: Wanted
    key: Key
    manifest: dict[str, Any]
    files: Files
    ca_pem: str
    approve: bool
    seconds: float
    keep: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of it. `saved`: the certificate's file was written, `ca_saved`: the CA's."""

    end: End
    detail: str
    request: Left
    key_kept: bool
    requester: str = ""
    certificate: Certificate | None = None
    saved: bool = False
    ca_saved: bool = False


class _Over(Exception):
    """It is over, without a certificate that was saved."""

    def __init__(self, end: End, detail: str) -> None:
        super().__init__(detail)
        self.end = end
        self.detail = detail


class Walk:
    """One walk, once."""

    def __init__(self, plan: Plan, own: OwnCsr, pace: Pace, tell: Callable[[str], None]) -> None:
        """`tell`: says a line while it goes on."""
        self._plan = plan
        self._own = own
        self._pace = pace
        self._tell = tell
        self._clock = WallClock(plan.seconds, pace.ticks)
        self._key_written = False
        self._sent = False
        self._seen: Filed | None = None

    def run(self) -> Ended:
        """Walk it to its end.

        Raises:
            OSError: the key can't be written; nothing was done.
        """
        try:
            self._plan.files.write_key(self._plan.key.pem)
            self._key_written = True
            return self._saved(self._issued(self._filed()))
        except _Over as over:
            end, detail = over.end, over.detail
        except NotTaken as error:
            end, detail = End.REFUSED, str(error)
        except ClusterUnavailable as error:
            end, detail = End.UNKNOWN, str(error)
        except KeyboardInterrupt:
            end, detail = End.STOPPED, "stopped"
        return self._cleaned_up(end, detail)

    # --- there ----------------------------------------------------------------------------------

    def _filed(self) -> Filed:
        self._sent = True
        self._seen = self._own.file(self._plan.manifest)
        who = self._seen.csr.username
        self._tell(f"Filed {self._plan.asked.name} as {who}." + self._whose_turn(who))
        return self._seen

    def _whose_turn(self, requester: str) -> str:
        if self._plan.approve:
            return ""
        person = f"kubectl certificate approve {self._plan.asked.name}"
        if requester.startswith("system:serviceaccount:"):
            return f" The approver may approve it (with APP_SERVING=true), or a person: {person}"
        return f" A person has to approve it: {person} (or --approve the next time)"

    def _issued(self, filed: Filed) -> Filed:
        """The request with its certificate."""
        reported, trouble = False, ""
        while not filed.csr.certificate:
            _check(filed.csr)
            approved = filed.csr.condition("Approved")
            if approved and not reported:
                self._tell(f"Approved ({approved.reason}); waiting for the certificate.")
                reported = True
            if self._clock.remaining() <= 0:
                raise self._late(filed.csr, trouble)
            filed, trouble = self._next(filed, trouble)
        return filed

    def _next(self, filed: Filed, trouble: str) -> tuple[Filed, str]:
        """As it stands next; while the cluster can't be reached, as it stood, and why."""
        try:
            now = self._own.approve(filed) if self._is_ours_to_approve(filed) else None
            if now is None:
                self._pause()
                now = self._own.look()
        except NotOnboarded:
            raise
        except ClusterUnavailable as error:
            if not trouble:
                self._tell(f"The cluster doesn't answer, asking again: {error}")
            self._pause()
            return filed, str(error)
        if now is None or now.csr.uid != filed.csr.uid:
            raise _Over(End.DELETED, "somebody deleted the request")
        self._seen = now
        return now, ""

    def _is_ours_to_approve(self, filed: Filed) -> bool:
        return self._plan.approve and filed.csr.is_pending

    def _pause(self) -> None:
        waited = self._plan.seconds - self._clock.remaining()
        self._pace.sleep(_OFTEN if waited < _SOON_SECONDS else _SELDOM)

    def _late(self, csr: Csr, trouble: str) -> _Over:
        if trouble:
            return _Over(End.UNKNOWN, trouble)
        approved = csr.condition("Approved")
        seconds = f"within {self._plan.seconds:.0f} s"
        if approved is None:
            return _Over(End.NOT_ISSUED, f"nobody approved it {seconds}")
        return _Over(End.NOT_ISSUED, f"approved ({approved.reason}), but not issued {seconds}")

    def _saved(self, filed: Filed) -> Ended:
        plan, pem = self._plan, filed.csr.certificate
        try:
            found = inspect(pem, plan.asked, plan.key.spki, plan.ca_pem, datetime.now(UTC))
            plan.files.write_certificate(pem)
        except WrongCertificate as error:
            raise _Over(End.UNUSABLE, str(error)) from None
        except OSError as error:
            detail = f"issued, but {plan.files.certificate} can't be written: {error.strerror}"
            return self._ended(End.UNUSABLE, detail, Left.THERE, key_kept=True)
        detail, ca_saved = "; ".join(found.differences), False
        if plan.files.ca is not None:
            trouble = self._ca_trouble(found)
            detail, ca_saved = "; ".join(filter(None, (detail, trouble))), not trouble
        return Ended(
            End.DIFFERS if detail else End.ISSUED,
            detail,
            Left.THERE,
            key_kept=True,
            requester=filed.csr.username,
            certificate=found,
            saved=True,
            ca_saved=ca_saved,
        )

    def _ca_trouble(self, found: Certificate) -> str:
        """Why the CA's file wasn't written; empty when it was."""
        if not found.by_cluster:
            return f"{self._plan.files.ca} isn't written: no CA is known that the certificate is of"
        try:
            self._plan.files.write_ca(self._plan.ca_pem.encode())
        except OSError as error:
            return f"{self._plan.files.ca} can't be written: {error.strerror}"
        return ""

    # --- and back -------------------------------------------------------------------------------

    def _cleaned_up(self, end: End, detail: str) -> Ended:
        """The request goes first: while it is there, somebody may yet have its key certified."""
        left = self._left(end)
        useless = end in {End.DENIED, End.FAILED, End.UNUSABLE, End.REFUSED, End.DELETED}
        gone = left in {Left.DELETED, Left.NONE}
        if self._key_written and not self._plan.keep and (useless or gone):
            self._plan.files.key.unlink(missing_ok=True)
            self._key_written = False
        return self._ended(end, detail, left, key_kept=self._key_written)

    def _left(self, end: End) -> Left:
        if not self._sent or end in {End.REFUSED, End.DELETED}:
            return Left.NONE
        if end in {End.DENIED, End.FAILED, End.UNUSABLE} or (self._plan.keep and self._seen):
            return Left.THERE
        try:
            return self._taken_back()
        except ClusterUnavailable as error:
            self._tell(f"Could not delete {self._plan.asked.name}: {error}")
            return Left.UNKNOWN

    def _taken_back(self) -> Left:
        """Delete it, unless it was issued by now. Others' of the same name are left alone."""
        for _ in range(_TRIES):
            there = self._own.look()
            if there is None or not is_of(there, self._plan.manifest):
                return Left.NONE
            self._seen = there
            if there.csr.certificate or self._plan.keep:
                return Left.THERE
            if self._own.take_back(there):
                return Left.DELETED
        return Left.THERE

    def _ended(self, end: End, detail: str, left: Left, *, key_kept: bool) -> Ended:
        requester = self._seen.csr.username if self._seen else ""
        return Ended(end, detail, left, key_kept, requester)


def _check(csr: Csr) -> None:
    """End where no certificate will come; the API server lets nobody undo either."""
    for kind, end in (("Denied", End.DENIED), ("Failed", End.FAILED)):
        condition = csr.condition(kind)
        if condition is not None:
            raise _Over(end, f"{condition.reason}: {condition.message}")
