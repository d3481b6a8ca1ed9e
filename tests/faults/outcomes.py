"""The outcomes of faults. Rows of the table that share an outcome are one row of the document."""

from typing import Final

from tests.faults.breaking import FAULTY_CSR
from tests.faults.rig import CSR_NAMES, PAGE
from tests.faults.row import Outcome, Retry, healthy

_NONE: Final = ()
_FIRST_PAGE: Final = CSR_NAMES[:PAGE]
_ALL_BUT_ONE: Final = tuple(name for name in CSR_NAMES if name != FAULTY_CSR)
DENIAL: Final = CSR_NAMES[-1]

_WAITED: Final = {"OldestPendingSeconds": 420}

UNSEEN = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(),
    message="cluster reviewed",
    retry=Retry.IN_THE_RUN,
    sees="Nothing: the run ends normally.",
)


def _unavailable(cause: str, retry: Retry, sees: str, tries: int | None = None) -> Outcome:
    """Return the outcome of a cluster whose CSRs can't be listed.

    A cluster that EKS didn't describe has no metrics of its own.
    """
    described = cause != "describe"
    return Outcome(
        decided=_NONE,
        metrics={"Failed": 1, "ReviewErrors" if described else "EvidenceUnavailable": 1},
        message="cluster unavailable",
        fields={"cause": cause},
        retry=retry,
        sees=sees,
        alarms=("review-errors" if described else "evidence-unavailable",),
        tries=tries,
    )


def _not_onboarded(
    cause: str, tries: int | None, retry: Retry, sees: str, *, listed_before: bool = False
) -> Outcome:
    """Return the outcome of a cluster that refuses us: an error if it was listed before."""
    return Outcome(
        decided=_NONE,
        metrics={"NotOnboarded": 1},
        required=listed_before,
        message="cluster not onboarded",
        fields={"cause": cause},
        retry=retry,
        sees=sees,
        alarms=("stack-shut-out", "shut-out") if listed_before else ("stack-shut-out",),
        tries=tries,
    )


def truncated(retry: Retry, tries: int | None = None, sees: str = "") -> Outcome:
    """Return the outcome of a list that ends early: CSRs that were read are judged."""
    return Outcome(
        decided=_FIRST_PAGE,
        metrics={"Completed": 1, "Approved": len(_FIRST_PAGE), "ListTruncated": 1},
        message="cluster reviewed",
        fields={"truncated": True},
        retry=retry,
        sees=sees
        or "The CSRs of the first page are decided; those of later pages wait, and"
        " `truncation_cause` says why.",
        alarms=("list-truncated",),
        tries=tries,
    )


def one_not_written(retry: Retry, tries: int | None = None) -> Outcome:
    return Outcome(
        decided=_ALL_BUT_ONE,
        metrics=healthy(Approved=4, ReviewErrors=1, Pending=1),
        message="csr reviewed",
        fields={"csr": FAULTY_CSR, "verdict": "approve", "action": "not-written"},
        retry=retry,
        sees="That one node waits; all others are decided. `detail` has the API server's answer.",
        alarms=("review-errors",),
        tries=tries,
    )


def _none_written(retry: Retry) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"Completed": 1, "Denied": 1, "ReviewErrors": 6, "Pending": 6},
        message="csr reviewed",
        fields={"csr": FAULTY_CSR, "verdict": "approve", "action": "not-written"},
        retry=retry,
        sees="Every CSR is judged and none is decided: `detail` has the connection's error.",
        alarms=("review-errors",),
    )


def _no_evidence(retry: Retry, tries: int) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"Completed": 1, "EvidenceUnavailable": 6, "Pending": 6},
        message="csr reviewed",
        fields={"csr": FAULTY_CSR, "verdict": None, "action": "undecided"},
        retry=retry,
        sees="Every CSR waits without a verdict; `problem` names the call and AWS's code.",
        alarms=("evidence-unavailable",),
        tries=tries,
    )


def role_unknown(retry: Retry, tries: int | None, unanswered: int = 6) -> Outcome:
    more = {"EvidenceUnavailable": unanswered} if unanswered else _WAITED
    return Outcome(
        decided=_NONE,
        metrics={"Completed": 1, "Left": 6, "Pending": 6} | more,
        message="csr reviewed",
        fields={"csr": FAULTY_CSR, "verdict": "leave", "action": "left"},
        retry=retry,
        sees="Nothing is approved, and nothing denied for its names. `role_unknown` says why.",
        alarms=("evidence-unavailable" if unanswered else "oldest-pending",),
        tries=tries,
    )


def _not_listed(tries: int) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"DispatchErrors": 1},
        message="dispatch failed",
        retry=Retry.NEXT_MINUTE if tries == 1 else Retry.BOTH,
        sees="Only clusters of other Regions are reviewed; `problem` has the call and AWS's code.",
        alarms=("dispatcher-errors",),
        tries=tries,
    )


def _not_sent(tries: int) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"DispatchErrors": 1},
        message="dispatch failed",
        retry=Retry.NEXT_MINUTE if tries == 1 else Retry.BOTH,
        sees="The cluster is not reviewed in this minute.",
        alarms=("dispatcher-errors",),
        tries=tries,
    )


ASSIGNED = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(),
    message="clusters dispatched",
    fields={"expected": 1},
    retry=Retry.NOT_NEEDED,
    sees="Nothing: the cluster is assigned all the same, and the reviewer describes it itself.",
)

REVIEWED_TWICE = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(Completed=2),
    message="cluster reviewed",
    fields={"listed": 6},
    retry=Retry.NOT_NEEDED,
    sees="Two reviews; the second finds everything decided and writes nothing.",
)


def lagging(leaves: str) -> Outcome:
    return Outcome(
        decided=tuple(name for name in CSR_NAMES if name != FAULTY_CSR),
        metrics=healthy(Approved=4, Left=1, Pending=1) | _WAITED,
        message="csr reviewed",
        fields={"csr": FAULTY_CSR, "verdict": "leave", "action": "left"},
        retry=Retry.NEXT_MINUTE,
        sees=f"That one node waits: {leaves}.",
        alarms=("oldest-pending",),
    )


_NEXT_MINUTE = Retry.NEXT_MINUTE
_BOTH = Retry.BOTH

STATUS = _unavailable(
    "status",
    _BOTH,
    "Its CSRs wait; the other clusters are served. `detail` has the status and message.",
    tries=4,
)
STATUS_ONCE = _unavailable(
    "status",
    _NEXT_MINUTE,
    "Its CSRs wait. `detail` has the status: what answers isn't the cluster's API server.",
    tries=1,
)
CONNECTION = _unavailable(
    "connection",
    _BOTH,
    "Its CSRs wait. Check the network, security groups, the endpoint's access, the API server.",
)
TLS = _unavailable(
    "tls",
    _NEXT_MINUTE,
    "Its CSRs wait; no token was sent. The endpoint's certificate isn't of the CA that EKS has.",
)
ANSWER = _unavailable(
    "answer", _NEXT_MINUTE, "Its CSRs wait. What answers 200 isn't a list of CSRs.", tries=1
)
DESCRIBE = _unavailable(
    "describe",
    _NEXT_MINUTE,
    "Its CSRs wait, and the cluster isn't contacted. `detail` has AWS's code.",
    tries=1,
)
DESCRIBE_TWICE = _unavailable(
    "describe",
    _BOTH,
    "Its CSRs wait, and the cluster isn't contacted. `detail` has AWS's code.",
    tries=2,
)
TOKEN = _unavailable(
    "token", _NEXT_MINUTE, "Its CSRs wait: the function's own credentials expired."
)
UNAUTHORIZED = _not_onboarded(
    "unauthorized",
    2,
    _BOTH,
    "The cluster rejects our credentials: no access entry, or STS refuses them. For one cluster"
    " alone no alarm fires.",
)
FORBIDDEN = _not_onboarded(
    "forbidden",
    4,
    _BOTH,
    "The cluster grants us no rights: `deploy/rbac.yaml` isn't applied. For one cluster alone no"
    " alarm fires.",
)
CUT_SHORT = truncated(_BOTH, 4)
CUT_SHORT_ONCE = truncated(_NEXT_MINUTE, 1)
CUT_SHORT_LATE = truncated(_NEXT_MINUTE)
ONE_WAITS = one_not_written(_BOTH, 4)
ONE_WAITS_ONCE = one_not_written(_NEXT_MINUTE, 1)
UNWRITTEN = _none_written(_BOTH)
UNWRITTEN_ONCE = _none_written(_NEXT_MINUTE)
NO_EVIDENCE = _no_evidence(_BOTH, 2)
NO_EVIDENCE_ONCE = _no_evidence(_NEXT_MINUTE, 1)
ROLE = role_unknown(_BOTH, 2)
ROLE_ONCE = role_unknown(_NEXT_MINUTE, 1)
NOT_LISTED, NOT_LISTED_ONCE = _not_listed(2), _not_listed(1)
NOT_SENT, NOT_SENT_ONCE = _not_sent(2), _not_sent(1)


DROPPED = _unavailable(
    "connection",
    _BOTH,
    "Its CSRs wait. The API server, or something in between, closes the connection.",
    tries=4,
)
TOO_SLOW = _unavailable(
    "time",
    _NEXT_MINUTE,
    "Its CSRs wait. The API server is too slow to list them in 25 s.",
    tries=1,
)
NOT_DESCRIBED = _unavailable(
    "describe", _NEXT_MINUTE, "The CSRs of all clusters wait: the function has no credentials."
)
REFUSED_BY_STS = _not_onboarded(
    "unauthorized",
    None,
    _BOTH,
    "All clusters reject our credentials at once: check the function's role first.",
    listed_before=True,
)
GONE_MIDWAY = Outcome(
    decided=_NONE,
    metrics={"Completed": 1, "Pending": 4, "ReviewErrors": 4, "ListTruncated": 1},
    message="cluster reviewed",
    fields={"truncated": True},
    retry=Retry.BOTH,
    sees="The CSRs of the first page are judged, but can't be written either.",
    alarms=("review-errors", "list-truncated"),
)
CUT_SHORT_TWICE = truncated(_BOTH, 2)
ONE_WAITS_TWICE = one_not_written(_BOTH, 2)
LAGGING = lagging("EC2 doesn't show the evidence yet, and `refusals` name the check")

ASSIGNED_LATE = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(),
    message="clusters dispatched",
    fields={"expected": 1},
    retry=Retry.IN_THE_RUN,
    sees="Nothing: the run ends normally.",
)
SENT_TWICE = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(Completed=2),
    message="cluster reviewed",
    fields={"listed": 6},
    retry=Retry.IN_THE_RUN,
    sees="Two messages and two reviews; the second finds everything decided.",
)
SENT_UNCONFIRMED = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(Completed=2, DispatchErrors=1),
    message="dispatch failed",
    retry=Retry.BOTH,
    sees="The cluster is reviewed (twice), although the dispatcher reports it as not assigned.",
    alarms=("dispatcher-errors",),
    tries=2,
)
KILLED = Outcome(
    decided=_NONE,
    metrics={},
    message="",
    retry=Retry.DLQ,
    sees="Lambda's own report of the time-out or the memory; no line of the approver.",
    alarms=("reviewer-errors", "dead-letters"),
)
POISONED = Outcome(
    decided=_NONE,
    metrics={},
    message="",
    retry=Retry.DLQ,
    sees="The message is in the DLQ, and Lambda's own line names the wrong field.",
    alarms=("reviewer-errors", "dead-letters"),
)
NO_TIME = Outcome(
    decided=_NONE,
    metrics={"Completed": 1, "Pending": 6, "ListTruncated": 1} | _WAITED,
    message="cluster reviewed",
    fields={"not_judged": {"deferred": 6}, "not_read": 6},
    retry=Retry.NEXT_MINUTE,
    sees="Every CSR is deferred and counted: without time for evidence nothing is decided.",
    alarms=("oldest-pending", "list-truncated"),
)
SKIPPED = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(Skipped=1),
    message="cluster skipped",
    retry=Retry.NOT_NEEDED,
    sees="The other cluster is not contacted; ours is reviewed normally.",
)
CACHED = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(),
    message="cluster reviewed",
    retry=Retry.NOT_NEEDED,
    sees="Nothing: AWS's answer is cached for 15 minutes.",
    tries=0,
)
DELETED = Outcome(
    decided=_NONE,
    metrics={"Skipped": 1},
    message="cluster skipped",
    fields={"reason": "EKS has no such cluster"},
    retry=Retry.NEXT_MINUTE,
    sees="The cluster is skipped, and the dispatcher no longer assigns it.",
    quiet="none: nothing is left to review",
    tries=1,
)
ADDRESS_LAGS = Outcome(
    decided=_ALL_BUT_ONE,
    metrics=healthy(Approved=4, Waiting=1, Pending=1, OldestPendingSeconds=120),
    message="csr reviewed",
    fields={"csr": FAULTY_CSR, "verdict": "deny", "action": "waiting"},
    retry=Retry.NEXT_MINUTE,
    sees="The CSR is judged again each minute, and denied only when it is six minutes old.",
    contradicts=True,
    quiet="none while it waits; `denied` once it is denied",
)
NO_ROLE = role_unknown(_NEXT_MINUTE, None, unanswered=0)
APPROVED_UNCONFIRMED = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(Approved=4, Pending=1) | _WAITED,
    message="csr reviewed",
    fields={"csr": FAULTY_CSR, "verdict": "approve", "action": "overtaken"},
    retry=Retry.IN_THE_RUN,
    sees="The approval is stored, and counts here as another approver's.",
)
DENIED_UNCONFIRMED = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(Pending=1),
    message="csr reviewed",
    fields={"csr": DENIAL, "verdict": "deny", "action": "overtaken"},
    retry=Retry.IN_THE_RUN,
    sees="The denial is stored and counted, and its alarm fires as usual.",
)
WRITTEN_UNCONFIRMED = Outcome(
    decided=CSR_NAMES,
    metrics=healthy(Approved=4, ReviewErrors=1, Pending=1),
    message="csr reviewed",
    fields={"csr": FAULTY_CSR, "verdict": "approve", "action": "not-written"},
    retry=Retry.BOTH,
    sees="It is logged as not written; the next run finds it decided, and logs nothing.",
    alarms=("review-errors",),
    tries=4,
)
OVERTAKEN = Outcome(
    decided=_ALL_BUT_ONE,
    metrics=healthy(Approved=4, Pending=1) | _WAITED,
    message="csr reviewed",
    fields={"csr": FAULTY_CSR, "verdict": "approve", "action": "overtaken"},
    retry=Retry.NEXT_MINUTE,
    sees="Another client wrote first. A CSR that stays overtaken counts as waiting.",
    alarms=("oldest-pending",),
    tries=1,
)
DEFERRED = Outcome(
    decided=CSR_NAMES[:2],
    metrics={"Completed": 1, "Approved": 1, "Denied": 1, "Pending": 5} | _WAITED,
    message="csr reviewed",
    fields={"csr": FAULTY_CSR, "verdict": "approve", "action": "deferred"},
    retry=Retry.NEXT_MINUTE,
    sees="The rest of the run's decisions is deferred to the next run.",
    alarms=("oldest-pending",),
    tries=1,
)
