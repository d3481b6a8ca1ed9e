"""Whether a cluster is reached: by the approver, and by the computer that `doctor` runs on."""

from datetime import UTC, datetime
from functools import cached_property

from adapters.aws_account import Aws
from adapters.eks import DescribedCluster
from adapters.reach import NEEDS_ADDRESS, NEEDS_SUBNETS
from adapters.retry import NoAnswer, Outcome
from cli.account.problems import hint
from cli.account.reviewer_log import REVIEWED, LastReview, last_review
from cli.account.stack import Stack
from cli.doctor.chain import Finding, Status, broken, ok, still_open, unknown
from core.errors import EvidenceUnavailable


class Way:
    """The two ways to one cluster's endpoint."""

    def __init__(self, own: Aws, cluster: DescribedCluster, stack: Stack | None) -> None:
        """`own`: the caller's account. `stack`: the approver's; None if it isn't known."""
        self._own = own
        self._cluster = cluster
        self._stack = stack

    def of_the_reviewer(self) -> Finding:
        """Return whether the reviewer reaches the endpoint: its last review shows it best.

        Raises:
            EvidenceUnavailable: its log can't be read.
        """
        if self._stack is None:
            return still_open("there is no stack to ask")
        finding = _by_settings(self._cluster, self._stack)
        if finding.status is Status.BROKEN or self._last_review is None:
            return finding
        return _by_last_review(self._last_review) or finding

    def from_here(self, outcome: Outcome) -> Finding:
        """Return whether this computer reaches the endpoint, which says little of the reviewer."""
        cluster = self._cluster
        private = cluster.private_only
        if not isinstance(outcome, NoAnswer) or outcome.cause in {"tls", "token"}:
            return ok("reachable from here" + (", by the private endpoint" if private else ""))
        problem = f"not reachable from here: {outcome.detail}"
        if private:
            detail = f"{problem}; the endpoint is private"
            return unknown(detail, "run this in the cluster's network")
        proxied = hint("ConnectTimeoutError").partition("; ")[2]
        fix = "allow your address in publicAccessCidrs and in the firewalls on the way"
        fix = "; ".join(filter(None, (fix, proxied)))
        if cluster.is_restricted:
            return unknown(f"{problem}; only {', '.join(cluster.public_cidrs)} may use it", fix)
        if self._reviewer_gets_there():
            return unknown(f"{problem}; the reviewer reaches it", fix)
        return broken(problem, fix)

    @cached_property
    def _last_review(self) -> LastReview | None:
        stack, cluster = self._stack, self._cluster.cluster
        if stack is None or not stack.reviewer_log_group:
            return None
        client, group = self._own.client("logs", stack.region), stack.reviewer_log_group
        return last_review(client, group, cluster.name, cluster.region, datetime.now(UTC))

    def _reviewer_gets_there(self) -> bool:
        try:
            last = self._last_review
        except EvidenceUnavailable:
            return False
        finding = None if last is None else _by_last_review(last)
        return finding is not None and finding.holds


def _by_last_review(last: LastReview) -> Finding | None:
    """Return what the reviewer's last line shows; None if it shows nothing about the way there."""
    when = f"(the reviewer's log, {last.time})"
    if last.message == REVIEWED:
        return ok(f"the reviewer has listed its requests {when}")
    if last.message == "cluster not onboarded":
        return ok(f"the reviewer reaches it, and is refused: {last.detail} {when}")
    if last.message == "cluster unreachable":
        return broken(f"the reviewer can't reach it: {last.detail} {when}", last.fix)
    if last.message == "cluster unavailable" and last.cause != "describe":
        fix = "see review-errors in docs/runbook.md"
        return broken(f"the reviewer's last review failed: {last.cause}: {last.detail} {when}", fix)
    return None


def _by_settings(cluster: DescribedCluster, stack: Stack) -> Finding:
    """Return what the endpoint's access and the reviewer's subnets mean without any review."""
    if cluster.private_only and not stack.subnets:
        detail = "the endpoint is private, and the reviewer runs outside any VPC"
        return broken(detail, NEEDS_SUBNETS)
    if stack.subnets:
        return still_open(f"not known before the first review, from {', '.join(stack.subnets)}")
    if cluster.is_restricted:
        allowed = ", ".join(cluster.public_cidrs)
        detail = f"only {allowed} may use the endpoint, and Lambda has no address of its own"
        return unknown(detail, NEEDS_ADDRESS)
    return ok("the endpoint is open to all addresses")
