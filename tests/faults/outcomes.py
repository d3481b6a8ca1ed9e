"""What comes of faults. Rows of the table that share an outcome are one row of the document."""

from typing import Final

from tests.faults.breaking import ONE
from tests.faults.rig import ALL, PAGE
from tests.faults.row import Outcome, Retry, healthy

_NONE: Final = ()
_FIRST_PAGE: Final = ALL[:PAGE]
_ALL_BUT_ONE: Final = tuple(name for name in ALL if name != ONE)
DENIAL: Final = ALL[-1]

_WAITED: Final = {"OldestPendingSeconds": 420}

UNSEEN = Outcome(
    decided=ALL,
    metrics=healthy(),
    message="cluster reviewed",
    retry=Retry.IN_THE_RUN,
    sees="Nothing: the run ends as any other.",
)


def _unavailable(cause: str, retry: Retry, sees: str, tries: int | None = None) -> Outcome:
    """The cluster's CSRs couldn't be listed."""
    return Outcome(
        decided=_NONE,
        metrics={"ReviewErrors": 1},
        message="cluster unavailable",
        fields={"cause": cause},
        retry=retry,
        sees=sees,
        alarms=("review-errors", "reviews-missing"),
        tries=tries,
    )


def _not_onboarded(cause: str, tries: int | None, retry: Retry, sees: str) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"NotOnboarded": 1},
        message="cluster not onboarded",
        fields={"cause": cause},
        retry=retry,
        sees=sees,
        alarms=("shut-out",),
        tries=tries,
    )


def truncated(retry: Retry, tries: int | None = None, sees: str = "") -> Outcome:
    """What was read before is judged."""
    return Outcome(
        decided=_FIRST_PAGE,
        metrics={"Completed": 1, "Approved": len(_FIRST_PAGE), "ListTruncated": 1},
        message="cluster reviewed",
        fields={"truncated": True},
        retry=retry,
        sees=sees
        or "The CSRs of the first page are decided; who is on a later one waits, and"
        " `truncation_cause` says why.",
        alarms=("list-truncated",),
        tries=tries,
    )


def one_not_written(retry: Retry, tries: int | None = None) -> Outcome:
    return Outcome(
        decided=_ALL_BUT_ONE,
        metrics=healthy(Approved=4, ReviewErrors=1, Pending=1) | _WAITED,
        message="csr reviewed",
        fields={"csr": ONE, "verdict": "approve", "action": "not-written"},
        retry=retry,
        sees="That one node waits; all others are decided. `detail` says what the API server said.",
        alarms=("review-errors", "oldest-pending"),
        tries=tries,
    )


def _none_written(retry: Retry) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"Completed": 1, "Denied": 1, "ReviewErrors": 6, "Pending": 6} | _WAITED,
        message="csr reviewed",
        fields={"csr": ONE, "verdict": "approve", "action": "not-written"},
        retry=retry,
        sees="Every CSR is judged and none is decided: `detail` says how the connection failed.",
        alarms=("review-errors", "oldest-pending"),
    )


def _blind(retry: Retry, tries: int) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"Completed": 1, "EvidenceUnavailable": 6, "Pending": 6} | _WAITED,
        message="csr reviewed",
        fields={"csr": ONE, "verdict": None, "action": "undecided"},
        retry=retry,
        sees="Every CSR waits without a verdict; `problem` names the call and AWS's code.",
        alarms=("evidence-unavailable", "oldest-pending"),
        tries=tries,
    )


def role_unknown(retry: Retry, tries: int | None, unanswered: int = 6) -> Outcome:
    more = {"EvidenceUnavailable": unanswered} if unanswered else {}
    blind = ("evidence-unavailable",) if unanswered else ()
    return Outcome(
        decided=(DENIAL,),
        metrics={"Completed": 1, "Denied": 1, "Left": 5, "Pending": 5} | more | _WAITED,
        message="csr reviewed",
        fields={"csr": ONE, "verdict": "leave", "action": "left"},
        retry=retry,
        sees="Nothing is approved; what EC2 alone disproves is denied. `role_unknown` says why.",
        alarms=(*blind, "oldest-pending"),
        tries=tries,
    )


def _not_listed(tries: int) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"DispatchErrors": 1},
        message="dispatch failed",
        retry=Retry.NEXT_MINUTE if tries == 1 else Retry.BOTH,
        sees="No cluster of that Region is reviewed, those of others are; `problem` names both.",
        alarms=("dispatcher-errors",),
        tries=tries,
    )


def _not_sent(tries: int) -> Outcome:
    return Outcome(
        decided=_NONE,
        metrics={"Expected": 1, "DispatchErrors": 1},
        message="dispatch failed",
        retry=Retry.NEXT_MINUTE if tries == 1 else Retry.BOTH,
        sees="The cluster is not reviewed in this minute, and its review is missed.",
        alarms=("dispatcher-errors", "reviews-missing"),
        tries=tries,
    )


ASSIGNED = Outcome(
    decided=ALL,
    metrics=healthy(Expected=1),
    message="clusters dispatched",
    fields={"expected": 1},
    retry=Retry.NOT_NEEDED,
    sees="Nothing: the cluster is assigned undescribed, and the reviewer describes it itself.",
)

REVIEWED_TWICE = Outcome(
    decided=ALL,
    metrics=healthy(Completed=2),
    message="cluster reviewed",
    fields={"listed": 6},
    retry=Retry.NOT_NEEDED,
    sees="Two reviews; the second finds everything decided and writes nothing.",
)


def lagging(leaves: str) -> Outcome:
    return Outcome(
        decided=tuple(name for name in ALL if name != ONE),
        metrics=healthy(Approved=4, Left=1, Pending=1) | _WAITED,
        message="csr reviewed",
        fields={"csr": ONE, "verdict": "leave", "action": "left"},
        retry=Retry.NEXT_MINUTE,
        sees=f"That one node waits: {leaves}.",
        alarms=("oldest-pending",),
    )


_AGAIN = Retry.NEXT_MINUTE
_BOTH = Retry.BOTH

STATUS = _unavailable(
    "status",
    _BOTH,
    "Its CSRs wait; the other clusters are served. `detail` has the status and the server's words.",
    tries=4,
)
STATUS_ONCE = _unavailable(
    "status",
    _AGAIN,
    "Its CSRs wait. `detail` has the status: whatever answers there is no API server of ours.",
    tries=1,
)
CONNECTION = _unavailable(
    "connection",
    _BOTH,
    "Its CSRs wait. The network, a security group, a private endpoint, or the API server is down.",
)
TLS = _unavailable(
    "tls",
    _AGAIN,
    "Its CSRs wait; no token was sent. The endpoint's certificate isn't of the CA that EKS tells.",
)
ANSWER = _unavailable(
    "answer", _AGAIN, "Its CSRs wait. What answers 200 isn't a list of CSRs.", tries=1
)
DESCRIBE = _unavailable(
    "describe",
    _AGAIN,
    "Its CSRs wait, and the cluster isn't contacted. `detail` has AWS's code.",
    tries=1,
)
DESCRIBE_TWICE = _unavailable(
    "describe",
    _BOTH,
    "Its CSRs wait, and the cluster isn't contacted. `detail` has AWS's code.",
    tries=2,
)
TOKEN = _unavailable("token", _AGAIN, "Its CSRs wait: the function's own credentials have run out.")
UNAUTHORIZED = _not_onboarded(
    "unauthorized",
    2,
    _BOTH,
    "The cluster knows us not, or no more: no access entry, or credentials that STS refuses. Of one"
    " cluster alone it is no alarm.",
)
FORBIDDEN = _not_onboarded(
    "forbidden",
    4,
    _BOTH,
    "The cluster allows us nothing: `deploy/rbac.yaml` isn't applied. Of one cluster alone it is no"
    " alarm.",
)
CUT_SHORT = truncated(_BOTH, 4)
CUT_SHORT_ONCE = truncated(_AGAIN, 1)
CUT_SHORT_LATE = truncated(_AGAIN)
ONE_WAITS = one_not_written(_BOTH, 4)
ONE_WAITS_ONCE = one_not_written(_AGAIN, 1)
UNWRITTEN = _none_written(_BOTH)
UNWRITTEN_ONCE = _none_written(_AGAIN)
BLIND = _blind(_BOTH, 2)
BLIND_ONCE = _blind(_AGAIN, 1)
ROLE = role_unknown(_BOTH, 2)
ROLE_ONCE = role_unknown(_AGAIN, 1)
NOT_LISTED, NOT_LISTED_ONCE = _not_listed(2), _not_listed(1)
NOT_SENT, NOT_SENT_ONCE = _not_sent(2), _not_sent(1)


DROPPED = _unavailable(
    "connection",
    _BOTH,
    "Its CSRs wait. Something in between, or the API server, hangs up.",
    tries=4,
)
TOO_SLOW = _unavailable(
    "time",
    _AGAIN,
    "Its CSRs wait. The API server answers too slowly to be listed in 25 s.",
    tries=1,
)
NOT_DESCRIBED = _unavailable(
    "describe", _AGAIN, "Its CSRs wait, as those of all clusters: the function has no credentials."
)
REFUSED_BY_STS = _not_onboarded(
    "unauthorized",
    None,
    _BOTH,
    "All clusters at once say that they know us not: look at the function's role first.",
)
GONE_MIDWAY = Outcome(
    decided=_NONE,
    metrics={"Completed": 1, "Pending": 4, "ReviewErrors": 4, "ListTruncated": 1} | _WAITED,
    message="cluster reviewed",
    fields={"truncated": True},
    retry=Retry.BOTH,
    sees="The CSRs of the first page are judged, and can't be written either.",
    alarms=("review-errors", "oldest-pending", "list-truncated"),
)
CUT_SHORT_TWICE = truncated(_BOTH, 2)
ONE_WAITS_TWICE = one_not_written(_BOTH, 2)
LAGGING = lagging("EC2 doesn't show what it needs yet, and `refusals` name the check")

ASSIGNED_LATE = Outcome(
    decided=ALL,
    metrics=healthy(Expected=1),
    message="clusters dispatched",
    fields={"expected": 1},
    retry=Retry.IN_THE_RUN,
    sees="Nothing: the run ends as any other.",
)
SENT_TWICE = Outcome(
    decided=ALL,
    metrics=healthy(Expected=1, Completed=2),
    message="cluster reviewed",
    fields={"listed": 6},
    retry=Retry.IN_THE_RUN,
    sees="Two messages and two reviews; the second finds everything decided.",
)
SENT_UNHEARD = Outcome(
    decided=ALL,
    metrics=healthy(Expected=1, Completed=2, DispatchErrors=1),
    message="dispatch failed",
    retry=Retry.BOTH,
    sees="The cluster is reviewed (twice), though the dispatcher says that it was not assigned.",
    alarms=("dispatcher-errors",),
    tries=2,
)
KILLED = Outcome(
    decided=_NONE,
    metrics={},
    message="",
    retry=Retry.DLQ,
    sees="Lambda's own report of the time-out or of the memory; nothing of ours.",
    alarms=("reviews-missing", "reviewer-errors", "dead-letters"),
)
POISONED = Outcome(
    decided=_NONE,
    metrics={},
    message="",
    retry=Retry.DLQ,
    sees="The message in the DLQ, and Lambda's own line with the field that is wrong.",
    alarms=("reviews-missing", "reviewer-errors", "dead-letters"),
)
NO_TIME = Outcome(
    decided=_NONE,
    metrics={"Completed": 1, "Pending": 6, "ListTruncated": 1} | _WAITED,
    message="cluster reviewed",
    fields={"not_judged": {"deferred": 6}, "not_read": 6},
    retry=Retry.NEXT_MINUTE,
    sees="Every CSR is deferred, and counted: what can't be asked in time isn't guessed.",
    alarms=("oldest-pending", "list-truncated"),
)
SKIPPED = Outcome(
    decided=ALL,
    metrics=healthy(Completed=2),
    message="cluster skipped",
    retry=Retry.NOT_NEEDED,
    sees="The other cluster is not contacted; ours is reviewed as ever.",
)
KEPT = Outcome(
    decided=ALL,
    metrics=healthy(),
    message="cluster reviewed",
    retry=Retry.NOT_NEEDED,
    sees="Nothing: what AWS said less than 15 minutes ago is believed.",
    tries=0,
)
DELETED = Outcome(
    decided=_NONE,
    metrics={"Completed": 1},
    message="cluster skipped",
    fields={"reason": "EKS knows no such cluster"},
    retry=Retry.NEXT_MINUTE,
    sees="The cluster is skipped, and no longer assigned: the dispatcher asks EKS too.",
    quiet="none: there is nothing to review any more",
    tries=1,
)
ADDRESS_LAGS = Outcome(
    decided=_ALL_BUT_ONE,
    metrics=healthy(Approved=4, Waiting=1, Pending=1, OldestPendingSeconds=120),
    message="csr reviewed",
    fields={"csr": ONE, "verdict": "deny", "action": "waiting"},
    retry=Retry.NEXT_MINUTE,
    sees="The denial waits until the CSR is six minutes old, and is judged anew each minute.",
    contradicts=True,
    quiet="none while it waits; `denied` once it is denied",
)
NO_ROLE = role_unknown(_AGAIN, None, unanswered=0)
APPROVED_UNHEARD = Outcome(
    decided=ALL,
    metrics=healthy(Approved=4, Pending=1) | _WAITED,
    message="csr reviewed",
    fields={"csr": ONE, "verdict": "approve", "action": "overtaken"},
    retry=Retry.IN_THE_RUN,
    sees="The approval is in the cluster and counts here as somebody else's.",
)
DENIED_UNHEARD = Outcome(
    decided=ALL,
    metrics=healthy(Pending=1) | _WAITED,
    message="csr reviewed",
    fields={"csr": DENIAL, "verdict": "deny", "action": "overtaken"},
    retry=Retry.IN_THE_RUN,
    sees="The denial is in the cluster, is counted, and rings like any other.",
)
WRITTEN_UNTOLD = Outcome(
    decided=ALL,
    metrics=healthy(Approved=4, ReviewErrors=1, Pending=1) | _WAITED,
    message="csr reviewed",
    fields={"csr": ONE, "verdict": "approve", "action": "not-written"},
    retry=Retry.BOTH,
    sees="It is told as not written; the next run finds it decided, and is silent.",
    alarms=("review-errors",),
    tries=4,
)
OVERTAKEN = Outcome(
    decided=_ALL_BUT_ONE,
    metrics=healthy(Approved=4, Pending=1) | _WAITED,
    message="csr reviewed",
    fields={"csr": ONE, "verdict": "approve", "action": "overtaken"},
    retry=Retry.NEXT_MINUTE,
    sees="Somebody was there first. A CSR that is overtaken again and again is told as waiting.",
    alarms=("oldest-pending",),
    tries=1,
)
DEFERRED = Outcome(
    decided=ALL[:2],
    metrics={"Completed": 1, "Approved": 1, "Denied": 1, "Pending": 5} | _WAITED,
    message="csr reviewed",
    fields={"csr": ONE, "verdict": "approve", "action": "deferred"},
    retry=Retry.NEXT_MINUTE,
    sees="What is left of the run's decisions is deferred to the next.",
    alarms=("oldest-pending",),
    tries=1,
)
