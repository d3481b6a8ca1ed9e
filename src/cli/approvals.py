"""What became of the approver's own approvals: whether EKS's signer issues after them.

EKS deletes an issued request after an hour, so the counts are of the last hour.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from core.model import Csr


@dataclass(frozen=True, slots=True)
class Approvals:
    """How many requests that csr-approver approved were issued, and how many were not."""

    issued: int = 0
    not_issued: int = 0

    def __str__(self) -> str:
        return f"{self.issued} issued, {self.not_issued} not issued"

    @classmethod
    def among(cls, csrs: Iterable[Csr], now: datetime, grace_seconds: int) -> "Approvals":
        """Count them. One that EKS may still issue, within the grace, isn't counted."""
        fates = [_is_issued(one, now, grace_seconds) for one in csrs if one.is_approved_by_us]
        return cls(fates.count(True), fates.count(False))


#: Nothing that csr-approver approved is listed.
NONE: Final = Approvals()


def _is_issued(csr: Csr, now: datetime, grace_seconds: int) -> bool | None:
    """Return whether it was issued; None while EKS may still issue."""
    if csr.certificate:
        return True
    approved = csr.condition("Approved")
    since = csr.created if approved is None else approved.last_update or csr.created
    is_late = (now - since).total_seconds() > grace_seconds
    return False if is_late or csr.condition("Failed") is not None else None
