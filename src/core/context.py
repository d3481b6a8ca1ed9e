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
    """The list's cluster and signer, the policy, and the time at which the list was read."""

    cluster: Cluster | NotProvided
    policy: Policy
    now: datetime
    signer: Signer
    reader: Reader = field(default_factory=_fresh_reader)

    @property
    def max_age(self) -> timedelta:
        """How old a CSR may be before it counts as abandoned."""
        return timedelta(seconds=self.policy.max_csr_age_seconds)

    def case_of(self, csr: Csr) -> Case:
        """Return a CSR's case as the first stage finds it; later stages complete it."""
        return Case(csr, NOT_READ, None, self.now, self.policy, cluster=self.cluster)
