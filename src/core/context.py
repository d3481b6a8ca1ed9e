"""What all cases of one list share."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.memo import Memo, Reader
from core.model import NOT_READ, Case, Cluster, Csr, NotProvided
from core.settings import Policy
from core.signers import Signer


def _fresh_reader() -> Reader:
    return Memo().reader()


@dataclass(frozen=True, slots=True)
class ReviewContext:
    """The list's cluster and signer, the policy, the time of the listing, and the reader."""

    cluster: Cluster | NotProvided
    policy: Policy
    now: datetime
    signer: Signer
    reader: Reader = field(default_factory=_fresh_reader)

    @property
    def max_age(self) -> timedelta:
        """Return the age beyond which a CSR counts as abandoned."""
        return timedelta(seconds=self.policy.max_csr_age_seconds)

    def case_of(self, csr: Csr) -> Case:
        """Return the case of a CSR of which nothing was read yet; later stages complete it."""
        return Case(csr, NOT_READ, None, self.now, self.policy, cluster=self.cluster)
