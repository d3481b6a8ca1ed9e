"""One review of one cluster: what was planned, what came of it, and the sums."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from core.model.aws import Cluster
from core.model.csr import Csr, UnreadableCsr
from core.model.request import Pkcs10, UnreadableRequest
from core.model.service import ServiceClaim
from core.model.verdict import Case, Decision, Identity, Verdict


class Action(Enum):
    """What was, or was not, done for one CSR."""

    APPROVED = "approved"
    #: Approved by somebody else before, and not issued: the approval was written again, as ours.
    REAPPROVED = "reapproved"
    DENIED = "denied"
    #: Approve or deny is due, but the mode doesn't let it be written.
    WITHHELD = "withheld"
    #: Too young to act upon: EKS's own approver, or lagging evidence, may settle it.
    WAITING = "waiting"
    LEFT = "left"
    #: Somebody else decided or deleted it first.
    OVERTAKEN = "overtaken"
    #: No time was left in this run; the next one does it.
    DEFERRED = "deferred"
    #: The API server didn't take the decision; the next run tries again.
    NOT_WRITTEN = "not-written"
    #: There is no verdict: evidence couldn't be had, or judging it failed.
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class ParsedCsr:
    """A readable CSR of the list, its request read once, and what follows from the two alone.

    `key_is_proven`: it passes its own requester, form, signature and subject checks, so its key
    counts against other requesters. `mismatched`: its certificate isn't what was approved.
    """

    csr: Csr
    request: Pkcs10 | UnreadableRequest
    identity: Identity | None
    key_is_proven: bool = False
    mismatched: bool = False
    claim: ServiceClaim | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A pending CSR past the gates with its verdict; None with a `problem` where there is none.

    `evidence_unavailable` and `deferred` tell of what kind the problem is: AWS didn't answer, or
    there was no time. Neither: it is a bug.
    """

    case: Case
    verdict: Verdict | None
    problem: str = ""
    evidence_unavailable: bool = False
    deferred: bool = False

    @classmethod
    def broken(cls, case: Case, error: Exception) -> "Judged":
        """Our own code failed on this CSR: no verdict, and the words for the bug."""
        return cls(case, None, f"this is a bug: {type(error).__name__}: {error}")


@dataclass(frozen=True, slots=True)
class Write:
    """A decision to be written: condition type `Approved` or `Denied`, and its message."""

    csr: Csr
    condition: str
    reason: str
    message: str


class WriteResult(Enum):
    """How the API server took a write."""

    WRITTEN = "written"
    OVERTAKEN = "overtaken"
    FAILED = "failed"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of a write; `detail` tells why it wasn't written."""

    result: WriteResult
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the ledger: everything that was known of one CSR, and what was done.

    `asking_seconds`: since the requester's first request that is pending and fresh, as this one.
    `due`: the decision that is due, written or not. `detail` tells why it wasn't written.
    """

    judged: Judged
    action: Action
    age_seconds: float
    asking_seconds: float
    due: Decision | None = None
    detail: str = ""


class IssueState(Enum):
    """What became of a CSR that was approved, by whomever."""

    NOT_ISSUED = "approved-not-issued"
    SIGNER_FAILED = "signer-failed"
    MISMATCH = "issued-mismatch"
    FEWER_NAMES = "issued-fewer-names"


@dataclass(frozen=True, slots=True)
class IssueFinding:
    """An approved CSR that didn't get the certificate it was approved for.

    `age_seconds`: since its approval. `judged`: of one that isn't issued, what the checks say.
    """

    csr: Csr
    request: Pkcs10 | UnreadableRequest
    state: IssueState
    detail: str
    age_seconds: float
    judged: Judged | None = None


@dataclass(frozen=True, slots=True)
class RunTotals:
    """What a run did, in numbers, including the CSRs that it didn't judge.

    `not_judged`: how many of `actions` have no record, because nothing could be due yet (`WAITING`)
    or because the run didn't reach them (`DEFERRED`). `pending`: how many still wait for a decision
    after the run. `oldest_pending_seconds`: the longest that a requester of one of these has been
    asking. `bugs`: on how many our own code failed. `without_evidence`: for how many EC2, IAM or
    the API server gave no answer.
    """

    actions: Mapping[Action, int] = field(default_factory=dict)
    not_judged: Mapping[Action, int] = field(default_factory=dict)
    due: Mapping[Decision, int] = field(default_factory=dict)
    pending: int = 0
    oldest_pending_seconds: float = 0.0
    bugs: int = 0
    without_evidence: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A finished review of one signer's CSRs in one cluster.

    `cause` says why the listing was truncated, `not_read` how many requests were not read for want
    of time: their keys and certificates are unknown. `gated` counts the pending CSRs that stopped
    at a gate, by the refusal's reason.
    """

    cluster: Cluster
    signer: str
    listed: int
    pages: int
    truncated: bool
    cause: str
    not_read: int
    unreadable: tuple[UnreadableCsr, ...]
    gated: Mapping[str, int]
    totals: RunTotals
    findings: tuple[IssueFinding, ...]
    seconds: float

    def count(self, action: Action) -> int:
        """Return how many CSRs ended with this action."""
        return self.totals.actions.get(action, 0)

    def due(self, decision: Decision) -> int:
        """Return how many CSRs had this decision due, with whatever result."""
        return self.totals.due.get(decision, 0)
