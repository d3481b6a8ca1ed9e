"""One review of one cluster: what was planned, what came of it, and the sums."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from core.model.aws import Cluster
from core.model.csr import Csr, UnreadableCsr
from core.model.evaluation import Evaluation
from core.model.request import Pkcs10, UnreadableRequest
from core.model.verdict import Decision


class Action(Enum):
    """What was, or was not, done for one CSR."""

    APPROVED = "approved"
    #: Approved by another approver before, and not issued: the approval was written again, as ours.
    REAPPROVED = "reapproved"
    DENIED = "denied"
    #: Approve or deny is due, but the mode doesn't let it be written.
    WITHHELD = "withheld"
    #: Too young to act upon: EKS's own approver, or lagging evidence, may settle it.
    WAITING = "waiting"
    LEFT = "left"
    #: Another approver decided it, or someone deleted it, first.
    OVERTAKEN = "overtaken"
    #: No time was left in this run; the next one does it.
    DEFERRED = "deferred"
    #: The API server didn't take the decision; the next run tries again.
    NOT_WRITTEN = "not-written"
    #: There is no verdict: evidence couldn't be had, or judging it failed.
    UNDECIDED = "undecided"


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
    """The outcome of a write; `detail` says why it wasn't written."""

    result: WriteResult
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the ledger: everything that was known of one CSR, and what was done.

    `asking_seconds`: since the requester's first request that is pending and fresh, as this one.
    `due`: the decision that is due, written or not. `detail` says why it wasn't written.
    """

    evaluation: Evaluation
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

    `age_seconds`: since its approval. `evaluation`: of one that isn't issued, what the checks say.
    """

    csr: Csr
    request: Pkcs10 | UnreadableRequest
    state: IssueState
    detail: str
    age_seconds: float
    evaluation: Evaluation | None = None


@dataclass(frozen=True, slots=True)
class RunTotals:
    """What a run did, in numbers, including the CSRs that it didn't judge.

    `not_judged`: how many of `actions` have no record, because nothing could be due yet (`WAITING`)
    or because the run didn't reach them (`DEFERRED`). `pending`: how many still wait for a decision
    after the run. `would_approve`: how many only the mode `shadow` kept from being approved; they
    are not pending. `oldest_pending_seconds`: the longest that a requester of one of these has been
    asking. `bugs`: on how many our own code failed. `without_evidence`: for how many EC2, IAM or
    the API server gave no answer.
    """

    actions: Mapping[Action, int] = field(default_factory=dict)
    not_judged: Mapping[Action, int] = field(default_factory=dict)
    due: Mapping[Decision, int] = field(default_factory=dict)
    pending: int = 0
    would_approve: int = 0
    oldest_pending_seconds: float = 0.0
    bugs: int = 0
    without_evidence: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A finished review of one signer's CSRs in one cluster.

    `cause` says why the listing was truncated, `not_read` how many requests were not read for
    lack of time: their keys and certificates are unknown. `gated` counts the pending CSRs that
    stopped at a gate, by the refusal's reason. `completes`: the cluster counts as reviewed by this
    run.
    """

    cluster: Cluster
    signer: str
    completes: bool
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
