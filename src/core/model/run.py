"""One review of one cluster: the actions, their results, and the totals."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from core.model.aws import Cluster
from core.model.csr import Csr, UnreadableCsr
from core.model.evaluation import Evaluation
from core.model.request import Pkcs10, UnreadableRequest
from core.model.verdict import Decision
from core.settings import Mode


class Action(Enum):
    """What was done for one CSR, or why nothing was."""

    APPROVED = "approved"
    #: Another approver had approved it, and it wasn't issued: our own approval was written.
    REAPPROVED = "reapproved"
    DENIED = "denied"
    #: An approval or a denial is due, but the mode doesn't allow it to be written.
    WITHHELD = "withheld"
    #: Too young: EKS's own approver may decide it, or EC2's answers may lag.
    WAITING = "waiting"
    LEFT = "left"
    #: Another approver decided it first, or it was deleted.
    OVERTAKEN = "overtaken"
    #: No time was left in this run; the next one does it.
    DEFERRED = "deferred"
    #: The API server didn't accept the decision; the next run tries again.
    NOT_WRITTEN = "not-written"
    #: There is no verdict: evidence is unavailable, or our own code failed.
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Write:
    """A decision to be written: the condition's type (`Approved` or `Denied`) and its texts."""

    csr: Csr
    condition: str
    reason: str
    message: str


class WriteResult(Enum):
    """The result of a write."""

    WRITTEN = auto()
    OVERTAKEN = auto()
    FAILED = auto()
    DEFERRED = auto()


@dataclass(frozen=True, slots=True)
class Written:
    """The outcome of a write. `detail`: why it wasn't written."""

    result: WriteResult
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the ledger: everything that was known about one CSR, and what was done.

    `asking_seconds`: how long the requester has been asking, counted from its first request that is
    pending and fresh. `due`: the decision that is due, written or not. `detail`: why it wasn't
    written. `is_moved_address`: the denial that is due is most likely an honest node's, and is
    counted apart. `mode`: the cluster's.
    """

    evaluation: Evaluation
    action: Action
    age_seconds: float
    asking_seconds: float
    due: Decision | None = None
    detail: str = ""
    is_moved_address: bool = False
    mode: Mode = field(kw_only=True)


class IssueState(Enum):
    """What is wrong with an approved CSR, whichever approver approved it."""

    NOT_ISSUED = "approved-not-issued"
    SIGNER_FAILED = "signer-failed"
    MISMATCH = "issued-mismatch"
    FEWER_NAMES = "issued-fewer-names"


@dataclass(frozen=True, slots=True)
class IssueFinding:
    """An approved CSR that didn't get the certificate it was approved for.

    `age_seconds`: since its approval. `evaluation`: for one that isn't issued, the checks' result.
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
    after the run. `would_approve`: how many would be approved if the stack's mode weren't `shadow`;
    these don't count as pending. `moved_addresses`: for how many a denial is due, but is counted
    apart, because a public address has most likely left its instance. `oldest_pending_seconds`: how
    long the requester that waits longest has been asking, without requests for which no decision
    can be due, and without those whose problem another number counts. `bugs`: on how many our own
    code failed. `without_evidence`: for how many EC2, IAM or the API server gave no answer.
    """

    actions: Mapping[Action, int] = field(default_factory=dict)
    not_judged: Mapping[Action, int] = field(default_factory=dict)
    due: Mapping[Decision, int] = field(default_factory=dict)
    pending: int = 0
    would_approve: int = 0
    moved_addresses: int = 0
    oldest_pending_seconds: float = 0.0
    bugs: int = 0
    without_evidence: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """A finished review of one signer's CSRs in one cluster.

    `cause`: why the listing was truncated. `not_read`: how many requests were not read for lack of
    time; their keys and certificates are unknown. `gated`: how many pending CSRs stopped at a gate,
    by the refusal's reason. `completes`: the cluster counts as reviewed by this run. `mode`: the
    cluster's.
    """

    cluster: Cluster
    mode: Mode
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
        """Return for how many CSRs this decision was due, written or not."""
        return self.totals.due.get(decision, 0)
